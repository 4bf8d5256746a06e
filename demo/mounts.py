"""Mounts below the demo's directory.

Called by ``leaks`` and ``cleaning``.
"""

import pathlib

from demo import commands
from demo import directory as directories


def listed(directory: directories.Directory) -> list[str]:
    """Mount points below the directory, in the order they were made."""
    table = pathlib.Path('/proc/self/mountinfo').read_text()
    # proc(5): the fifth field is the mount point; a space in it is \\040.
    points = [line.split()[4] for line in table.splitlines()]
    return [point for point in points
            if point.startswith(f'{directory.root}/')]


def remove(directory: directories.Directory) -> list[str]:
    """Unmount them, the last one first, and return them."""
    found = listed(directory)
    for point in reversed(found):
        commands.output(['umount', '--lazy', point])
    return found
