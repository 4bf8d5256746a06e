"""Reaching into a root file system that an enemy wrote, and no further.

Called by ``host.mountpoints`` and ``service.containers`` (the image's
passwd and group files).  Calls openat2(2).

Every path is resolved by the kernel inside the root: absolute links and
``..`` start over at the root, magic links of /proc are refused.  Checking a
path in user space and opening it afterwards would be a race.
"""

from collections.abc import Iterator
import contextlib
import ctypes
import errno
import io
import os
import pathlib
import stat

from novacontainer.runtime import exception
from novacontainer.runtime.host import syscalls

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of openat2(2)."""

    _fields_ = [('flags', ctypes.c_uint64),
                ('mode', ctypes.c_uint64),
                ('resolve', ctypes.c_uint64)]


def open_path(root_fd: int, path: str, flags: int,
              resolve: int = 0) -> int:
    """Open a path below a directory, with that directory as its root.

    :param flags: of open(2); O_CLOEXEC is added.
    :param resolve: more RESOLVE_* flags; RESOLVE_IN_ROOT and
        RESOLVE_NO_MAGICLINKS are added.
    :raises OSError: ELOOP for a link that may not be followed; EINVAL for
        a path with a null byte.
    """
    encoded = os.fsencode(path)
    if b'\0' in encoded:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    how = _OpenHow(
        flags=flags | os.O_CLOEXEC,
        resolve=resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    return syscalls.call(
        syscalls.OPENAT2, root_fd, encoded or b'.', bytes(how),
        ctypes.sizeof(how), subject=path)


def open_root(root: pathlib.Path) -> int:
    """Open the directory that is to serve as root."""
    return os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def open_in_root(root: pathlib.Path, path: str, max_bytes: int) -> bytes:
    """Return the contents of a regular file inside a root.

    Never blocks: a fifo or a device in its place is refused.

    :param path: as a process with that root would see it.
    :raises NotFound: no such file.
    :raises InvalidRequest: it is no regular file, or larger than
        ``max_bytes``, or the path cannot be resolved.
    """
    with _opened(root, path) as found:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise exception.InvalidRequest(
                f'{path} of the image is not a regular file.', 'image.file')
        # Only now opened for good: opening a fifo would block, and opening
        # a device can do things.
        with open(f'/proc/self/fd/{found}', 'rb', buffering=0) as file:
            return _read_bounded(file, path, max_bytes)


@contextlib.contextmanager
def _opened(root: pathlib.Path, path: str) -> Iterator[int]:
    """Yield an O_PATH descriptor of what a path in the root names."""
    try:
        root_fd = open_root(root)
    except OSError as error:
        raise exception.Internal(
            f'Cannot open the root file system: {error}',
            'container.rootfs') from error
    try:
        fd = open_path(root_fd, path, os.O_PATH)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise exception.NotFound(
            f'The image has no file {path}.', 'image.file_not_found',
        ) from error
    except OSError as error:
        raise exception.InvalidRequest(
            f'The file {path!r} of the image cannot be opened: '
            f'{error.strerror}', 'image.file') from error
    finally:
        os.close(root_fd)
    try:
        yield fd
    finally:
        os.close(fd)


def _read_bounded(file: io.FileIO, path: str, max_bytes: int) -> bytes:
    data = b''
    while len(data) <= max_bytes:
        part = file.read(max_bytes + 1 - len(data))
        if not part:
            return data
        data += part
    raise exception.InvalidRequest(
        f'The file {path} of the image is larger than {max_bytes} bytes.',
        'image.file')
