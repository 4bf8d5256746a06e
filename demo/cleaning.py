"""``make demo-clean``: everything that the demo made goes away.

Called by ``__main__`` under the system's Python.  Containers go through the
API of the runtime while it still runs, then the processes, then namespaces,
accounts and files.  Every part can be missing.
"""

from demo import account
from demo import cgroups
from demo import cinder
from demo import directory as directories
from demo import mounts
from demo import namespaces
from demo import packages
from demo import processes
from demo import report as reports
from demo import runtime
from demo import switch

PHASE = 'Clean'

_LAST = ('ovs-vswitchd', 'ovsdb-server', 'rabbitmq', 'epmd', 'mariadb',
         'novacontainerd', 'lxcfs')


def run(directory: directories.Directory, report: reports.Report) -> None:
    """Remove the demo and say what was removed."""
    if not directory.exists:
        report.say(f'{directory.root} is not there: nothing to remove.')
        _say(report, 'removed', account.remove())
        return
    installed = packages.installed_here(directory)
    supervisor = processes.Supervisor(directory)
    services = [name for name in supervisor.names() if name not in _LAST]
    _say(report, 'ended', supervisor.stop(services))
    if supervisor.alive('novacontainerd') and runtime.answers(directory):
        _say(report, 'removed the containers',
             runtime.remove_containers(directory))
    _say(report, 'detached', cinder.remove_devices(directory))
    _say(report, 'ended', switch.stop(directory, supervisor))
    _say(report, 'ended', supervisor.stop(_LAST))
    _say(report, 'ended what agents left behind', supervisor.stop_marked())
    _say(report, 'killed in our cgroup', cgroups.kill())
    _say(report, 'removed the network namespaces',
         namespaces.remove(directory))
    _say(report, 'unmounted', mounts.remove(directory.root))
    _say(report, 'removed the cgroups', cgroups.remove())
    _say(report, 'removed', account.remove())
    directory.remove()
    report.say(f'  removed {directory.root}')
    if installed:
        report.say(
            '\nDebian packages stay. The demo installed these, with what '
            'they depend on;\nto remove them too:\n'
            f'  apt-get purge --auto-remove {" ".join(installed)}')


def _say(report: reports.Report, what: str, names: list[str]) -> None:
    if names:
        report.say(f'  {what}: {", ".join(names)}')
