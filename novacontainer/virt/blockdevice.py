"""Disks of the host: which holds a directory, and how large one is.

Called by ``virt.containerops`` and ``virt.connections``; reads the host's
/sys, as nova-compute may not open a disk.
"""

import os
import pathlib

_BY_NUMBER = pathlib.Path('/sys/dev/block')
#: Of the kernel's own unit, whatever the disk's is
#: (Documentation/ABI/stable/sysfs-block).
_SECTOR_BYTES = 512


def holding(directory: str) -> str:
    """The device node of the whole disk, as the kernel's limits want it.

    :returns: '' where a file system names no disk of its own: btrfs, zfs,
        overlayfs, network file systems; and where there is no such node.
    :raises OSError: there is no such directory.
    """
    place = _place(os.stat(directory).st_dev)
    if not place.exists():
        return ''
    device = place.resolve()
    if (device / 'partition').exists():
        device = device.parent
    # The kernel writes a slash so (cciss!c0d0).
    node = pathlib.Path('/dev', device.name.replace('!', '/'))
    return str(node) if node.exists() else ''


def size_bytes(path: str) -> int:
    """How large a disk is now.

    :param path: of its device node, or of a link to that.
    :raises OSError: there is no such disk.
    """
    place = _place(os.stat(path).st_rdev)
    return int((place / 'size').read_text()) * _SECTOR_BYTES


def _place(number: int) -> pathlib.Path:
    return _BY_NUMBER / f'{os.major(number)}:{os.minor(number)}'
