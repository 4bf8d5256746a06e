"""Open vSwitch: a database and a switch of the demo's own.

Called by ``cloud`` and ``cleaning``.  Where the kernel has no openvswitch
module the switch forwards in userspace (``datapath_type=netdev``).
"""

import ipaddress
import json
import pathlib

from demo import commands
from demo import configs
from demo import directory as directories
from demo import errors
from demo import ports
from demo import processes
from demo import waiting

_NETWORK = pathlib.Path('/sys/class/net')
_PROCESSES = pathlib.Path('/proc')
_SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema'

#: Interfaces that the switch makes; "ovs-netdev" is the datapath itself.
BRIDGES = ('br-int', 'br-tun', 'br-ex')

#: The host's end of the external network, and its address there; DevStack
#: takes the same range.
EXTERNAL = 'br-ex'
EXTERNAL_SUBNET = '172.24.4.0/24'
EXTERNAL_GATEWAY = '172.24.4.1'
_INTERFACES = (*BRIDGES, 'ovs-netdev', 'ovs-system')


def datapath() -> str:
    """``system`` where the kernel has the module, else ``netdev``."""
    module = pathlib.Path('/sys/module/openvswitch')
    if not module.exists():
        try:
            commands.output(['modprobe', 'openvswitch'])
        except errors.DemoError:
            return 'netdev'
    return 'system' if module.exists() else 'netdev'


def environment(directory: directories.Directory) -> dict[str, str]:
    """What Open vSwitch's programs, and who calls them, need to know."""
    return {'OVS_RUNDIR': str(directory.run / 'openvswitch'),
            'OVS_DBDIR': str(directory.data / 'openvswitch'),
            'OVS_LOGDIR': str(directory.log),
            'OVS_SYSCONFDIR': str(directory.etc)}


def refuse_foreign(directory: directories.Directory) -> None:
    """Check that no other Open vSwitch has bridges of the same names.

    To be called while ours does not run.

    :raises DemoError: one has.
    """
    taken = _interfaces()
    if taken and not _left_by_ours(directory):
        raise errors.DemoError(
            f'this machine has {", ".join(taken)} already: another Open '
            'vSwitch runs here, or was ended uncleanly. Stop it, or delete '
            'the interfaces with "ip link del", then run "make demo" again.')


def refuse_taken_range() -> None:
    """Check that the host reaches nothing else in the external network.

    :raises DemoError: it has a route into that range.
    """
    ours = ipaddress.ip_network(EXTERNAL_SUBNET)
    routes = json.loads(commands.output(['ip', '-json', '-4', 'route']))
    for route in routes:
        if route['dst'] == 'default' or route.get('dev') == EXTERNAL:
            continue
        if ours.overlaps(ipaddress.ip_network(route['dst'])):
            raise errors.DemoError(
                f'this machine has a route to {route["dst"]} by '
                f'{route.get("dev", "no interface")}, and the demo takes '
                f'{EXTERNAL_SUBNET} for floating addresses. Remove that '
                'route, or use another machine.')


def was_killed(directory: directories.Directory) -> bool:
    """Whether ours has ended and left its interfaces behind.

    To be called while it does not run.
    """
    return bool(_interfaces()) and _left_by_ours(directory)


def _interfaces() -> list[str]:
    return [name for name in _INTERFACES if (_NETWORK / name).exists()]


def _left_by_ours(directory: directories.Directory) -> bool:
    """Whether interfaces can only be of our switch, which was killed.

    It had to be the first one here, and takes them over when it starts.
    """
    return _database(directory).exists() and not any(
        _is_switch(process) for process in _PROCESSES.iterdir()
        if process.name.isdigit())


def _is_switch(process: pathlib.Path) -> bool:
    """Whether a process is a switch in this network namespace."""
    try:
        return ((process / 'comm').read_text().strip() == 'ovs-vswitchd'
                and (process / 'ns/net').readlink()
                == (_PROCESSES / 'self/ns/net').readlink())
    except (FileNotFoundError, ProcessLookupError):
        return False


def _database(directory: directories.Directory) -> pathlib.Path:
    return directory.data / 'openvswitch' / 'conf.db'


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Start the database and the switch."""
    data = directory.data / 'openvswitch'
    run = directory.run / 'openvswitch'
    for path in (data, run):
        path.mkdir(exist_ok=True)
    database = _database(directory)
    if not database.exists():
        commands.output(['ovsdb-tool', 'create', str(database), _SCHEMA])
    env = commands.clean_environment(directory.home, **environment(directory))
    remote = f'unix:{run}/db.sock'
    supervisor.start(processes.Process(
        'ovsdb-server',
        ('ovsdb-server', str(database), f'--remote=p{remote}',
         f'--remote=ptcp:{ports.OVSDB}:127.0.0.1',
         f'--unixctl={run}/ovsdb.ctl'), env))
    supervisor.wait_ready('ovsdb-server', lambda: ports.is_open(ports.OVSDB))
    version = commands.output(['ovs-vswitchd', '--version']).split()[3]
    _vsctl(remote, 'init')
    _vsctl(remote, 'set', 'Open_vSwitch', '.',
           f'external_ids:system-id={configs.HOST}',
           f'external_ids:hostname={configs.HOST}', f'ovs_version={version}')
    control = run / 'vswitchd.ctl'
    supervisor.start(processes.Process(
        'ovs-vswitchd',
        ('ovs-vswitchd', remote, f'--unixctl={control}'), env))
    supervisor.wait_ready('ovs-vswitchd', control.exists)
    _make_external(remote)


def stop(directory: directories.Directory,
         supervisor: processes.Supervisor) -> list[str]:
    """End the switch with its interfaces, then the database.

    One that was killed is started once more: only it can remove what it has
    left in the kernel.

    :returns: the names of the processes that were running.
    """
    if not supervisor.alive('ovs-vswitchd') and was_killed(directory):
        start(directory, supervisor)
    control = directory.run / 'openvswitch' / 'vswitchd.ctl'
    running = [name for name in ('ovs-vswitchd', 'ovsdb-server')
               if supervisor.alive(name)]
    if 'ovs-vswitchd' in running and control.exists():
        # A plain kill would leave its persistent tap devices behind.
        commands.output(['ovs-appctl', '--timeout=10', '-t', str(control),
                         'exit', '--cleanup'])
        waiting.until('ovs-vswitchd has ended',
                      lambda: not supervisor.alive('ovs-vswitchd'), 10)
    supervisor.stop(('ovs-vswitchd', 'ovsdb-server'))
    return running


def ports_of_bridge(directory: directories.Directory) -> set[str]:
    """Names of the ports on the integration bridge."""
    socket = directory.run / 'openvswitch' / 'db.sock'
    return set(commands.output(
        ['ovs-vsctl', f'--db=unix:{socket}', '--timeout=10', 'list-ports',
         'br-int']).split())


def _make_external(remote: str) -> None:
    """Make the bridge of the external network, with the host on it."""
    _vsctl(remote, '--may-exist', 'add-br', EXTERNAL, '--', 'set', 'bridge',
           EXTERNAL, f'datapath_type={datapath()}')
    waiting.until(f'{EXTERNAL} is there',
                  (_NETWORK / EXTERNAL).exists, 10)
    length = EXTERNAL_SUBNET.partition('/')[2]
    commands.output(['ip', 'address', 'replace',
                     f'{EXTERNAL_GATEWAY}/{length}', 'dev', EXTERNAL])
    commands.output(['ip', 'link', 'set', EXTERNAL, 'up'])


def _vsctl(remote: str, *arguments: str) -> None:
    commands.output(['ovs-vsctl', f'--db={remote}', '--timeout=10',
                     '--no-wait', *arguments])
