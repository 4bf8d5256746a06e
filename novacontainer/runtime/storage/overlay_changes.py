"""What a container changed, told from overlayfs' upper directory.

Called by ``storage.overlay``.  Calls ``host.inroot``,
``storage.stacking``.

Source: ``Documentation/filesystems/overlayfs.rst`` of the kernel: a deleted
name is a character device 0/0, and an opaque directory hides those below.
The tree is the container's own work and may change meanwhile: nothing is
followed out of it, and what goes while we look is left out.
"""

from collections.abc import Iterator, Sequence
import contextlib
import dataclasses
import os
import pathlib
import stat

from novacontainer.runtime import deltas
from novacontainer.runtime.host import inroot
from novacontainer.runtime.storage import stacking

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclasses.dataclass(frozen=True, slots=True)
class _Folder:
    """A directory that is there in the upper layer.

    :param name: as the container sees it, without a slash in front.
    :param below: the same directory in lower layers, highest first.
    """

    name: str
    below: tuple[pathlib.Path, ...]


def changes(upper: pathlib.Path, layers: Sequence[pathlib.Path],
            ) -> Iterator[deltas.Change]:
    """Yield what was added, modified and deleted, parents first.

    A directory that only holds changes is not itself one.

    :param layers: directories of the layers, lowest first.
    """
    top = inroot.open_root(upper)
    try:
        folders = [_Folder('', tuple(reversed(layers)))]
        while folders:
            folder = folders.pop()
            for name, status in _entries(top, folder.name):
                path = f'{folder.name}/{name}' if folder.name else name
                found = stacking.find(folder.below, name)
                yield from _judge(f'/{path}', status, found)
                if stat.S_ISDIR(status.st_mode):
                    opaque = stacking.is_opaque(upper / path)
                    folders.append(_Folder(path, () if opaque else tuple(
                        lower for lower, below in found
                        if stat.S_ISDIR(below.st_mode))))
    finally:
        os.close(top)


def _judge(path: str, status: os.stat_result,
           found: Sequence[tuple[pathlib.Path, os.stat_result]],
           ) -> Iterator[deltas.Change]:
    if stacking.is_whiteout(status):
        yield deltas.Change(path, deltas.ChangeKind.DELETED)
    elif not found:
        yield deltas.Change(path, deltas.ChangeKind.ADDED)
    elif not _is_untouched(status, found[0][1]):
        yield deltas.Change(path, deltas.ChangeKind.MODIFIED)


def _is_untouched(status: os.stat_result, lower: os.stat_result) -> bool:
    """Say whether a directory was copied up for what is in it."""
    return (stat.S_ISDIR(status.st_mode) and status.st_mode == lower.st_mode
            and status.st_mtime_ns == lower.st_mtime_ns)


def _entries(top: int, path: str) -> list[tuple[str, os.stat_result]]:
    """List a directory of the upper layer, sorted by name."""
    found = []
    with contextlib.suppress(OSError):
        folder = inroot.open_path(top, path, _DIRECTORY,
                                  inroot.RESOLVE_NO_SYMLINKS)
        try:
            for name in sorted(os.listdir(folder)):
                with contextlib.suppress(FileNotFoundError):
                    found.append((name, os.stat(
                        name, dir_fd=folder, follow_symlinks=False)))
        finally:
            os.close(folder)
    return found
