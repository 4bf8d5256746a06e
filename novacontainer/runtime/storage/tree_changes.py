"""What a container changed, told from its whole tree and its layers.

Called by ``storage.btrfs`` and ``storage.vfs``, whose containers have a full
tree of their own.  Calls ``host.inroot``, ``storage.stacking``.

Nobody can set the time of a file's last change (ctime), so it tells more than
the times that a container may set.  Reads every directory, and no file.
The tree is the container's own work and may change meanwhile: nothing is
followed out of it, and what goes while we look is left out.
"""

from collections.abc import Iterator, Sequence
import contextlib
import dataclasses
import os
import pathlib
import stat
import typing

from novacontainer.runtime import deltas
from novacontainer.runtime.host import inroot
from novacontainer.runtime.storage import stacking

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Origin(typing.Protocol):
    """How the tree was made from the layers."""

    def is_same(self, path: str, status: os.stat_result,
                below: os.stat_result) -> bool:
        """Say whether a file is still the one that the layers have."""

    def is_moved(self, path: str, status: os.stat_result,
                 below: os.stat_result) -> bool:
        """Say whether a directory may have had another name.

        Nothing that is in it can then be taken for what the layers have.
        """

    def shift(self) -> int:
        """Return what was added to the owners of the layers' files."""


class Snapshot:
    """The tree began as a snapshot: files kept their number and times."""

    def is_same(self, path: str, status: os.stat_result,
                below: os.stat_result) -> bool:
        """See :meth:`Origin.is_same`."""
        return (status.st_ino == below.st_ino
                and status.st_ctime_ns == below.st_ctime_ns)

    def is_moved(self, path: str, status: os.stat_result,
                 below: os.stat_result) -> bool:
        """See :meth:`Origin.is_moved`; the files' numbers tell."""
        return False

    def shift(self) -> int:
        """See :meth:`Origin.shift`."""
        return 0


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """The tree began as a copy.

    :param made_ns: whatever changed then or later is the container's doing;
        of the kernel's clock for times of files.
    :param shifted: see :meth:`Origin.shift`.
    :param touched: absolute paths that had changed before that.
    """

    made_ns: int
    shifted: int
    touched: frozenset[str] = frozenset()

    def is_touched(self, path: str, status: os.stat_result) -> bool:
        """Say whether anything has changed of a file since it was made."""
        return status.st_ctime_ns >= self.made_ns or path in self.touched

    def is_same(self, path: str, status: os.stat_result,
                below: os.stat_result) -> bool:
        """See :meth:`Origin.is_same`."""
        return (not self.is_touched(path, status)
                and status.st_size == below.st_size
                and _looks_alike(status, below, self.shifted))

    def is_moved(self, path: str, status: os.stat_result,
                 below: os.stat_result) -> bool:
        """See :meth:`Origin.is_moved`; nothing else explains that."""
        return (self.is_touched(path, status)
                and _looks_alike(status, below, self.shifted))

    def shift(self) -> int:
        """See :meth:`Origin.shift`."""
        return self.shifted


@dataclasses.dataclass(frozen=True, slots=True)
class _Folder:
    """A directory of the tree.

    :param name: as the container sees it, without a slash in front.
    :param below: the same directory in the layers, highest first.
    :param moved: it, or one above it, may have had another name.
    """

    name: str
    below: tuple[pathlib.Path, ...]
    moved: bool = False


def changes(tree: pathlib.Path, below: Sequence[pathlib.Path],
            origin: Origin) -> Iterator[deltas.Change]:
    """Yield what was added, modified and deleted, parents first.

    A directory that only holds changes is not itself one.

    :param below: what the tree was made from, highest first.
    """
    top = inroot.open_root(tree)
    try:
        folders = [_Folder('', tuple(below))]
        while folders:
            folder = folders.pop()
            here = _entries(top, folder.name)
            for name in sorted(here.keys() | _names(folder.below)):
                path = f'{folder.name}/{name}' if folder.name else name
                found = stacking.find(folder.below, name)
                status = here.get(name)
                yield from _judge(f'/{path}', status, found, folder, origin)
                if status is not None and stat.S_ISDIR(status.st_mode):
                    folders.append(_inner(path, status, found, folder,
                                          origin))
    finally:
        os.close(top)


def touched(tree: pathlib.Path, origin: Copy) -> Iterator[str]:
    """Yield the absolute paths of all that has changed since it was made."""
    top = inroot.open_root(tree)
    try:
        folders = ['']
        while folders:
            folder = folders.pop()
            for name, status in _entries(top, folder).items():
                path = f'{folder}/{name}' if folder else name
                if origin.is_touched(f'/{path}', status):
                    yield f'/{path}'
                if stat.S_ISDIR(status.st_mode):
                    folders.append(path)
    finally:
        os.close(top)


def _judge(path: str, status: os.stat_result | None,
           found: Sequence[tuple[pathlib.Path, os.stat_result]],
           folder: _Folder, origin: Origin) -> Iterator[deltas.Change]:
    if status is None:
        if found:
            yield deltas.Change(path, deltas.ChangeKind.DELETED)
    elif not found:
        yield deltas.Change(path, deltas.ChangeKind.ADDED)
    elif stat.S_ISDIR(status.st_mode):
        if not _looks_alike(status, found[0][1], origin.shift()):
            yield deltas.Change(path, deltas.ChangeKind.MODIFIED)
    elif folder.moved or not origin.is_same(
            path, status, found[0][1]):
        yield deltas.Change(path, deltas.ChangeKind.MODIFIED)


def _inner(path: str, status: os.stat_result,
           found: Sequence[tuple[pathlib.Path, os.stat_result]],
           folder: _Folder, origin: Origin) -> _Folder:
    below = tuple(lower for lower, one in found if stat.S_ISDIR(one.st_mode))
    return _Folder(path, below, folder.moved or (
        bool(below) and origin.is_moved(f'/{path}', status, found[0][1])))


def _looks_alike(status: os.stat_result, below: os.stat_result,
                 shift: int) -> bool:
    return (status.st_mode == below.st_mode
            and status.st_mtime_ns == below.st_mtime_ns
            and status.st_uid == below.st_uid + shift
            and status.st_gid == below.st_gid + shift)


def _entries(top: int, path: str) -> dict[str, os.stat_result]:
    """Return what a directory of the tree holds."""
    found = {}
    with contextlib.suppress(OSError):
        folder = inroot.open_path(top, path, _DIRECTORY,
                                  inroot.RESOLVE_NO_SYMLINKS)
        try:
            for name in os.listdir(folder):
                with contextlib.suppress(FileNotFoundError):
                    found[name] = os.stat(name, dir_fd=folder,
                                          follow_symlinks=False)
        finally:
            os.close(folder)
    return found


def _names(below: Sequence[pathlib.Path]) -> set[str]:
    """Return all names, hidden ones too, in directories of layers."""
    return {name for lower in below for name in os.listdir(lower)}
