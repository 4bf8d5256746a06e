"""Remove directory trees that an untrusted image has shaped.

Called by ``store.layers``, ``service.image_sweeping``, and by the unpack
child when a later entry of a layer replaces a directory; calls the file
system.  Unlike ``shutil.rmtree`` it does not recurse without bound, so a tree
that is thousands of directories deep is no trouble, and it never leaves the
tree through a symlink.
"""

import os

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

#: Levels with a descriptor and a stack frame each.
_DEPTH = 32


def remove(path: str | os.PathLike[str]) -> None:
    """Delete ``path`` and what is below it; a missing one is fine.

    :raises OSError: the file system refuses (read-only, input/output).
    """
    try:
        top = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        os.unlink(path)
        return
    try:
        moved: list[str] = []
        _empty(top, top, moved, 0)
        while moved:
            _remove_directory(moved.pop(), top, top, moved, 0)
    finally:
        os.close(top)
    os.rmdir(path)


def _empty(folder: int, top: int, moved: list[str], depth: int) -> None:
    """Delete what a directory holds; what is too deep moves to the top."""
    for name in _unlink_files(folder):
        if depth < _DEPTH:
            _remove_directory(name, folder, top, moved, depth + 1)
        else:
            target = f'.moved-{len(moved)}'
            while _exists(target, top):  # a name that the image chose
                target += '-'
            os.rename(name, target, src_dir_fd=folder, dst_dir_fd=top)
            moved.append(target)


def _remove_directory(name: str, parent: int, top: int, moved: list[str],
                      depth: int) -> None:
    folder = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        _empty(folder, top, moved, depth)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _unlink_files(folder: int) -> list[str]:
    """Delete all but directories; give the names of those."""
    directories = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return directories
