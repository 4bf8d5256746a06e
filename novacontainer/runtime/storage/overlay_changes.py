"""What a container changed, told from overlayfs' upper directory.

Called by ``storage.overlay``.  Calls ``host.inroot``.

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

from novacontainer.runtime.host import inroot
from novacontainer.runtime import models

_OPAQUE = 'trusted.overlay.opaque'
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
            ) -> Iterator[models.Change]:
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
                found = _below(folder, name)
                yield from _judge(f'/{path}', status, found)
                if stat.S_ISDIR(status.st_mode):
                    opaque = _is_opaque(upper / path)
                    folders.append(_Folder(path, () if opaque else tuple(
                        lower for lower, below in found
                        if stat.S_ISDIR(below.st_mode))))
    finally:
        os.close(top)


def _judge(path: str, status: os.stat_result,
           found: Sequence[tuple[pathlib.Path, os.stat_result]],
           ) -> Iterator[models.Change]:
    if _is_whiteout(status):
        yield models.Change(path, models.ChangeKind.DELETED)
    elif not found:
        yield models.Change(path, models.ChangeKind.ADDED)
    elif not _is_untouched(status, found[0][1]):
        yield models.Change(path, models.ChangeKind.MODIFIED)


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


def _below(folder: _Folder, name: str,
           ) -> list[tuple[pathlib.Path, os.stat_result]]:
    """Find a name in the lower layers, highest first.

    Only real directories come after the first: they are merged.
    """
    found: list[tuple[pathlib.Path, os.stat_result]] = []
    for lower in folder.below:
        path = lower / name
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if _is_whiteout(status):
            break
        if found and not stat.S_ISDIR(status.st_mode):
            break
        found.append((path, status))
        if not stat.S_ISDIR(status.st_mode) or _is_opaque(path):
            break
    return found


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _is_opaque(path: pathlib.Path) -> bool:
    try:
        return os.getxattr(path, _OPAQUE, follow_symlinks=False) == b'y'
    except OSError:
        return False
