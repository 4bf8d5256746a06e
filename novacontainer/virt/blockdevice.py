"""Which disk of the host holds a directory.

Called by ``virt.containerops``; reads the host's /sys.
"""

import os
import pathlib

_BY_NUMBER = pathlib.Path('/sys/dev/block')


def holding(directory: str) -> str:
    """The device node of the whole disk, as the kernel's limits want it.

    :returns: '' where a file system names no disk of its own: btrfs, zfs,
        overlayfs, network file systems; and where there is no such node.
    :raises OSError: there is no such directory.
    """
    number = os.stat(directory).st_dev
    place = _BY_NUMBER / f'{os.major(number)}:{os.minor(number)}'
    if not place.exists():
        return ''
    device = place.resolve()
    if (device / 'partition').exists():
        device = device.parent
    # The kernel writes a slash so (cciss!c0d0).
    node = pathlib.Path('/dev', device.name.replace('!', '/'))
    return str(node) if node.exists() else ''
