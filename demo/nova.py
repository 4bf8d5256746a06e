"""Nova: APIs, conductor, scheduler, console proxy, compute service.

Called by ``cloud``.  nova-compute runs as the unprivileged user, reads no
database password, and reaches root only through sudo and nova-rootwrap.
"""

from demo import commands
from demo import configs
from demo import databases
from demo import directory as directories
from demo import environment
from demo import messaging
from demo import ports
from demo import processes
from demo import schema
from demo import switch
from demo import uwsgi
from demo import waiting

#: Daemons in the order in which they are started.
CONTROLLERS = ('nova-conductor', 'nova-scheduler')


def prepare(directory: directories.Directory) -> None:
    """Make the state directory, the schemas, and the cells."""
    state = directory.own(directory.data / 'nova')
    directory.own(state / 'lock')
    etc = directory.etc / 'nova'
    manage = ('nova-manage', '--config-file', str(etc / 'nova.conf'),
              '--config-file', str(etc / 'nova-controller.conf'))
    schema.synchronise(directory, 'nova', [
        (*manage, 'api_db', 'sync'),
        # Its database is the cell's with "_cell0" appended.
        (*manage, 'cell_v2', 'map_cell0'),
        (*manage, 'db', 'sync')])
    if not databases.holds(directory, "SELECT 1 FROM nova_api.cell_mappings "
                                      "WHERE name = 'cell1'"):
        schema.synchronise(directory, 'nova-cell', [
            (*manage, 'cell_v2', 'create_cell', '--name', 'cell1')])


def start_controllers(directory: directories.Directory,
                      supervisor: processes.Supervisor) -> None:
    """Start the conductor and the scheduler."""
    for name in CONTROLLERS:
        _start_controller(directory, supervisor, name)


def _start_controller(directory: directories.Directory,
                      supervisor: processes.Supervisor, name: str) -> None:
    """Start a daemon that has access to the databases."""
    etc = directory.etc / 'nova'
    files = (etc / 'nova.conf', etc / 'nova-controller.conf')
    supervisor.start(processes.Process(
        name,
        (directory.tool(name), '--config-file', str(files[0]),
         '--config-file', str(files[1])),
        commands.clean_environment(directory.home, directory.venv / 'bin'),
        directories.USER,
        (*files, environment.openstack_stamp(directory))))


def start_api(directory: directories.Directory,
              supervisor: processes.Supervisor, name: str, module: str,
              port: int) -> None:
    """Serve the compute API, or the metadata API."""
    etc = directory.etc / 'nova'
    # The first is also where the WSGI pipeline is read from.
    files = (f'{directory.venv}/etc/nova/api-paste.ini', 'nova.conf',
             'nova-controller.conf')
    supervisor.start(uwsgi.process(
        directory, name, module, port,
        {'OS_NOVA_CONFIG_DIR': str(etc),
         'OS_NOVA_CONFIG_FILES': ';'.join(files)},
        tuple(etc / name for name in files)))
    supervisor.wait_ready(name, lambda: ports.answers(port))


def start_serialproxy(directory: directories.Directory,
                      supervisor: processes.Supervisor) -> None:
    """Serve serial consoles to web sockets.

    It looks tokens up in the databases, and asks nova-compute whether a
    console still is where it was.
    """
    name = 'nova-serialproxy'
    _start_controller(directory, supervisor, name)
    supervisor.wait_ready(
        name, lambda: ports.is_open(ports.NOVA_SERIALPROXY))


def start_compute(directory: directories.Directory,
                  supervisor: processes.Supervisor) -> None:
    """Start nova-compute with our driver, and wait until it takes orders.

    A nova-compute that finds no conductor waits ten seconds before it asks
    again, so it is started when there is one.  An instance that is asked for
    while it starts would be set to ERROR first ("unclaimed"), and Nova takes
    it for up as long as its predecessor's last report is young.
    """
    supervisor.wait_ready(
        'nova-conductor', lambda: messaging.consumed(directory, 'conductor'))
    etc = directory.etc / 'nova'
    inputs = (etc / 'nova.conf', etc / 'rootwrap.conf',
              *sorted((etc / 'rootwrap.d').iterdir()),
              environment.openstack_stamp(directory),
              environment.wheel_stamp(directory))
    process = processes.Process(
        'nova-compute',
        # One configuration file: privsep-helper is started with the same,
        # and the rootwrap filters allow it exactly one.
        (directory.tool('nova-compute'), '--config-file',
         str(etc / 'nova.conf')),
        commands.clean_environment(directory.home, directory.venv / 'bin',
                                   **switch.environment(directory)),
        directories.USER, inputs)
    queue = f'compute.{configs.HOST}'
    if not supervisor.runs(process):
        # Else the new one would be taken for ready by the old one's trace.
        supervisor.stop([process.name])
        waiting.until('RabbitMQ has forgotten the nova-compute before',
                      lambda: not messaging.consumed(directory, queue), 30)
    supervisor.start(process)
    supervisor.wait_ready(
        process.name, lambda: messaging.consumed(directory, queue))
