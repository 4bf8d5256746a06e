"""Mounts below the demo's directory.

Called by ``leaks``, ``lxcfs`` and ``cleaning``.
"""

import pathlib

from demo import commands


def listed(root: pathlib.Path) -> list[str]:
    """Mount points at and below a directory, in the order they were made."""
    table = pathlib.Path('/proc/self/mountinfo').read_text()
    # proc(5): the fifth field is the mount point; a space in it is \\040.
    points = [line.split()[4] for line in table.splitlines()]
    return [point for point in points
            if point == str(root) or point.startswith(f'{root}/')]


def remove(root: pathlib.Path) -> list[str]:
    """Unmount them, the last one first, and return them."""
    found = listed(root)
    for point in reversed(found):
        commands.output(['umount', '--lazy', point])
    return found
