"""Put a layer onto a plain tree, for drivers that cannot stack directories.

Called by ``storage.chains`` and ``storage.vfs``.  Calls ``host.copying``,
``host.inroot``, ``host.trees``, ``storage.stacking``.

Both trees hold what untrusted images say, and rest while this runs: nobody
but the daemon reaches them.  No link of theirs is ever followed.  Bytes are
shared with the layer where the file system can do that.
"""

from collections.abc import Iterator
import contextlib
import errno
import os
import pathlib
import stat

from novacontainer.runtime.host import copying
from novacontainer.runtime.host import inroot
from novacontainer.runtime.host import trees
from novacontainer.runtime.storage import stacking

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE = (os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
          | os.O_CLOEXEC)
_CAPABILITY = 'security.capability'


def apply(layer: pathlib.Path, tree: pathlib.Path, shift: int = 0) -> None:
    """Make a tree look as if a layer had been stacked onto it.

    The top itself stays as it is.

    :param layer: in the form of an upper directory of overlayfs.
    :param shift: added to every owner of what is put there.
    :raises OSError: ENOENT where the layer is missing; or the disk is full.
    """
    with contextlib.ExitStack() as stack:
        source = inroot.open_root(layer)
        stack.callback(os.close, source)
        target = inroot.open_root(tree)
        stack.callback(os.close, target)
        _Layer(source, target, shift).run()


class _Layer:
    """One layer on its way onto one tree."""

    def __init__(self, source: int, target: int, shift: int) -> None:
        self._source = source
        self._target = target
        self._shift = shift
        #: First path of each file that has several.
        self._links: dict[int, str] = {}

    def run(self) -> None:
        """Put everything there."""
        pending = ['']
        times: list[tuple[str, os.stat_result]] = []
        while pending:
            path = pending.pop()
            with (_folder(self._source, path) as source,
                  _folder(self._target, path) as target):
                if path:
                    # The times later, because filling it changes them.
                    status = os.fstat(source)
                    self._dress(source, target, status)
                    times.append((path, status))
                for name in os.listdir(source):
                    inner = f'{path}/{name}' if path else name
                    if self._put(source, target, name, inner):
                        pending.append(inner)
        for path, status in times:
            with _folder(self._target, path) as target:
                os.utime(target, ns=_times(status))

    def _put(self, source: int, target: int, name: str, path: str) -> bool:
        """Put one name there; True: it is a directory, to be filled."""
        status = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            self._put_directory(source, target, name)
            return True
        # Whatever the lower layers have there is hidden by this.
        trees.remove(f'/proc/self/fd/{target}/{name}')
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name,
                       dir_fd=target)
            os.chown(name, status.st_uid + self._shift,
                     status.st_gid + self._shift, dir_fd=target,
                     follow_symlinks=False)
            os.utime(name, ns=_times(status), dir_fd=target,
                     follow_symlinks=False)
        elif stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode):
            self._put_file(source, target, name, path, status)
        # Else a whiteout: layers hold no other devices, and no sockets.
        return False

    def _put_directory(self, source: int, target: int, name: str) -> None:
        place = f'/proc/self/fd/{target}/{name}'
        if stacking.is_opaque(pathlib.Path(
                f'/proc/self/fd/{source}/{name}')) or not _is_directory(
                    target, name):
            trees.remove(place)
            os.mkdir(name, 0o700, dir_fd=target)

    def _put_file(self, source: int, target: int, name: str, path: str,
                  status: os.stat_result) -> None:
        if status.st_nlink > 1:
            first = self._links.setdefault(status.st_ino, path)
            if first != path:
                # Its parents are directories of this very layer.
                os.link(first, name, src_dir_fd=self._target,
                        dst_dir_fd=target, follow_symlinks=False)
                return
        if stat.S_ISFIFO(status.st_mode):
            os.mkfifo(name, 0o600, dir_fd=target)
            os.chown(name, status.st_uid + self._shift,
                     status.st_gid + self._shift, dir_fd=target)
            os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=target)
            os.utime(name, ns=_times(status), dir_fd=target)
            return
        with (_file(name, _READ, source) as original,
              _file(name, _WRITE, target) as copy):
            copying.copy(original, copy, status.st_size)
            self._dress(original, copy, status)
            os.utime(copy, ns=_times(status))

    def _dress(self, original: int, copy: int,
               status: os.stat_result) -> None:
        """Give a file its owner, its mode and its attributes."""
        # In this order: a change of owner takes the others away.
        os.fchown(copy, status.st_uid + self._shift,
                  status.st_gid + self._shift)
        os.fchmod(copy, stat.S_IMODE(status.st_mode))
        for name in _attributes(original):
            os.setxattr(copy, name, os.getxattr(original, name))


@contextlib.contextmanager
def _folder(top: int, path: str) -> Iterator[int]:
    handle = inroot.open_path(top, path, _DIRECTORY,
                              inroot.RESOLVE_NO_SYMLINKS)
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def _file(name: str, flags: int, folder: int) -> Iterator[int]:
    handle = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


def _is_directory(folder: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(
            name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _attributes(handle: int) -> list[str]:
    """Return the names of the attributes that are the image's own."""
    try:
        names = os.listxattr(handle)
    except OSError as error:
        # A file system without any.
        if error.errno == errno.EOPNOTSUPP:
            return []
        raise
    return [name for name in names
            if name.startswith('user.') or name == _CAPABILITY]


def _times(status: os.stat_result) -> tuple[int, int]:
    return status.st_atime_ns, status.st_mtime_ns
