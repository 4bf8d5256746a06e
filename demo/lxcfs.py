"""lxcfs: a /proc that shows an instance its own memory, cpus and uptime.

Called by ``cloud`` before the runtime starts, which mounts its files into
containers (``[containers] lxcfs_directory``).
"""

from demo import commands
from demo import directory as directories
from demo import mounts
from demo import processes


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Start it; what an lxcfs that was killed left mounted goes first."""
    if not supervisor.alive('lxcfs'):
        mounts.remove(directory.lxcfs)
    directory.lxcfs.mkdir(exist_ok=True)
    supervisor.start(processes.Process(
        'lxcfs',
        ('lxcfs', '--foreground', '--enable-cfs',
         '--pidfile', str(directory.run / 'lxcfs.number'),
         str(directory.lxcfs)),
        commands.clean_environment(directory.home)))
    supervisor.wait_ready('lxcfs', (directory.lxcfs / 'proc').exists)
