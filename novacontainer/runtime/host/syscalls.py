"""The C library through ctypes: call, check errno, raise ``OSError``.

Called by the other modules of :mod:`novacontainer.runtime.host`, and by
nothing else.  Calls libc.

System calls without a wrapper in the C library of Debian 12 go by number.
Those used here were added after Linux unified its numbering (5.1), so the
numbers hold for every architecture.
"""

import ctypes
import os

OPEN_TREE = 428
MOVE_MOUNT = 429
FSOPEN = 430
FSCONFIG = 431
FSMOUNT = 432
OPENAT2 = 437
MOUNT_SETATTR = 442

#: The C library; its functions release the interpreter lock when called.
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def check(result: int, subject: str | None = None) -> int:
    """Return ``result``, or raise the ``OSError`` of the calling thread.

    :param result: what a C function returned; negative means failure.
    :param subject: the path or thing that the call was about.
    """
    if result >= 0:
        return result
    errno = ctypes.get_errno()
    if subject is None:
        raise OSError(errno, os.strerror(errno))
    raise OSError(errno, os.strerror(errno), subject)


def call(number: int, *args: int | bytes | None,
         subject: str | None = None) -> int:
    """Make a system call by number.

    Integers are passed as longs and bytes as pointers, because the C
    library's ``syscall()`` is variadic and would leave the upper half of a
    32-bit argument undefined.

    :raises OSError: with the call's errno.
    """
    converted: list[ctypes.c_long | ctypes.c_char_p] = []
    for arg in args:
        if isinstance(arg, int):
            converted.append(ctypes.c_long(arg))
        else:
            converted.append(ctypes.c_char_p(arg))
    return check(libc.syscall(ctypes.c_long(number), *converted), subject)
