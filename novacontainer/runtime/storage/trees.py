"""Deleting a directory tree that an enemy has built.

Called by ``storage.overlay``.  Calls the file system.

``shutil.rmtree`` descends by recursion with a descriptor per level, so a
container that nests directories a few thousand deep would make its own
removal fail.  Here subdirectories are first moved up to the top, so the work
is two levels deep whatever the tree looks like.
"""

from collections.abc import Iterator
import itertools
import os
import pathlib


def remove(top: pathlib.Path) -> None:
    """Delete a tree, following no link; fine when it is gone already.

    :raises OSError: an entry could not be removed (a mount point, an
        immutable file, an error of the disk).
    """
    try:
        top_fd = _open_directory(str(top), None)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        top.unlink()
        return
    try:
        spare = _spare_names(top_fd)
        while entries := os.listdir(top_fd):
            for entry in entries:
                if not _unlinked(entry, top_fd):
                    _empty(entry, top_fd, spare)
                    os.rmdir(entry, dir_fd=top_fd)
    finally:
        os.close(top_fd)
    top.rmdir()


def _empty(directory: str, top_fd: int, spare: Iterator[str]) -> None:
    """Unlink what a directory holds; move its subdirectories to the top."""
    fd = _open_directory(directory, top_fd)
    try:
        for entry in os.listdir(fd):
            if not _unlinked(entry, fd):
                os.rename(entry, next(spare),
                          src_dir_fd=fd, dst_dir_fd=top_fd)
    finally:
        os.close(fd)


def _unlinked(entry: str, parent_fd: int) -> bool:
    """Unlink an entry; False when it is a directory."""
    try:
        os.unlink(entry, dir_fd=parent_fd)
    except IsADirectoryError:
        return False
    return True


def _spare_names(top_fd: int) -> Iterator[str]:
    """Yield names that the top directory does not have."""
    for number in itertools.count():
        name = f'.{number}.removing'
        try:
            os.stat(name, dir_fd=top_fd, follow_symlinks=False)
        except FileNotFoundError:
            yield name


def _open_directory(path: str, parent_fd: int | None) -> int:
    return os.open(
        path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,
        dir_fd=parent_fd)
