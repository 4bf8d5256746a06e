"""A tar from a container, put into a directory of this host.

Called by ``cli.copying``.  The tar is a tenant's: nothing in it, neither a
name nor a link, leads out of the directory, and nothing gets the right to
run as somebody else unless that is asked for.
"""

from collections.abc import Callable
import contextlib
import os
import pathlib
import stat
import tarfile
import typing

from novacontainer.cli import failure

_PIECE_BYTES = 256 * 1024
_PERMISSIONS = 0o777


class Readable(typing.Protocol):
    """Whatever has a binary ``read``."""

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes; b'' at the end."""


class Extraction:
    """Puts a tar into a directory.

    Each file is there whole or, after a fault, as it was.

    :param base: the directory, which exists.
    :param top: what the first part of the names becomes; '' drops it.
    :param owners: keep users, groups and setuid bits.
    :ivar left_out: names of devices, which are not made here.
    """

    def __init__(self, base: pathlib.Path, top: str, *,
                 owners: bool = False) -> None:
        self._base = base
        self._top = top
        self._owners = owners
        self._directories: list[tuple[pathlib.Path, tarfile.TarInfo]] = []
        self._safe = {base}
        self.left_out: list[str] = []

    def run(self, source: Readable) -> None:
        """Read the whole tar.

        :raises CommandFailed: when it is no tar, or something cannot be
            written.
        """
        try:
            with tarfile.open(fileobj=typing.cast(typing.BinaryIO, source),
                              mode='r|') as archive:
                for member in archive:
                    self._extract(archive, member)
                # What follows the end, up to that of the stream.
                while source.read(_PIECE_BYTES):
                    pass
            for path, member in reversed(self._directories):
                self._finish(path, member)
        except tarfile.TarError as error:
            raise failure.CommandFailed(
                f'The archive from the container is broken: {error}.'
                ) from error
        except OSError as error:
            raise failure.CommandFailed(
                f'{error.filename2 or error.filename or self._base} cannot '
                f'be written: {error.strerror or error}.') from error

    def _extract(self, archive: tarfile.TarFile,
                 member: tarfile.TarInfo) -> None:
        path = self._path(member.name)
        if path == self._base:
            if not member.isdir():
                raise failure.CommandFailed(
                    f'{path} is a directory, and {member.name} is none.')
            return
        self._check_parents(path.parent)
        if member.isdir():
            self._make_directory(path, member)
        elif member.isreg():
            self._place(path, member, lambda part: _write(
                part, archive, member))
        elif member.issym():
            self._place(path, member, lambda part: os.symlink(
                member.linkname, part))
        elif member.islnk():
            first = self._path(member.linkname)
            self._check_parents(first.parent)
            self._place(path, None, lambda part: os.link(
                first, part, follow_symlinks=False))
        elif member.isfifo():
            self._place(path, member, os.mkfifo)
        else:
            self.left_out.append(member.name)

    def _path(self, name: str) -> pathlib.Path:
        """Turn a name in the tar into a path here.

        :raises CommandFailed: when it leads elsewhere.
        """
        _, *parts = name.strip('/').split('/')
        if '..' in parts or name.split('/')[0] == '..' or '' in parts:
            raise failure.CommandFailed(
                f'The archive from the container is broken: it holds the '
                f'name {name!r}.')
        return self._base.joinpath(self._top, *parts)

    def _check_parents(self, folder: pathlib.Path) -> None:
        """Refuse a way that leads over a link.

        :raises CommandFailed: when it does, or is not there.
        """
        above = []
        while folder not in self._safe:
            above.append(folder)
            folder = folder.parent
        for one in reversed(above):
            if not stat.S_ISDIR(os.lstat(one).st_mode):
                raise failure.CommandFailed(
                    f'{one} is in the way: it is no directory.')
            self._safe.add(one)

    def _make_directory(self, path: pathlib.Path,
                        member: tarfile.TarInfo) -> None:
        try:
            # Ours alone as long as it is not complete.
            path.mkdir(0o700)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                raise failure.CommandFailed(
                    f'{path} is in the way: it is no directory.') from None
        self._safe.add(path)
        self._directories.append((path, member))

    def _place(self, path: pathlib.Path, member: tarfile.TarInfo | None,
               make: Callable[[pathlib.Path], object]) -> None:
        """Make a file beside its place, and then put it there.

        :param member: what the file is to look like; None: it does.
        """
        part = path.with_name(f'.{path.name[:200]}.{os.getpid()}.part')
        try:
            make(part)
            if member is not None:
                self._finish(part, member)
            if path.is_dir() and not path.is_symlink():
                raise failure.CommandFailed(
                    f'{path} is in the way: it is a directory.')
            part.replace(path)
        finally:
            # Two names of one file do not replace each other, rename(2).
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def _finish(self, path: pathlib.Path, member: tarfile.TarInfo) -> None:
        if self._owners:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)
        if not member.issym():
            path.chmod(member.mode & (0o7777 if self._owners
                                      else _PERMISSIONS))
        os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)


def _write(path: pathlib.Path, archive: tarfile.TarFile,
           member: tarfile.TarInfo) -> None:
    source = archive.extractfile(member)
    assert source is not None
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL,
                           0o600), 'wb') as sink:
        while piece := source.read(_PIECE_BYTES):
            sink.write(piece)
