"""Remove directory trees that an untrusted image has shaped.

Called by ``store.layers``, and by the unpack child when a later entry of a
layer replaces a directory; calls the file system.  Unlike ``shutil.rmtree``
it does not recurse, so a tree that is 2000 directories deep is no trouble,
and it never leaves the tree through a symlink.
"""

import os

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(path: str | os.PathLike[str]) -> None:
    """Delete ``path`` and what is below it; a missing one is fine.

    A directory that cannot be emptied in place is moved up to the top of
    the tree first, so at most two descriptors are open at any time.

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
        _empty(top)
    finally:
        os.close(top)
    os.rmdir(path)


def _empty(top: int) -> None:
    """Flatten: sub-directories of a directory move up, then it goes."""
    moved = 0
    pending = _unlink_files(top)
    while pending:
        name = pending.pop()
        folder = os.open(name, _DIRECTORY, dir_fd=top)
        try:
            for child in _unlink_files(folder):
                target = f'.moved-{moved}'
                while _exists(target, top):  # a name that the image chose
                    moved += 1
                    target = f'.moved-{moved}'
                os.rename(child, target, src_dir_fd=folder, dst_dir_fd=top)
                moved += 1
                pending.append(target)
        finally:
            os.close(folder)
        os.rmdir(name, dir_fd=top)


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
