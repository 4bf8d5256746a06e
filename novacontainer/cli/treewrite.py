"""A path of this host as a tar, while it is read.

Called by ``cli.copying``.  Nothing is buffered but one piece.
"""

from collections.abc import Iterator
import os
import pathlib
import stat
import tarfile

_PIECE_BYTES = 256 * 1024


class Tree:
    """A file, or a directory and all below it; iterates over its tar.

    Sockets are left out, as by tar(1).

    :param top: path on this host.
    :param name: what it is called in the tar; '' puts what is in a
        directory beside each other, without the directory.
    :param follow: a link at the end of the path is not meant itself.
    :param owners: keep users and groups, by number; else all is root's.
    """

    def __init__(self, top: pathlib.Path, name: str, *, follow: bool = False,
                 owners: bool = False) -> None:
        self._top = top
        self._name = name
        self._follow = follow
        self._owners = owners
        self._links: dict[tuple[int, int], str] = {}

    def __iter__(self) -> Iterator[bytes]:
        """Yield the tar in pieces.

        :raises OSError: when something cannot be read.
        """
        pending = [(self._top, self._name)]
        while pending:
            path, name = pending.pop()
            status = os.stat(
                path, follow_symlinks=self._follow and path == self._top)
            is_directory = stat.S_ISDIR(status.st_mode)
            if name:
                yield from self._member(path, name, status)
            if is_directory:
                prefix = f'{name}/' if name else ''
                pending += [(path / one, prefix + one) for one
                            in sorted(os.listdir(path), reverse=True)]
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _member(self, path: pathlib.Path, name: str,
                status: os.stat_result) -> Iterator[bytes]:
        kind = _KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return
        member = tarfile.TarInfo(name)
        member.type = kind
        member.mode = stat.S_IMODE(status.st_mode)
        member.mtime = status.st_mtime
        if self._owners:
            member.uid, member.gid = status.st_uid, status.st_gid
        if kind == tarfile.SYMTYPE:
            member.linkname = os.readlink(path)
        elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
            member.devmajor = os.major(status.st_rdev)
            member.devminor = os.minor(status.st_rdev)
        elif kind == tarfile.REGTYPE:
            first = self._links.setdefault(
                (status.st_dev, status.st_ino), name)
            if first == name or status.st_nlink == 1:
                yield from _file(path, member)
                return
            member.type, member.linkname = tarfile.LNKTYPE, first
        yield _header(member)


#: Sockets are not among them.
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE, stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE, stat.S_IFBLK: tarfile.BLKTYPE,
}


def _header(member: tarfile.TarInfo) -> bytes:
    return member.tobuf(tarfile.PAX_FORMAT, 'utf-8', 'surrogateescape')


def _file(path: pathlib.Path, member: tarfile.TarInfo) -> Iterator[bytes]:
    """Yield header and content; the size is that of the open file."""
    with path.open('rb') as file:
        left = member.size = os.fstat(file.fileno()).st_size
        yield _header(member)
        while left:
            piece = file.read(min(left, _PIECE_BYTES))
            if not piece:
                raise OSError(f'{path} became shorter while it was read')
            left -= len(piece)
            yield piece
    if odd := member.size % tarfile.BLOCKSIZE:
        yield bytes(tarfile.BLOCKSIZE - odd)
