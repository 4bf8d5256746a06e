"""Apply a layer's tar to an empty directory.

Called by ``unpack.child``, confined to that directory; calls the tar reader
and the file system.  What overlayfs needs to know (whiteouts, opaque
directories) is translated on the way, so the tree can be a lower layer.

Decisions about what images carry:

* Paths resolve below the layer; ``..`` is refused.  Symlinks are created as
  they are and lead nowhere else, because the process is chrooted.
* Device nodes are left out: containers get their /dev from the runtime, and
  a node elsewhere would be guarded by the devices cgroup alone.
* Of the extended attributes only ``user.*`` and ``security.capability`` are
  kept; ``trusted.overlay.*`` would let an image reach into overlayfs.
  Capabilities of version 2 need no conversion: the kernel reads them
  relative to the idmapped mount.  Version 3 names an id of another host's
  user namespace and is left out.
* Ids are kept unshifted and must fit a container's 65536.
"""

import errno
import os
import stat

from novacontainer.runtime import exception
from novacontainer.runtime.host import trees
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import tar_read
from novacontainer.runtime.image import whiteout

_CREATE = (os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
           | os.O_CLOEXEC)
_ID_MAX = 65535
_SETID = stat.S_ISUID | stat.S_ISGID
_TIME_MIN_NS = -(1 << 31) * 1_000_000_000
_TIME_MAX_NS = (1 << 33) * 1_000_000_000
_CAPABILITY = b'security.capability'
_CAPABILITY_V3_BYTES = 24
#: The daemon gets the names of all opaque directories, and keeps them.
_OPAQUE_BYTES = 16 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)
#: The file system's word for what is wrong with a name of the image.
_NAME_ERRORS = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR,
                errno.EINVAL, errno.ENOENT, errno.EEXIST, errno.EISDIR,
                errno.EMLINK, errno.EPERM, errno.E2BIG, errno.ERANGE,
                errno.EILSEQ, errno.ENOTEMPTY)


class Applier:
    """One layer being applied to the current directory.

    :param stream: the uncompressed tar.
    :param max_bytes: largest sum of file sizes.
    :param max_entries: largest number of entries.
    :param whiteouts: translate names that speak of lower layers.
    :param owner: uid and gid that all gets, whatever the tar says.
    :param keep_kinds: refuse to replace a directory by something else, or
        something else by a directory.
    """

    def __init__(self, stream: chunks.ChunkStream, max_bytes: int,
                 max_entries: int, *, whiteouts: bool = True,
                 owner: tuple[int, int] | None = None,
                 keep_kinds: bool = False) -> None:
        self._translates = whiteouts
        self._owner = owner
        self._keep_kinds = keep_kinds
        self._stream = stream
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._whiteouts: set[bytes] = set()
        self._opaque: set[bytes] = set()
        self._directory_times: dict[bytes, int] = {}
        #: A set-group-id directory hands its group down, so from the first
        #: one on every owner is set explicitly.
        self._own_all = False
        self.size_bytes = 0
        self.entries = 0
        self.skipped = 0

    def run(self, *, need_end: bool) -> None:
        """Apply everything.

        :raises InvalidRequest: the layer is malformed or past a limit.
        :raises Unavailable: no space left.
        """
        for entry in tar_read.entries(self._stream, need_end=need_end):
            self._count()
            try:
                self._apply(entry)
            except OSError as error:
                raise _translated(error, entry) from error
        self._set_directory_times()

    def _count(self) -> None:
        """Count a file or a directory, said or implied."""
        self.entries += 1
        if self.entries > self._max_entries:
            raise exception.InvalidRequest(
                f'a layer has more than {self._max_entries} files; '
                'this host allows no more', 'image.too_large')

    def opaque(self) -> list[bytes]:
        """Directories that hide the lower ones, from the layer's root.

        The attribute that says so takes a privilege that this process has
        dropped.
        """
        real = {os.path.realpath(b'/' + path) for path in self._opaque}
        if sum(map(len, real)) > _OPAQUE_BYTES:
            raise exception.InvalidRequest(
                f'a layer has too many opaque directories ({len(real)})',
                'image.too_large')
        return sorted(path.lstrip(b'/') for path in real
                      if stat.S_ISDIR(self._kind(path)))

    def _apply(self, entry: tar_read.Entry) -> None:
        entry.name = name = _below(entry.name)
        kind = entry.type
        if entry.uid > _ID_MAX or entry.gid > _ID_MAX:
            raise exception.InvalidRequest(
                f'{entry.text()} belongs to {entry.uid}:{entry.gid}; ids '
                f'above {_ID_MAX} do not exist in a container',
                'image.unsupported')
        if not name and kind != tar_read.DIRECTORY:
            raise tar_read.malformed('the root is not a directory')
        base = name[name.rfind(b'/') + 1:]
        if self._owner is not None:
            entry.uid, entry.gid = self._owner
        if self._keep_kinds:
            self._check_kind(entry)
        if self._translates and base.startswith(whiteout.PREFIX):
            self._hide(name, base)
            self._stream.skip(entry.size)
        elif kind == tar_read.REGULAR:
            self._regular(entry)
        elif kind == tar_read.DIRECTORY:
            self._directory(entry)
        elif kind == tar_read.SYMLINK:
            self._symlink(entry)
        elif kind == tar_read.LINK:
            self._link(entry)
        elif kind == tar_read.FIFO:
            self._fifo(entry)
        elif kind in (tar_read.CHAR, tar_read.BLOCK_DEVICE):
            self.skipped += 1
        else:
            raise tar_read.malformed(
                f'{entry.text()} is of unknown type {chr(kind)!r}')

    def _check_kind(self, entry: tar_read.Entry) -> None:
        there = self._kind(entry.name)
        is_directory = entry.type == tar_read.DIRECTORY
        if there and stat.S_ISDIR(there) != is_directory:
            kinds = 'directory', 'non-directory'
            raise exception.InvalidRequest(
                f'cannot overwrite {kinds[is_directory]} '
                f'{entry.text()} with {kinds[not is_directory]}',
                'file.other_kind')

    def _regular(self, entry: tar_read.Entry) -> None:
        name, mode, size = entry.name, entry.mode, entry.size
        self.size_bytes += size
        if self.size_bytes > self._max_bytes:
            raise exception.InvalidRequest(
                f'a layer unpacks to more than {self._max_bytes} bytes; '
                'this host allows no more', 'image.too_large')
        try:
            handle = os.open(name, _CREATE, mode)
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            self._make_way(name)
            handle = os.open(name, _CREATE, mode)
        try:
            if size:
                self._stream.copy(handle, size)
            if self._own_all or entry.uid or entry.gid:
                os.fchown(handle, entry.uid, entry.gid)
            if mode & _SETID:
                os.fchmod(handle, mode)  # writing and chown cleared them
            if entry.xattrs:
                _set_xattrs(handle, entry)
            time = _time(entry)
            os.utime(handle, ns=(time, time))
        finally:
            os.close(handle)

    def _directory(self, entry: tar_read.Entry) -> None:
        name, mode = entry.name or b'.', entry.mode
        try:
            os.mkdir(name, mode)
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            if not stat.S_ISDIR(self._kind(name)):
                self._make_way(name)
                os.mkdir(name, mode)
        if mode & stat.S_ISGID:
            self._own_all = True
        os.chown(name, entry.uid, entry.gid, follow_symlinks=False)
        os.chmod(name, mode)  # not a symlink: it was just found or made
        if entry.xattrs:
            _set_xattrs(name, entry)
        self._directory_times[name] = _time(entry)

    def _symlink(self, entry: tar_read.Entry) -> None:
        if not entry.link:
            raise tar_read.malformed(f'{entry.text()} links to nothing')
        try:
            os.symlink(entry.link, entry.name)
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            self._make_way(entry.name)
            os.symlink(entry.link, entry.name)
        self._finish_special(entry)

    def _fifo(self, entry: tar_read.Entry) -> None:
        try:
            os.mkfifo(entry.name, entry.mode)
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            self._make_way(entry.name)
            os.mkfifo(entry.name, entry.mode)
        self._finish_special(entry)

    def _finish_special(self, entry: tar_read.Entry) -> None:
        if self._own_all or entry.uid or entry.gid:
            os.chown(entry.name, entry.uid, entry.gid,
                     follow_symlinks=False)
        time = _time(entry)
        os.utime(entry.name, ns=(time, time), follow_symlinks=False)

    def _link(self, entry: tar_read.Entry) -> None:
        target = _below(entry.link)
        if not stat.S_IFMT(self._kind(target)) or not target:
            raise tar_read.malformed(
                f'{entry.text()} is a hard link to '
                f'{entry.link.decode("utf-8", "backslashreplace")}, which '
                'is not in the layer')
        if target == entry.name:
            return
        try:
            os.link(target, entry.name, follow_symlinks=False)
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            self._make_way(entry.name)
            os.link(target, entry.name, follow_symlinks=False)

    def _hide(self, name: bytes, base: bytes) -> None:
        """Translate a whiteout; it speaks of lower layers only."""
        hidden = whiteout.hidden_name(base)
        parent = name[:-len(base)]
        if base == whiteout.OPAQUE:
            self._make_parents(name)
            self._opaque.add(parent)
            return
        if not hidden:
            if base == whiteout.PREFIX:
                raise tar_read.malformed('a whiteout of nothing')
            return  # AUFS's own housekeeping
        if hidden in (b'.', b'..'):
            raise tar_read.malformed('a whiteout of a directory itself')
        path = parent + hidden
        self._make_parents(path)
        kind = self._kind(path)
        if stat.S_ISDIR(kind):
            # This layer replaces the directory by one of its own.
            self._opaque.add(path)
        elif not kind:
            os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))
            self._whiteouts.add(path)

    def _make_way(self, name: bytes) -> None:
        """Make the parents of ``name`` and remove what has its place."""
        self._make_parents(name)
        try:
            os.unlink(name)
        except FileNotFoundError:
            return
        except IsADirectoryError:
            trees.remove(os.fsdecode(name))
            return
        if name in self._whiteouts:
            self._whiteouts.discard(name)
            # A directory of the lower layer was hidden and the new one, if
            # it is one, must not show it again.
            self._opaque.add(name)

    def _make_parents(self, name: bytes) -> None:
        # From below, since mostly only the last of them is missing.
        end = name.rfind(b'/')
        while end >= 0:
            try:
                self._make_parent(name[:end])
                break
            except (FileNotFoundError, NotADirectoryError):
                end = name.rfind(b'/', 0, end)
        end = name.find(b'/', end + 1)
        while end >= 0:
            self._make_parent(name[:end])
            end = name.find(b'/', end + 1)

    def _make_parent(self, parent: bytes) -> None:
        try:
            os.mkdir(parent, 0o755)
            self._count()
            os.chown(parent, 0, 0)
        except FileExistsError:
            if parent in self._whiteouts:
                os.unlink(parent)
                os.mkdir(parent, 0o755)
                self._whiteouts.discard(parent)
                self._opaque.add(parent)

    @staticmethod
    def _kind(name: bytes) -> int:
        """Mode of what is at ``name``; 0: nothing."""
        try:
            return os.lstat(name or b'.').st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def _set_directory_times(self) -> None:
        """Last, because every file that is made changes its directory's."""
        for name, time in self._directory_times.items():
            try:
                os.utime(name, ns=(time, time), follow_symlinks=False)
            except (FileNotFoundError, NotADirectoryError):
                continue  # a later entry replaced it


def _below(name: bytes) -> bytes:
    """Give a path relative to the layer, without empty and dot parts."""
    if (name[:1] not in (b'.', b'/') and b'/.' not in name
            and b'//' not in name):
        return name
    parts = [part for part in name.split(b'/') if part not in (b'', b'.')]
    if b'..' in parts:
        raise tar_read.malformed(
            f'{name.decode("utf-8", "backslashreplace")} leads out of the '
            'layer')
    return b'/'.join(parts)


def _time(entry: tar_read.Entry) -> int:
    return min(max(entry.mtime_ns, _TIME_MIN_NS), _TIME_MAX_NS)


def _set_xattrs(where: int | bytes, entry: tar_read.Entry) -> None:
    for key, value in entry.xattrs.items():
        if key == _CAPABILITY:
            if len(value) == _CAPABILITY_V3_BYTES and any(value[20:]):
                continue
        elif (not key.startswith(b'user.')
                or key.startswith(b'user.overlay.')):
            continue
        try:
            os.setxattr(where, key, value)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                # The file system's room for attributes, not the disk.
                raise exception.InvalidRequest(
                    f'the extended attributes of {entry.text()} are too '
                    'large', 'image.unsupported') from error
            raise


def _translated(error: OSError,
                entry: tar_read.Entry) -> exception.RuntimeFault:
    if error.errno in _FULL:
        return exception.Unavailable(
            'no space left on the disk while unpacking the image; free '
            'some and try again', 'storage.full')
    if error.errno in _NAME_ERRORS:
        return exception.InvalidRequest(
            f'{entry.text()} cannot be unpacked: {os.strerror(error.errno)}',
            'image.malformed')
    return exception.Internal(
        f'unpacking {entry.text()}: {error}', 'image.unpack_failed')
