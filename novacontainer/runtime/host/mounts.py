"""Mounting: the classic calls and the mount API of Linux 5.2 and later.

Called by ``host.namespaces``, ``storage``, ``engine.select``.
Calls ``host.syscalls``.  Raises ``OSError``; callers translate.

Sources: mount(2), umount2(2), and for the newer calls the kernel's
``Documentation/filesystems/mount_api.rst`` and ``include/uapi/linux/mount.h``.
"""

from collections.abc import Callable
from collections.abc import Iterator
import ctypes
import errno
import os
import pathlib
import re
import time

from novacontainer.runtime.host import syscalls

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20

MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8

MOUNT_ATTR_RDONLY = 1
MOUNT_ATTR_NODEV = 4
MOUNT_ATTR_IDMAP = 0x00100000

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_FSOPEN_CLOEXEC = 1
_FSMOUNT_CLOEXEC = 1
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MOVE_MOUNT_T_EMPTY_PATH = 0x40

_FSCONFIG_SET_FLAG = 0
_FSCONFIG_SET_STRING = 1
_FSCONFIG_SET_FD = 5
_FSCONFIG_CMD_CREATE = 6

#: How long copies of a mount may last, and between two tries.
_COPIES_S = 10.0
_AGAIN_S = 0.02

_OCTAL = re.compile(r'\\([0-7]{3})')


class _MountAttr(ctypes.Structure):
    """``struct mount_attr`` of mount_setattr(2)."""

    _fields_ = [('attr_set', ctypes.c_uint64),
                ('attr_clr', ctypes.c_uint64),
                ('propagation', ctypes.c_uint64),
                ('userns_fd', ctypes.c_uint64)]


def mount(source: str, target: str, fstype: str | None = None,
          flags: int = 0, data: str | None = None) -> None:
    """Call mount(2)."""
    syscalls.check(syscalls.libc.mount(
        os.fsencode(source), os.fsencode(target),
        fstype.encode() if fstype is not None else None,
        ctypes.c_ulong(flags),
        os.fsencode(data) if data is not None else None), target)


def unmount(target: str, flags: int = 0) -> None:
    """Call umount2(2), never following a link at ``target``."""
    syscalls.check(syscalls.libc.umount2(
        os.fsencode(target), flags | UMOUNT_NOFOLLOW), target)


def vacate(remove: Callable[[], object]) -> None:
    """Remove what something was mounted on, and is not any more.

    While another container gets a recursive bind of a directory above, this
    namespace has for a moment a copy of every mount below; until it has
    gone, the kernel takes the place for a mount point and refuses.

    :param remove: removes it; called again while that is refused.
    :raises OSError: it is refused for any other reason, or for too long.
    """
    deadline = time.monotonic() + _COPIES_S
    while True:
        try:
            remove()
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN_S)


def clone_tree(path: str, recursive: bool = False) -> int:
    """Return a descriptor of a detached clone of the mount under ``path``.

    The clone shows what lies below ``path`` on that one file system and
    disappears with the descriptor.

    :param recursive: with the mounts beneath it.
    """
    return syscalls.call(
        syscalls.OPEN_TREE, _AT_FDCWD, os.fsencode(path),
        _OPEN_TREE_CLONE | os.O_CLOEXEC | _recursion(recursive),
        subject=path)


def set_id_map(mount_fd: int, userns_fd: int,
               recursive: bool = False) -> None:
    """Make a detached mount an idmapped one (Linux 5.12, mount_setattr(2)).

    :param userns_fd: user namespace whose mapping is applied: id 0 on disk
        appears as the host id to which that namespace maps 0.
    :param recursive: and the mounts beneath it, or none of them.
    """
    _set_attributes(mount_fd, _MountAttr(
        attr_set=MOUNT_ATTR_IDMAP, userns_fd=userns_fd), recursive)


def restrict(mount_fd: int, attributes: int,
             recursive: bool = False) -> None:
    """Give a detached mount ``MOUNT_ATTR_RDONLY`` or ``…_NODEV``."""
    _set_attributes(mount_fd, _MountAttr(attr_set=attributes), recursive)


def seclude(mount_fd: int, propagation: int) -> None:
    """Make a detached mount, and those beneath it, private or a slave.

    :param propagation: ``MS_PRIVATE`` or ``MS_SLAVE``.
    """
    _set_attributes(mount_fd, _MountAttr(propagation=propagation), True)


def _set_attributes(mount_fd: int, attributes: _MountAttr,
                    recursive: bool) -> None:
    syscalls.call(
        syscalls.MOUNT_SETATTR, mount_fd, b'',
        _AT_EMPTY_PATH | _recursion(recursive), bytes(attributes),
        ctypes.sizeof(attributes))


def _recursion(recursive: bool) -> int:
    return _AT_RECURSIVE if recursive else 0


def set_attributes(mount_fd: int, on: int, off: int) -> None:
    """Change what a detached mount allows (mount_setattr(2)).

    MOUNT_ATTR_NODEV and the like have the values of MS_NODEV and the like.
    """
    attributes = _MountAttr(attr_set=on, attr_clr=off)
    syscalls.call(
        syscalls.MOUNT_SETATTR, mount_fd, b'', _AT_EMPTY_PATH,
        bytes(attributes), ctypes.sizeof(attributes))


def attach(mount_fd: int, target: str) -> None:
    """Attach a detached mount at ``target`` (move_mount(2))."""
    syscalls.call(
        syscalls.MOVE_MOUNT, mount_fd, b'', _AT_FDCWD, os.fsencode(target),
        _MOVE_MOUNT_F_EMPTY_PATH, subject=target)


def attach_to(mount_fd: int, target_fd: int) -> None:
    """Attach a detached mount to what a descriptor (O_PATH) stands for."""
    syscalls.call(
        syscalls.MOVE_MOUNT, mount_fd, b'', target_fd, b'',
        _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_T_EMPTY_PATH)


class FilesystemContext:
    """A file system being configured: fsopen(2), fsconfig(2), fsmount(2).

    Use as a context manager; leaving it closes the context, not the mount.
    """

    def __init__(self, fstype: str) -> None:
        self._fstype = fstype
        self._fd = syscalls.call(
            syscalls.FSOPEN, fstype.encode(), _FSOPEN_CLOEXEC)

    def __enter__(self) -> 'FilesystemContext':
        return self

    def __exit__(self, *exc_info: object) -> None:
        os.close(self._fd)

    def set_flag(self, key: str) -> None:
        """Set one option that takes no value."""
        self._configure(_FSCONFIG_SET_FLAG, key, None, 0)

    def set_string(self, key: str, value: str) -> None:
        """Set one option to a string of at most 255 bytes."""
        self._configure(_FSCONFIG_SET_STRING, key, os.fsencode(value), 0)

    def set_fd(self, key: str, fd: int) -> None:
        """Set one option to what an open descriptor refers to."""
        self._configure(_FSCONFIG_SET_FD, key, None, fd)

    def create(self) -> None:
        """Create the superblock from what was set."""
        self._configure(_FSCONFIG_CMD_CREATE, None, None, 0)

    def mount(self, attributes: int = 0) -> int:
        """Return a descriptor of the new, still detached mount."""
        return syscalls.call(
            syscalls.FSMOUNT, self._fd, _FSMOUNT_CLOEXEC, attributes)

    def _configure(self, command: int, key: str | None,
                   value: bytes | None, aux: int) -> None:
        try:
            syscalls.call(
                syscalls.FSCONFIG, self._fd, command,
                key.encode() if key is not None else None, value, aux)
        except OSError as error:
            # The kernel queues the reason as text on the descriptor.
            said = self._messages() or error.strerror
            raise OSError(error.errno, f'{self._fstype}: {said}') from error

    def _messages(self) -> str:
        lines = []
        try:
            while line := os.read(self._fd, 4096):
                lines.append(line.decode(errors='replace').strip())
        except OSError:
            # ENODATA: that was the last one.
            pass
        return '; '.join(lines)


def mount_points(below: pathlib.Path) -> list[str]:
    """Return the mount points strictly below a directory, outermost first.

    Reads ``/proc/self/mountinfo`` (proc(5)) once.
    """
    prefix = str(below).rstrip('/') + '/'
    return [target for target, _ in _mounted()
            if target.startswith(prefix) and target != prefix]


def filesystem_type(path: pathlib.Path) -> str:
    """Return the type (``ext4``) of the file system that holds a path.

    :param path: absolute and without links.
    """
    places = {path, *path.parents}
    # The longest; of those at one place the last hides the others.
    *_, (_, found) = sorted(
        ((target, kind) for target, kind in _mounted()
         if pathlib.Path(target) in places),
        key=lambda one: len(one[0]))
    return found


def _mounted() -> Iterator[tuple[str, str]]:
    """Yield mount point and file system type of each mount, oldest first."""
    with open('/proc/self/mountinfo', encoding='utf-8',
              errors='surrogateescape') as lines:
        for line in lines:
            target = _OCTAL.sub(
                lambda match: chr(int(match.group(1), 8)),
                line.split(' ', 5)[4])
            yield target, line.partition(' - ')[2].split(' ', 1)[0]
