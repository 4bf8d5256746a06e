"""Opens a container's network namespace and runs a function inside it.

Called by ``privsep.wiring``.  The only module of the driver that enters a
namespace.
"""

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import ctypes
import fcntl
import os
import re
import typing

from novacontainer.virt.privsep import errors

T = typing.TypeVar('T')

_DIRECTORY = '/run/netns'
_NAME = re.compile(r'nc-[0-9a-f]{12}')
_CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h
_NS_GET_NSTYPE = 0xb703     # include/uapi/linux/nsfs.h, _IO(0xb7, 3)

_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """Open the pinned namespace of a container.

    :param path: ``/run/netns/nc-`` and twelve hexadecimal digits.
    :returns: context manager over a file descriptor.
    :raises: errors.RefusedError if the path is any other, is a link, or does
        not lead to a network namespace, or leads to the host's;
        errors.WiringError if it is not there.
    """
    directory, _, name = str(path).rpartition('/')
    if directory != _DIRECTORY or not _NAME.fullmatch(name):
        raise errors.RefusedError(
            f'{path!r} is not the pinned network namespace of a container '
            f'({_DIRECTORY}/nc-…).')
    try:
        # /run and /run/netns are root's; only the last component could have
        # been planted.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
                     | os.O_NONBLOCK)
    except FileNotFoundError:
        raise errors.WiringError(
            f'The network namespace {path} does not exist; the container '
            f'must be initialised before its network is plugged.') from None
    except OSError as error:
        raise errors.RefusedError(
            f'{path} cannot be opened: {error.strerror}.') from None
    try:
        _check(fd, path)
        yield fd
    finally:
        os.close(fd)


def inside(fd: int, function: Callable[[], T]) -> T:
    """Call ``function`` in the namespace, from a thread of its own.

    setns(2) moves only the calling thread.  The thread ends with the call,
    so that no worker of the helper ever remains in a container's namespace.

    :raises: errors.WiringError if the namespace cannot be entered.
    """
    def enter_and_call() -> T:
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            raise errors.WiringError(
                'Cannot enter the network namespace: '
                f'{os.strerror(ctypes.get_errno())}.')
        return function()

    with futures.ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(enter_and_call).result()


def _check(fd: int, path: str) -> None:
    try:
        kind = fcntl.ioctl(fd, _NS_GET_NSTYPE)
    except OSError:
        kind = 0
    if kind != _CLONE_NEWNET:
        raise errors.RefusedError(f'{path} is not a network namespace.')
    ours = os.stat('/proc/thread-self/ns/net')
    theirs = os.fstat(fd)
    if (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino):
        raise errors.RefusedError(f"{path} is the host's own namespace.")
