"""How much disk a tree of files takes.

Called by ``service.containers`` (``GET /containers/json?size=1``).  Calls
nothing.
"""

import os
import pathlib


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
    seen: set[tuple[int, int]] = set()
    total = 0
    for directory, _, names in os.walk(top):
        for name in names:
            try:
                found = os.lstat(os.path.join(directory, name))
            except FileNotFoundError:
                continue
            if found.st_nlink > 1:
                if (found.st_dev, found.st_ino) in seen:
                    continue
                seen.add((found.st_dev, found.st_ino))
            # Blocks are of 512 bytes whatever the file system (stat(2)).
            total += found.st_blocks * 512
    return total
