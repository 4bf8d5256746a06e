"""How much disk a tree of files takes.

Called by ``service.containers`` (``GET /containers/json?size=1``).  Calls
nothing.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import os
import pathlib
import stat

from novacontainer.runtime import deltas


def delta_bytes(delta: deltas.Delta) -> int:
    """Return the space of what a container changed."""
    if delta.changes is None:
        return tree_bytes(delta.tree)
    return _bytes(
        os.path.join(delta.tree, change.path.lstrip('/'))
        for change in delta.changes
        if change.kind is not deltas.ChangeKind.DELETED)


def file_bytes(path: pathlib.Path) -> int:
    """Return the space that a file takes; 0 when it is not there."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def tree_bytes(top: pathlib.Path) -> int:
    """Return the space of the files below ``top``, links counted once.

    Files may come and go meanwhile: the answer is an estimate then.
    """
    return _bytes(_files(top))


def _files(top: pathlib.Path) -> Iterator[str]:
    for directory, _, names in os.walk(top):
        for name in names:
            yield os.path.join(directory, name)


def _bytes(paths: Iterable[str]) -> int:
    seen: set[tuple[int, int]] = set()
    total = 0
    for path in paths:
        try:
            found = os.lstat(path)
        except OSError:
            continue
        if stat.S_ISDIR(found.st_mode):
            continue
        if found.st_nlink > 1:
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
        # Blocks are of 512 bytes whatever the file system (stat(2)).
        total += found.st_blocks * 512
    return total
