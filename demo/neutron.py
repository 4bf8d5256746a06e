"""Neutron: the API, its RPC server, and the agents that wire the ports.

Called by ``cloud`` and ``cleaning``.  The API runs as the unprivileged user,
the agents as root.
"""

from demo import commands
from demo import directory as directories
from demo import environment
from demo import ports
from demo import processes
from demo import schema
from demo import switch
from demo import uwsgi

_SERVERS = ('neutron-rpc-server', 'neutron-periodic-workers')

#: agent → its configuration besides neutron.conf.
AGENTS = {'neutron-openvswitch-agent': 'openvswitch_agent.ini',
          'neutron-dhcp-agent': 'interface_agent.ini',
          'neutron-l3-agent': 'interface_agent.ini',
          'neutron-metadata-agent': 'metadata_agent.ini'}


def prepare(directory: directories.Directory) -> None:
    """Make the state directory and the schema."""
    state = directory.own(directory.data / 'neutron', 0o755)
    directory.own(state / 'lock')
    etc = directory.etc / 'neutron'
    schema.synchronise(directory, 'neutron', [
        ('neutron-db-manage', '--config-file', str(etc / 'neutron.conf'),
         '--config-file', str(etc / 'ml2_conf.ini'), 'upgrade', 'heads')])


def start_servers(directory: directories.Directory,
                  supervisor: processes.Supervisor) -> None:
    """Serve the API, and the RPC that the agents speak."""
    etc = directory.etc / 'neutron'
    configs = (etc / 'neutron.conf', etc / 'ml2_conf.ini')
    supervisor.start(uwsgi.process(
        directory, 'neutron-api', 'neutron.wsgi.api', ports.NEUTRON,
        {'OS_NEUTRON_CONFIG_DIR': str(etc),
         'OS_NEUTRON_CONFIG_FILES': 'neutron.conf;ml2_conf.ini'}, configs))
    for name in _SERVERS:
        _start(directory, supervisor, name,
               tuple(path.name for path in configs), directories.USER)
    supervisor.wait_ready('neutron-api', lambda: ports.answers(ports.NEUTRON))


def start_agents(directory: directories.Directory,
                 supervisor: processes.Supervisor) -> None:
    """Start the agents; that they report is for ``readiness`` to see."""
    (directory.run / 'neutron-agents').mkdir(exist_ok=True)
    for name, config in AGENTS.items():
        _start(directory, supervisor, name, ('neutron.conf', config), None)


def _start(directory: directories.Directory,
           supervisor: processes.Supervisor, name: str,
           configs: tuple[str, ...], user: str | None) -> None:
    paths = [directory.etc / 'neutron' / config for config in configs]
    argv = [directory.tool(name)]
    for path in paths:
        argv += ['--config-file', str(path)]
    supervisor.start(processes.Process(
        name, tuple(argv),
        commands.clean_environment(directory.home, directory.venv / 'bin',
                                   **switch.environment(directory)),
        user, (*paths, environment.openstack_stamp(directory))))
