"""Lock a process that handles untrusted files into one directory.

Called by the unpack child, before it looks at the first byte of an image;
calls the kernel.  Not reversible, and meant for a process of its own.
"""

from collections.abc import Iterable
import ctypes
import os
import resource
import signal
import struct

from novacontainer.runtime.host import syscalls

# linux/capability.h
CAP_CHOWN = 0
CAP_DAC_OVERRIDE = 1
CAP_FOWNER = 3
CAP_FSETID = 4
CAP_SYS_ADMIN = 21
CAP_SETFCAP = 31
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITY_LAST = 63

# linux/sched.h
_NEW_NAMESPACES = 0x00020000 | 0x08000000 | 0x40000000  # mount, ipc, net
_CLONE_NEWUSER = 0x10000000

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38

_OPEN_FILES = 64
#: Of which a decompressor may take 128 MiB; a million paths take as much.
_MEMORY_BYTES = 1 << 30


def die_with_parent(parent: int) -> None:
    """Be killed when the thread that started this process ends.

    :param parent: process id of the parent, to notice that it has gone
        already.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def become_root_of(user_namespace: int) -> None:
    """Enter a user namespace, and be nobody outside it.

    What this process makes from now on belongs to the namespace's root, and
    its capabilities reach no further.  :func:`die_with_parent` is undone.

    :param user_namespace: descriptor of the namespace.
    :raises OSError: the kernel refuses; the process has several threads.
    """
    syscalls.check(syscalls.libc.setns(user_namespace, _CLONE_NEWUSER))
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def confine(root: str | int, capabilities: Iterable[int]) -> None:
    """Make ``root`` this process's world, and drop what it needs no more.

    Afterwards there is no network, no other file system than that of
    ``root``, nothing above ``root``, no way to gain privileges, little
    memory, and no capability but those given.  Open descriptors stay.

    :param root: path or descriptor of a directory.
    :param capabilities: numbers from linux/capability.h; without
        CAP_SYS_CHROOT there is no way out of the root again.
    :raises OSError: the kernel refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    syscalls.check(syscalls.libc.unshare(_NEW_NAMESPACES))
    os.umask(0)
    os.chdir(root)
    os.chroot('.')
    _keep_only(frozenset(capabilities))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _keep_only(capabilities: frozenset[int]) -> None:
    for number in range(_CAPABILITY_LAST + 1):
        if number not in capabilities:
            try:
                _prctl(_PR_CAPBSET_DROP, number)
            except OSError:
                break  # past the last one that this kernel knows
    mask = sum(1 << number for number in capabilities)
    low, high = mask & 0xffffffff, mask >> 32
    header = struct.pack('=Ii', _CAPABILITY_VERSION_3, 0)
    data = struct.pack('=6I', low, low, 0, high, high, 0)
    syscalls.check(syscalls.libc.capset(header, data))


def _prctl(option: int, argument: int) -> None:
    syscalls.check(syscalls.libc.prctl(
        ctypes.c_int(option), ctypes.c_ulong(argument), ctypes.c_ulong(0),
        ctypes.c_ulong(0), ctypes.c_ulong(0)))
