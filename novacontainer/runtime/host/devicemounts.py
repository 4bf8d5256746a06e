"""Block devices in the /dev of a container that runs.

Called by ``service.plugs`` and ``service.preparation``.  Calls
``host.mounts``, ``host.inroot`` and ``host.syscalls``.  Raises ``OSError``;
callers translate.

Nobody can make a device node in a user namespace, and on a tmpfs that was
mounted in one no node can be opened.  So a node is made on a tmpfs of the
host, which nobody else sees and which has no limits of that kind, and bound
into the container's mount namespace (open_tree(2), move_mount(2),
setns(2)).  It belongs to the container's root; that of the host is not
touched.

What is in a container's /dev is the container's to choose: no link is
followed, nothing that exists is replaced, and the mount goes onto the very
file that was made for it.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import errno
import os
import pathlib
import posixpath
import stat
import threading

from novacontainer.runtime.host import devices
from novacontainer.runtime.host import inroot
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import syscalls

_CLONE_NEWNS = 0x00020000
#: In a mount namespace that only we have, a place for a tmpfs.
_WORKSHOP = '/dev'
_NODE_ROOT = '/plugged-by-novacontainer'
_NODE = f'{_WORKSHOP}{_NODE_ROOT}'
#: Mounts on one place, at most: ours, and those of a container that may.
_LAYERS = 16


def add(space: int, name: str, node: devices.Node, owner: int) -> None:
    """Put a device node into the /dev of a mount namespace.

    :param space: descriptor of the namespace; ``/`` in it is the container's
        root.
    :param name: of the node, directly in /dev.
    :param owner: host id of the user and the group to which it belongs.
    :raises FileExistsError: there is something of that name.
    :raises OSError: the kernel refused; nothing is left behind.
    """
    def work() -> None:
        clone = _made(node, owner)
        try:
            folder = _entered(space)
            try:
                _bind(clone, folder, name, owner)
            finally:
                os.close(folder)
        finally:
            os.close(clone)

    _in_thread(work)


def remove(space: int, name: str) -> None:
    """Undo :func:`add`; fine when there is nothing of it.

    :raises OSError: the kernel refused.
    """
    def work() -> None:
        syscalls.check(syscalls.libc.unshare(_CLONE_NEWNS))
        folder = _entered(space)
        try:
            os.fchdir(folder)
            if _uncovered(name):
                _remove_place(folder, name)
        finally:
            os.close(folder)

    _in_thread(work)


def names(pid: int) -> frozenset[str]:
    """Return the names of what :func:`add` put into a process's /dev.

    None when the process has ended.
    """
    try:
        lines = pathlib.Path(f'/proc/{pid}/mountinfo').read_text()
    except OSError:
        return frozenset()
    found = set()
    for line in lines.splitlines():
        # Identifier, parent, device, root in the file system, mount point.
        fields = line.split()
        folder, name = posixpath.split(fields[4])
        if fields[3] == _NODE_ROOT and folder == '/dev':
            found.add(name)
    return frozenset(found)


def _made(node: devices.Node, owner: int) -> int:
    """Return a detached mount that is a node of the container's own."""
    syscalls.check(syscalls.libc.unshare(_CLONE_NEWNS))
    mounts.mount('', '/', flags=mounts.MS_REC | mounts.MS_PRIVATE)
    with mounts.FilesystemContext('tmpfs') as context:
        context.create()
        tmpfs = context.mount()
    try:
        mounts.attach(tmpfs, _WORKSHOP)
    finally:
        os.close(tmpfs)
    os.mknod(_NODE, stat.S_IFBLK | 0o600,
             os.makedev(node.major, node.minor))
    os.chown(_NODE, owner, owner)
    os.chmod(_NODE, 0o660)
    return mounts.clone_tree(_NODE)


def _entered(space: int) -> int:
    """Enter a mount namespace; return a descriptor of its /dev."""
    syscalls.check(syscalls.libc.setns(space, _CLONE_NEWNS))
    root = os.open('/', os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return inroot.open_path(root, 'dev', os.O_RDONLY | os.O_DIRECTORY,
                                inroot.RESOLVE_NO_SYMLINKS)
    finally:
        os.close(root)


def _bind(clone: int, folder: int, name: str, owner: int) -> None:
    # The file system of a user namespace knows no id of the host's root.
    with _acting_as(owner):
        place = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY
                        | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600,
                        dir_fd=folder)
    try:
        mounts.attach_to(clone, place)
    except OSError:
        _remove_place(folder, name)
        raise
    finally:
        os.close(place)


@contextlib.contextmanager
def _acting_as(owner: int) -> Iterator[None]:
    """Let this one thread make files as somebody else (setfsuid(2))."""
    libc = syscalls.libc
    libc.setfsgid(owner)
    libc.setfsuid(owner)
    try:
        yield
    finally:
        libc.setfsuid(0)
        libc.setfsgid(0)


def _uncovered(name: str) -> bool:
    """Take away what is mounted on a name of the current directory."""
    for depth in range(_LAYERS):
        try:
            mounts.unmount(name, mounts.MNT_DETACH)
        except OSError as error:
            # EINVAL: no mount point (any more); ELOOP: it is a link.
            if error.errno in (errno.EINVAL, errno.ENOENT, errno.ELOOP):
                return depth > 0
            raise
    raise OSError(errno.EBUSY, 'the container mounts over it', name)


def _remove_place(folder: int, name: str) -> None:
    # The container may have been quicker, and put a directory there.
    with contextlib.suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(name, dir_fd=folder)


def _in_thread(work: Callable[[], None]) -> None:
    """Do what changes a thread's namespaces in one that ends with it."""
    failed: list[OSError] = []

    def run() -> None:
        try:
            work()
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=run, name='device mount', daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
