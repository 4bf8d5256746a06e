"""A container's lasting user and network namespaces, and how to make them.

Called by ``service.containers`` (sandboxes) and ``host.idmap``.  Calls
``host.mounts`` and ``host.syscalls``.

A namespace lives as long as a process is in it or a file is bind-mounted
from ``/proc/PID/ns``.  So a child process enters new namespaces, the parent
writes its id map and pins the namespaces onto files, and the child ends:
what is configured in them then survives any process of the container.

The daemon has threads, and unshare(CLONE_NEWUSER) needs a process of one
thread: hence the fork.  The child makes only system calls that were bound
before the fork, and leaves by ``os._exit``.
"""

from collections.abc import Iterator
import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import pathlib
import signal
import socket
import struct

from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import syscalls
from novacontainer.runtime import models

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

#: Where ``ip netns`` looks for named network namespaces (ip-netns(8)).
NETNS_DIRECTORY = pathlib.Path('/run/netns')

_CHILD_TIMEOUT_S = 30
_STATUS = struct.Struct('=i')
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
#: ``struct ifreq`` (netdevice(7)): name, flags, padding.
_LOOPBACK_UP = struct.pack('16sh22x', b'lo', _IFF_UP)

# Bound here, so that the forked child looks nothing up.
_unshare = syscalls.libc.unshare
_socket = syscalls.libc.socket
_ioctl = syscalls.libc.ioctl
_prctl = syscalls.libc.prctl
_AF_INET, _SOCK_DGRAM = 2, 2


def sandbox_paths(container_id: str, run_root: pathlib.Path,
                  with_user: bool) -> models.SandboxPaths:
    """Return where a container's namespaces are pinned, made or not."""
    return models.SandboxPaths(
        netns=network_pin(container_id),
        userns=run_root / 'userns' / container_id if with_user else None)


def network_pin(container_id: str) -> pathlib.Path:
    return NETNS_DIRECTORY / f'nc-{container_id[:12]}'


def create_sandbox(container_id: str, id_map: models.IdMap | None,
                   run_root: pathlib.Path) -> models.SandboxPaths:
    """Make and pin a network namespace, owned by a new user namespace.

    ``lo`` is up in it.  Without an ``id_map`` the network namespace belongs
    to the host's user namespace.

    :param run_root: the user namespace is pinned in ``userns`` below it.
    :raises Conflict: the container's namespaces are pinned already.
    :raises Internal: the kernel refused; nothing is left behind.
    """
    paths = sandbox_paths(container_id, run_root, id_map is not None)
    flags = CLONE_NEWNET | (CLONE_NEWUSER if id_map else 0)
    try:
        _share_netns_directory()
        with contextlib.ExitStack() as undo:
            with hold(flags, id_map) as pid:
                _pin(f'/proc/{pid}/ns/net', network_pin(container_id),
                     undo)
                if paths.userns is not None:
                    paths.userns.parent.mkdir(
                        mode=0o711, parents=True, exist_ok=True)
                    _pin(f'/proc/{pid}/ns/user', paths.userns, undo)
            undo.pop_all()
    except FileExistsError as error:
        raise exception.Conflict(
            f'The namespaces of container {container_id} exist already: '
            f'{error.filename}', 'container.sandbox_exists') from error
    except OSError as error:
        raise exception.Internal(
            f'Cannot make the namespaces of container {container_id}: '
            f'{error}', 'container.sandbox') from error
    return paths


def remove_sandbox(paths: models.SandboxPaths) -> None:
    """Drop the pins; namespaces that nobody is in end with them.

    Interfaces that are still inside are destroyed or return to the host, as
    the kernel does for their kind.  Missing pins are fine.

    :raises Internal: a pin could not be removed.
    """
    for path in (paths.netns, paths.userns):
        if path is None:
            continue
        try:
            _unpin(path)
        except OSError as error:
            raise exception.Internal(
                f'Cannot remove the namespace pin {path}: {error}',
                'container.sandbox') from error


@contextlib.contextmanager
def hold(flags: int, id_map: models.IdMap | None,
         with_root: bool = False) -> Iterator[int]:
    """Keep a child in new namespaces; yield its pid; end it on leaving.

    :param flags: ``CLONE_NEWUSER``, ``CLONE_NEWNET`` or both; a network
        namespace gets its ``lo`` up.
    :param id_map: written as the map of the new user namespace.
    :param with_root: add a line that maps the host's root to the id after
        the last.
    :raises OSError: the kernel refused.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                _live_in_namespaces(flags, theirs.fileno(), parent)
        try:
            ours.settimeout(_CHILD_TIMEOUT_S)
            _expect(ours, 'unshare')
            if id_map is not None:
                _write_maps(pid, id_map, with_root)
            ours.send(b'm')
            _expect(ours, 'bring up lo')
            yield pid
        finally:
            # Not yet waited for, so the pid is still this child's.
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _live_in_namespaces(flags: int, channel: int, parent: int) -> None:
    """Be the child of :func:`hold`: report twice, then wait to be killed.

    The end of the channel is no sign to leave, because children forked at
    the same moment by other threads hold copies of the other end.
    """
    result = _unshare(flags)
    status = ctypes.get_errno() if result else 0
    # After unshare, which would reset it: die with the parent's thread.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == parent:
        os.write(channel, _STATUS.pack(status))
        os.read(channel, 1)
        status = _raise_loopback() if flags & CLONE_NEWNET else 0
        os.write(channel, _STATUS.pack(status))
        os.read(channel, 1)
    os._exit(0)


def _raise_loopback() -> int:
    """Set ``lo`` up in the caller's namespace; return an errno or 0."""
    fd = _socket(_AF_INET, _SOCK_DGRAM, 0)
    if fd < 0 or _ioctl(fd, _SIOCSIFFLAGS, _LOOPBACK_UP):
        return ctypes.get_errno()
    return 0


def _expect(channel: socket.socket, step: str) -> None:
    answer = channel.recv(_STATUS.size)
    status = _STATUS.unpack(answer)[0] if answer else errno.ECHILD
    if status:
        raise OSError(status, f'{step}: {os.strerror(status)}')


def _write_maps(pid: int, id_map: models.IdMap, with_root: bool) -> None:
    line = f'0 {id_map.host_base} {id_map.size}\n'
    if with_root:
        line += f'{id_map.size} 0 1\n'
    for name in ('uid_map', 'gid_map'):
        # The kernel takes the map in a single write (user_namespaces(7)).
        with open(f'/proc/{pid}/{name}', 'w', encoding='ascii') as file:
            file.write(line)


def _share_netns_directory() -> None:
    """Make /run/netns a shared mount, under the lock that ``ip netns`` takes.

    Only then does a pin show in mount namespaces made earlier from this
    one, and its removal there too.
    """
    NETNS_DIRECTORY.mkdir(mode=0o755, parents=True, exist_ok=True)
    target = str(NETNS_DIRECTORY)
    lock = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        flags = mounts.MS_SHARED | mounts.MS_REC
        try:
            mounts.mount('', target, flags=flags)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # No mount point yet.
            mounts.mount(target, target,
                         flags=mounts.MS_BIND | mounts.MS_REC)
            mounts.mount('', target, flags=flags)
    finally:
        os.close(lock)


def _pin(source: str, target: pathlib.Path,
         undo: contextlib.ExitStack) -> None:
    """Bind a namespace onto a file, replacing a stale unmounted one."""
    if is_namespace(target):
        raise FileExistsError(
            errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    os.close(os.open(target, os.O_CREAT | os.O_CLOEXEC, 0o444))
    undo.callback(_unpin, target)
    mounts.mount(source, str(target), flags=mounts.MS_BIND)


def is_namespace(path: pathlib.Path) -> bool:
    """Say whether a namespace is mounted on the file, no link."""
    try:
        return path.lstat().st_dev == os.stat('/proc/self/ns/net').st_dev
    except OSError:
        return False


def _unpin(path: pathlib.Path) -> None:
    try:
        mounts.unmount(str(path), mounts.MNT_DETACH)
    except OSError as error:
        # EINVAL: not mounted, as after a reboot.
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
    mounts.vacate(functools.partial(path.unlink, missing_ok=True))
