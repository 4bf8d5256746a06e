"""Flush a file system: the one call of that kind that Python lacks.

Called by the store before it publishes files; calls the C library.
"""

import ctypes
import os
import pathlib

_LIBC = ctypes.CDLL(None, use_errno=True)


def sync(path: pathlib.Path) -> None:
    """Write everything of the file system that holds ``path`` to its disk.

    :raises OSError: the disk failed, or is full (syncfs(2)).
    """
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _LIBC.syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(handle)
