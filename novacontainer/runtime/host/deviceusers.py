"""Which processes have a block device in use.

Called by ``service.plugs``.  Calls /proc.
"""

from collections.abc import Iterable
import os
import stat

#: proc_pid_mountinfo(5): the third field is "major:minor" of a file system.
_MOUNT_DEVICE = 2


def find(pids: Iterable[int], numbers: tuple[int, int]) -> list[int]:
    """Return those of the processes that have it open, or mounted.

    What has ended meanwhile has nothing open.  A mapping in memory alone,
    whose descriptor is closed, is not found.

    :param numbers: major and minor of the device.
    :returns: pids, in order.
    """
    device = os.makedev(*numbers)
    return [pid for pid in sorted(pids)
            if _has_open(pid, device) or _has_mounted(pid, numbers)]


def _has_open(pid: int, device: int) -> bool:
    directory = f'/proc/{pid}/fd'
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(_is(f'{directory}/{name}', device) for name in names)


def _is(path: str, device: int) -> bool:
    try:
        # The kernel follows such a link to the open file itself.
        status = os.stat(path)
    except OSError:
        # Closed meanwhile, or a file system that does not answer.
        return False
    return stat.S_ISBLK(status.st_mode) and status.st_rdev == device


def _has_mounted(pid: int, numbers: tuple[int, int]) -> bool:
    wanted = '{}:{}'.format(*numbers)
    try:
        with open(f'/proc/{pid}/mountinfo', encoding='utf-8',
                  errors='replace') as lines:
            return any(line.split()[_MOUNT_DEVICE] == wanted
                       for line in lines)
    except (FileNotFoundError, ProcessLookupError, OSError):
        return False
