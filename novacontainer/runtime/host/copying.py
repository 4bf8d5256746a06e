"""Copy a file's bytes without reading them where the file system can.

Called by ``storage.flattening``.  Calls the kernel (ioctl_ficlone(2),
copy_file_range(2)).  Raises ``OSError``; callers translate.
"""

import errno
import fcntl
import os

_FICLONE = 0x40049409
_CHUNK_BYTES = 1 << 20
#: This file system, or this pair of them, cannot do that.
_CANNOT = (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS,
           errno.ENOTTY)


def copy(source: int, target: int, size_bytes: int) -> None:
    """Fill an empty file with what another one holds.

    Both share the bytes on the disk where the file system can do that
    (btrfs, xfs); elsewhere they are copied, and holes stay holes.

    :param source: descriptor, open for reading.
    :param target: descriptor, open for writing.
    :param size_bytes: how much there is.
    """
    if not size_bytes:
        return
    try:
        fcntl.ioctl(target, _FICLONE, source)
        return
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    os.truncate(target, size_bytes)
    at = 0
    while at < size_bytes:
        try:
            start = os.lseek(source, at, os.SEEK_DATA)
        except OSError as error:
            # Nothing but a hole up to the end.
            if error.errno == errno.ENXIO:
                return
            raise
        at = os.lseek(source, start, os.SEEK_HOLE)
        _copy_part(source, target, start, at)


def _copy_part(source: int, target: int, start: int, end: int) -> None:
    try:
        while start < end:
            done = os.copy_file_range(source, target, end - start,
                                      start, start)
            if not done:
                return
            start += done
        return
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    while start < end:
        data = os.pread(source, min(end - start, _CHUNK_BYTES), start)
        if not data:
            return
        start += os.pwrite(target, data, start)
