"""Archives that lie in directories from which the operator lets images come.

Called by ``service.image_files``.  Calls ``host.inroot``.

Who may write into such a directory is not root of this host, and neither is
the client that names a file: no link is followed below the directory, and
nothing but a regular file is opened.
"""

from collections.abc import Sequence
import errno
import io
import os
import pathlib
import posixpath
import stat

from novacontainer.runtime import exception
from novacontainer.runtime.host import inroot


def opened(path: str, directories: Sequence[pathlib.Path]) -> io.FileIO:
    """Open a file below one of the directories.

    :param path: absolute, as this host sees it.
    :raises Forbidden: it is in none of them, or not a regular file there.
    :raises NotFound: there is none of this name.
    :raises Internal: the file system failed.
    """
    for directory in directories:
        prefix = f'{directory}/'
        # A path that is not in its shortest form leads who knows where.
        if path.startswith(prefix) and posixpath.normpath(path) == path:
            return _opened(directory, path.removeprefix(prefix), path)
    raise exception.Forbidden(
        f'{path} is in no directory from which images are imported on this '
        'host; the operator can name it in [images]import_directories',
        'image.file_forbidden')


def _opened(directory: pathlib.Path, name: str, path: str) -> io.FileIO:
    try:
        root = inroot.open_root(directory)
        try:
            found = inroot.open_path(
                root, name, os.O_PATH, inroot.RESOLVE_NO_SYMLINKS)
        finally:
            os.close(root)
        try:
            _check(found, path)
            # Only now opened for good: a fifo would block.
            return io.FileIO(f'/proc/self/fd/{found}')
        finally:
            os.close(found)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise exception.NotFound(
            f'There is no file {path} on this host; is the directory '
            'mounted?', 'image.file_not_found') from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise exception.Forbidden(
                f'{path} is reached through a link, which could lead '
                'anywhere', 'image.file_forbidden') from error
        raise exception.Internal(
            f'Cannot open {path}: {error.strerror}',
            'image.file') from error


def _check(found: int, path: str) -> None:
    mode = os.fstat(found).st_mode
    if not stat.S_ISREG(mode):
        raise exception.Forbidden(
            f'{path} is not a regular file', 'image.file_forbidden')
