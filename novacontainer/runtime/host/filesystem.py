"""Calls that have to do with the disk below a file, and that Python lacks.

Called by the store: to flush before it publishes files, and to keep room for
its records; calls the C library.
"""

import ctypes
import os
import pathlib

_LIBC = ctypes.CDLL(None, use_errno=True)
_FALLOC_FL_KEEP_SIZE = 1


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


def allocate(path: pathlib.Path, size_bytes: int) -> None:
    """Give an existing file room on its disk, without making it longer.

    Whatever is written to it, up to that size, finds the room there though
    the disk be full meanwhile (fallocate(2)).

    :raises OSError: the disk is full, or the file system cannot do it.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        if _LIBC.fallocate(handle, _FALLOC_FL_KEEP_SIZE, ctypes.c_long(0),
                           ctypes.c_long(size_bytes)):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(handle)
