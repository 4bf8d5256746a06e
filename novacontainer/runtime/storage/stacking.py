"""What overlayfs shows of directories that lie on top of one another.

Called by ``storage.overlay_changes``, ``storage.tree_changes`` and
``storage.flattening``.  Calls the file system.

Source: ``Documentation/filesystems/overlayfs.rst`` of the kernel: a deleted
name is a character device 0/0, and an opaque directory hides those below.
"""

from collections.abc import Sequence
import os
import pathlib
import stat

OPAQUE = 'trusted.overlay.opaque'


def find(below: Sequence[pathlib.Path], name: str,
         ) -> list[tuple[pathlib.Path, os.stat_result]]:
    """Find a name in directories of lower layers, highest first.

    Only real directories come after the first: they are merged.
    """
    found: list[tuple[pathlib.Path, os.stat_result]] = []
    for lower in below:
        path = lower / name
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if is_whiteout(status):
            break
        if found and not stat.S_ISDIR(status.st_mode):
            break
        found.append((path, status))
        if not stat.S_ISDIR(status.st_mode) or is_opaque(path):
            break
    return found


def is_whiteout(status: os.stat_result) -> bool:
    """Say whether this stands for a name that is deleted."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(path: pathlib.Path) -> bool:
    """Say whether a directory hides those below it."""
    try:
        return os.getxattr(path, OPAQUE, follow_symlinks=False) == b'y'
    except OSError:
        return False
