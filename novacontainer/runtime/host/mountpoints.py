"""Making sure that mounts into a hostile rootfs land inside of it.

Called by ``service.containers`` after the root is mounted and before the OCI
runtime sees it.  Calls ``host.inroot``.

crun 1.8.1 follows an absolute symbolic link at ``/dev`` and makes device
nodes on the host (measured); others create missing working directories the
same way.  So every place that something is mounted on, and the working
directory, is resolved and made here first, inside the root, and the OCI
runtime finds only real directories and files.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import errno
import os
import pathlib
import stat

from novacontainer.runtime import exception
from novacontainer.runtime.host import inroot
from novacontainer.runtime import models

#: Here nothing of the path may be a link, in no image.
_KERNEL = ('proc', 'dev', 'sys')
#: No working directory below: nothing can be made there, and the links of
#: processes in /proc lead out of the root (CVE-2024-21626).
_NO_WORK = ('proc', 'sys')
_DIRECTORY = os.O_PATH | os.O_DIRECTORY


def prepare(rootfs: pathlib.Path, targets: Sequence[tuple[str, bool]],
            owner: models.IdMap | None, working_dir: str) -> None:
    """Make the places that will be mounted on, and the working directory.

    ``/proc``, ``/dev`` and ``/sys`` are always made.  Elsewhere directories
    may be reached through links, as ``/var/run`` is in most images; a link
    where a file is to be mounted is replaced by an empty file, because
    what it names (``/run/…`` often) need not exist or stay.

    :param targets: absolute paths in the root, each with whether it is to
        be a directory; whatever lies below /proc, /dev or /sys is left to
        the file systems mounted there.
    :param owner: what is made belongs to this map's root.
    :raises InvalidRequest: the image has something else in that place.
    :raises Internal: the file system failed.
    """
    uid = owner.host_base if owner else 0
    try:
        root_fd = inroot.open_root(rootfs)
        try:
            _prepare(root_fd, targets, uid, working_dir)
        finally:
            os.close(root_fd)
    except OSError as error:
        raise exception.Internal(
            f'Cannot prepare the root file system {rootfs}: {error}',
            'container.rootfs') from error


def mount_id(fd: int) -> int:
    """Return the number of the mount that an open file is on (proc(5))."""
    with open(f'/proc/self/fdinfo/{fd}', encoding='ascii') as lines:
        for line in lines:
            name, _, value = line.partition(':')
            if name == 'mnt_id':
                return int(value)
    raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))


def _prepare(root_fd: int, targets: Sequence[tuple[str, bool]], uid: int,
             working_dir: str) -> None:
    for name in _KERNEL:
        _directory(root_fd, (name,), uid, strict=True)
    for target, is_directory in targets:
        _target(root_fd, _parts(target), is_directory, uid)
    parts = _parts(working_dir)
    if parts and parts[0] not in _KERNEL:
        _directory(root_fd, parts, uid)
        parts = _resolved(root_fd, parts)
    if len(parts) > 1 and parts[0] in _NO_WORK:
        raise _refused(working_dir.strip('/'),
                       f'it lies below /{parts[0]}')


def _resolved(root_fd: int, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the components of an existing directory without links."""
    with _opened(root_fd, parts) as fd:
        real, root = (os.readlink(f'/proc/self/fd/{number}')
                      for number in (fd, root_fd))
    return _parts(os.path.relpath(real, root))


def _target(root_fd: int, parts: tuple[str, ...], is_directory: bool,
            uid: int) -> None:
    if not parts:
        raise exception.InvalidRequest(
            'Nothing can be mounted on /.', 'container.mount_target')
    if parts[0] in _KERNEL:
        return
    if is_directory:
        _directory(root_fd, parts, uid)
    else:
        _file(root_fd, parts, uid)
    folder = _resolved(root_fd, parts if is_directory else parts[:-1])
    if folder[:1] and folder[0] in _NO_WORK:
        # Hidden by what is mounted there before.
        raise _refused('/'.join(parts), f'a link leads to /{folder[0]}')


def _parts(path: str) -> tuple[str, ...]:
    """Return the components of a path, ``..`` taken lexically as Docker."""
    parts: list[str] = []
    for part in path.split('/'):
        if part == '..':
            del parts[-1:]
        elif part not in ('', '.'):
            parts.append(part)
    return tuple(parts)


def _directory(root_fd: int, parts: tuple[str, ...], uid: int,
               strict: bool = False) -> None:
    """Make a directory and its parents.

    :param strict: nothing of the path may be a symbolic link.
    """
    resolve = inroot.RESOLVE_NO_SYMLINKS if strict else 0
    for depth in range(1, len(parts) + 1):
        path = '/'.join(parts[:depth])
        try:
            os.close(inroot.open_path(root_fd, path, _DIRECTORY, resolve))
        except FileNotFoundError:
            with _opened(root_fd, parts[:depth - 1]) as parent_fd:
                _make_directory(parent_fd, parts[depth - 1], path, uid)
        except OSError as error:
            raise _refused(path, error.strerror) from error


def _make_directory(parent_fd: int, name: str, path: str, uid: int) -> None:
    try:
        os.mkdir(name, dir_fd=parent_fd)
    except FileExistsError as error:
        raise _refused(path, 'it is a link to nowhere') from error
    os.chmod(name, 0o755, dir_fd=parent_fd)  # noqa: S103
    os.chown(name, uid, uid, dir_fd=parent_fd, follow_symlinks=False)


def _file(root_fd: int, parts: tuple[str, ...], uid: int) -> None:
    """Make an empty file, unless there is a regular file already."""
    _directory(root_fd, parts[:-1], uid)
    name, path = parts[-1], '/'.join(parts)
    with _opened(root_fd, parts[:-1]) as parent_fd:
        try:
            mode = os.lstat(name, dir_fd=parent_fd).st_mode
        except FileNotFoundError:
            mode = 0
        except OSError as error:
            raise _refused(path, error.strerror) from error
        if stat.S_ISREG(mode):
            return
        if stat.S_ISLNK(mode):
            os.unlink(name, dir_fd=parent_fd)
        elif mode:
            raise _refused(path, 'it is not a regular file')
        fd = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY
                     | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent_fd)
        try:
            os.fchmod(fd, 0o644)
            os.fchown(fd, uid, uid)
        finally:
            os.close(fd)


@contextlib.contextmanager
def _opened(root_fd: int, parts: tuple[str, ...]) -> Iterator[int]:
    fd = inroot.open_path(root_fd, '/'.join(parts), _DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def _refused(path: str, why: str | None) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        f'The image cannot be used: /{path} cannot serve as a mount point '
        f'or working directory: {why}.', 'image.mount_target')
