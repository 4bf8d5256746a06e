"""A root file system with mounts on it that nobody else sees.

Called by ``service.archives``, to look into containers that do not run.
Calls ``host.mounts``, ``host.inroot``.

The mounts are made in a mount namespace of their own (mount_namespaces(7)),
by a thread that ends at once: what others mount or unmount meanwhile changes
nothing in there, and no path of the host ever leads there.  So a write can't
come to lie *below* a mount that somebody has just taken away.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import os
import pathlib
import threading

from novacontainer.runtime.host import inroot
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import syscalls

_CLONE_NEWNS = 0x00020000


@contextlib.contextmanager
def opened(root: pathlib.Path, attached: Sequence[tuple[str, int]],
           ) -> Iterator[tuple[int, int]]:
    """Yield descriptors of a root directory and of its mount namespace.

    The mounts are there for as long as anybody holds the second one.

    :param attached: places in the root, outermost first, each with the
        descriptor of a detached mount; what has no place is left out.
    :raises OSError: the kernel refused.
    """
    view = _View(root, attached)
    view.start()
    view.join()
    if view.error is not None:
        raise view.error
    with contextlib.ExitStack() as stack:
        for handle in view.handles:
            stack.callback(os.close, handle)
        yield view.handles[0], view.handles[1]


class _View(threading.Thread):
    """Makes the namespace; threads of one process can differ in theirs."""

    def __init__(self, root: pathlib.Path,
                 attached: Sequence[tuple[str, int]]) -> None:
        super().__init__(name='mount view', daemon=True)
        self._root = root
        self._attached = attached
        self.handles: tuple[int, ...] = ()
        self.error: OSError | None = None

    def run(self) -> None:
        """Be the thread."""
        try:
            with contextlib.ExitStack() as undo:
                handles = self._open(undo)
                undo.pop_all()
            self.handles = handles
        except OSError as error:
            self.error = error

    def _open(self, undo: contextlib.ExitStack) -> tuple[int, int]:
        syscalls.check(syscalls.libc.unshare(_CLONE_NEWNS))
        mounts.mount('', '/', flags=mounts.MS_REC | mounts.MS_PRIVATE)
        space = os.open('/proc/thread-self/ns/mnt',
                        os.O_RDONLY | os.O_CLOEXEC)
        undo.callback(os.close, space)
        root = self._change_root(undo)
        for place, mount_fd in self._attached:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                target = inroot.open_path(root, place, os.O_PATH)
                try:
                    mounts.attach_to(mount_fd, target)
                finally:
                    os.close(target)
        return root, space

    def _change_root(self, undo: contextlib.ExitStack) -> int:
        """Leave nothing in the namespace but the root; open that.

        Whatever else is mounted on the host must not stay busy for us.
        """
        clone = mounts.clone_tree(str(self._root))
        try:
            mounts.attach(clone, str(self._root))
        finally:
            os.close(clone)
        root = inroot.open_root(self._root)
        undo.callback(os.close, root)
        # One above the other, as pivot_root(2) describes.
        os.fchdir(root)
        syscalls.check(syscalls.libc.pivot_root(b'.', b'.'))
        mounts.unmount('.', mounts.MNT_DETACH)
        return root
