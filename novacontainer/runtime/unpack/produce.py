"""Write the writable layer of a container as an OCI layer tar.

Called by ``unpack.child``, confined to the upper directory, and by
``unpack.select``; calls the tar
writer and the file system.  The tree was shaped by a container, so nothing
is followed, nothing blocks, and what is written is bounded.

The order is that of names, so equal trees give equal bytes.  Sockets are
left out, as tar has no type for them, and so is what a layer would take for
a whiteout because of its name.  Host ids become the container's;
times are whole seconds.
"""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterator
import errno
import os
import stat

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import tar_write
from novacontainer.runtime.image import whiteout

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOBODY = 65534
_CAPABILITY = 'security.capability'
#: linux/capability.h: version 3 carries the id that owns the namespace.
_CAPABILITY_V3_BYTES = 24
#: Overlayfs keeps these only with features that a layer can't express.
_FOREIGN = ('trusted.overlay.redirect', 'trusted.overlay.metacopy')


class Producer:
    """One upper directory, the current one, being written.

    :param write: takes the tar's bytes.
    :param host_base: first host id of the container; ``size`` follow it.
    :param max_bytes: largest sum of file sizes.
    :param max_entries: largest number of entries.
    """

    def __init__(self, write: Callable[[bytes], object], host_base: int,
                 size: int, max_bytes: int, max_entries: int) -> None:
        self._write = write
        self._host_base = host_base
        self._size = size
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._links: dict[tuple[int, int], bytes] = {}
        self.size_bytes = 0
        self.entries = 0

    def run(self) -> None:
        """Write the whole tar.

        :raises InvalidRequest: the tree is past a limit.
        :raises NotSupported: the tree uses overlay features of which a
            layer knows nothing.
        """
        try:
            for path in self._paths():
                try:
                    self._file(path)
                except FileNotFoundError:
                    continue  # removed meanwhile by a container that runs
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise exception.InvalidRequest(
                'the container holds a path of more than 4095 bytes, for '
                'which no layer has room; remove it', 'image.unsupported',
            ) from error
        self._write(tar_write.END)

    def _paths(self) -> Iterator[bytes]:
        return walk(b'.', whiteout.PREFIX)

    def _name(self, path: bytes) -> bytes:
        """Give the name under which a path is written."""
        return path

    def _file(self, path: bytes) -> None:
        self.entries += 1
        if self.entries > self._max_entries:
            raise exception.InvalidRequest(
                f'the container changed more than {self._max_entries} '
                'files; this host commits no more', 'image.too_large')
        status = os.lstat(path)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFCHR and not status.st_rdev:
            self._whiteout(path)
        elif kind == stat.S_IFDIR:
            self._directory(path, status)
        elif kind == stat.S_IFLNK:
            self._head(path, tar_write.SYMLINK, status,
                       link=os.readlink(path))
        elif kind == stat.S_IFIFO:
            self._head(path, tar_write.FIFO, status)
        elif kind == stat.S_IFREG:
            self._regular(path, status)

    def _whiteout(self, path: bytes) -> None:
        folder, _, base = path.rpartition(b'/')
        self._write(tar_write.header(
            (folder + b'/' if folder else b'') + whiteout.PREFIX + base,
            mode=0))

    def _directory(self, path: bytes, status: os.stat_result) -> None:
        xattrs = self._xattrs(path)
        for name in _FOREIGN:
            if name in xattrs:
                raise exception.NotSupported(
                    f'the layer of the container uses {name}; mount overlayfs '
                    'with redirect_dir=off and metacopy=off',
                    'image.overlay_feature')
        self._head(path + b'/', tar_write.DIRECTORY, status,
                   xattrs=self._kept(xattrs))
        if xattrs.get(whiteout.OPAQUE_ATTRIBUTE) == whiteout.OPAQUE_VALUE:
            folder = b'' if path == b'.' else path + b'/'
            self._write(tar_write.header(folder + whiteout.OPAQUE, mode=0))

    def _regular(self, path: bytes, status: os.stat_result) -> None:
        if status.st_nlink > 1:
            key = (status.st_dev, status.st_ino)
            first = self._links.setdefault(key, path)
            if first != path:
                self._head(path, tar_write.LINK, status,
                           link=self._name(first))
                return
        handle = os.open(path, _OPEN)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return  # swapped meanwhile
            size = status.st_size
            self.size_bytes += size
            if self.size_bytes > self._max_bytes:
                raise exception.InvalidRequest(
                    'the files of the container hold more than '
                    f'{self._max_bytes} bytes; this host commits no more',
                    'image.too_large')
            self._head(path, tar_write.REGULAR, status, size=size,
                       xattrs=self._kept(self._xattrs(handle)))
            self._data(handle, size)
        finally:
            os.close(handle)

    def _data(self, handle: int, size: int) -> None:
        """Write exactly ``size`` bytes, though the file may change."""
        left = size
        while left:
            data = os.read(handle, min(left, chunks.CHUNK_BYTES))
            if not data:
                data = bytes(min(left, chunks.CHUNK_BYTES))
            self._write(data)
            left -= len(data)
        if size % tar_write.BLOCK:
            self._write(tar_write.padding(size))

    def _head(self, path: bytes, kind: bytes, status: os.stat_result, *,
              size: int = 0, link: bytes = b'',
              xattrs: dict[bytes, bytes] | None = None) -> None:
        self._write(tar_write.header(
            self._name(path), kind, size=size,
            mode=stat.S_IMODE(status.st_mode),
            uid=self._inner(status.st_uid), gid=self._inner(status.st_gid),
            mtime_s=status.st_mtime_ns // 1_000_000_000, link=link,
            xattrs=xattrs))

    def _inner(self, host_id: int) -> int:
        """Give the id as the container sees it."""
        inner = host_id - self._host_base
        return inner if 0 <= inner < self._size else _NOBODY

    @staticmethod
    def _xattrs(where: int | bytes) -> dict[str, bytes]:
        try:
            names = os.listxattr(where)
            return {name: os.getxattr(where, name) for name in names}
        except OSError as error:
            if error.errno in (errno.ENODATA, errno.EOPNOTSUPP):
                return {}  # removed meanwhile, or a file system without
            raise

    def _kept(self, xattrs: dict[str, bytes]) -> dict[bytes, bytes]:
        """Choose what belongs into an image."""
        kept = {}
        for name, value in xattrs.items():
            if name == _CAPABILITY:
                kept[name.encode()] = self._capability(value)
            elif (name.startswith('user.')
                    and not name.startswith('user.overlay.')):
                kept[os.fsencode(name)] = value
        return kept

    def _capability(self, value: bytes) -> bytes:
        """Make a file capability independent of this container's ids.

        The kernel stores what a container sets as version 3, with the host
        id of the container's root; without it, it is a version 2.
        """
        if len(value) != _CAPABILITY_V3_BYTES:
            return value
        version = int.from_bytes(value[:4], 'little')
        flags = version & 0x00ffffff
        return (0x02000000 | flags).to_bytes(4, 'little') + value[4:20]


def walk(top: bytes, hidden: bytes | None = None,
         devices: Container[int] | None = None) -> Iterator[bytes]:
    """Yield a path and all that are below it, parents first.

    :param top: relative to the current directory, which is ``.``.
    :param hidden: names that begin so are left out.
    :param devices: directories of other file systems are not entered:
        not all that they name can be read (/proc).
    """
    pending = [top]
    while pending:
        path = pending.pop()
        yield path
        try:
            # Refuses what was swapped for a symlink meanwhile.
            handle = os.open(path, _OPEN | os.O_DIRECTORY)
        except (NotADirectoryError, FileNotFoundError):
            continue
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                continue
            raise
        try:
            if (devices is not None
                    and os.fstat(handle).st_dev not in devices):
                continue
            names = sorted(
                (name for name in map(os.fsencode, os.listdir(handle))
                 if hidden is None or not name.startswith(hidden)),
                reverse=True)
        finally:
            os.close(handle)
        prefix = b'' if path == b'.' else path + b'/'
        pending += [prefix + name for name in names]
