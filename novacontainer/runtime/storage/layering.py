"""Telling overlayfs of its layers, on old kernels and new ones.

Called by ``storage.overlay``.  Calls ``host.mounts``, ``host.idmap``.

Three ways, from new to old (Documentation/filesystems/overlayfs.rst):

* descriptors (Linux 6.15 and later): layers are opened inside a detached,
  idmapped clone of their mount and handed over with FSCONFIG_SET_FD; nothing
  is attached anywhere, so a crash leaves nothing mounted;
* ``lowerdir+`` (6.7): the clone is attached below the container's directory
  for the moment of the mount, and layers are appended by path;
* ``lowerdir=`` of mount(2): one page of options for all paths, which are
  therefore given as /proc/self/fd/N.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import enum
import errno
import functools
import os
import pathlib
import re

from novacontainer.runtime import exception
from novacontainer.runtime.host import idmap
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models

#: What overlayfs stacks at most (OVL_MAX_STACK, fs/overlayfs/params.h).
MAX_LAYERS = 500

_PAGE = 4096
_CLONE_PREFIX = 'lower'
_WRITABLE = {'upperdir': 'upper', 'workdir': 'work'}
_OPTIONS = (
    # Images must not steer overlayfs: no redirects are followed, no
    # metadata-only copies believed, whatever xattrs a layer carries.
    ('redirect_dir', 'nofollow'),
    ('metacopy', 'off'),
    ('index', 'off'),
)


class Method(enum.Enum):
    """How the layers are handed to the kernel."""

    DESCRIPTORS = 'descriptors'
    APPENDED = 'lowerdir+'
    CLASSIC = 'lowerdir='


@functools.cache
def best() -> Method:
    """Return the newest method that the running kernel has."""
    release = re.match(r'(\d+)\.(\d+)', os.uname().release)
    version = tuple(map(int, release.groups())) if release else (0, 0)
    if version >= (6, 15):
        return Method.DESCRIPTORS
    return Method.APPENDED if version >= (6, 7) else Method.CLASSIC


def mount(home: pathlib.Path, layers: Sequence[pathlib.Path],
          id_map: models.IdMap | None, pin: pathlib.Path | None,
          method: Method, writable: pathlib.Path | None = None) -> None:
    """Mount an overlay at ``home/merged``.

    :param home: directory with ``merged``.
    :param writable: directory with ``upper`` and ``work``; by default
        ``home``.
    :param layers: layer directories, lowest first.
    :param pin: see :func:`host.idmap.user_namespace`.
    :raises NotFound: a layer is missing.
    :raises InvalidRequest: too many layers.
    :raises OSError: the kernel refused.
    """
    if not 0 < len(layers) <= MAX_LAYERS:
        raise exception.InvalidRequest(
            f'The image has {len(layers)} layers; 1 to {MAX_LAYERS} can be '
            'mounted.', 'image.layers')
    # A device node in an image or an upper directory would open the host's
    # device: the file system itself belongs to the host's user namespace.
    # MS_NODEV and MOUNT_ATTR_NODEV are the same bit.
    nodev = mounts.MS_NODEV if id_map else 0
    # Overlayfs wants the topmost first, and no directory twice.  An image
    # may have a layer twice; the lower one shows nothing that the upper one
    # does not.
    topmost_first = list(dict.fromkeys(reversed(layers)))
    writable = writable or home
    with contextlib.ExitStack() as stack:
        clones = _clones(layers, id_map, pin, stack)
        if method is not Method.DESCRIPTORS and id_map is not None:
            _attach(clones, home, stack)
        lowers = [_open_layer(path, clones, stack)
                  for path in topmost_first]
        if method is Method.CLASSIC:
            _mount_classic(home, writable, lowers, nodev)
        else:
            _mount_new(home, writable, lowers, nodev, method)
    if os.statvfs(home / 'merged').f_flag & os.ST_RDONLY:
        # Overlayfs does this silently when it cannot use upper or work.
        mounts.unmount(str(home / 'merged'))
        # The likely reason, which overlayfs keeps to itself: a full disk.
        (writable / 'work' / 'probe').mkdir()
        (writable / 'work' / 'probe').rmdir()
        raise OSError(f'overlayfs mounted {home / "merged"} read-only')


def sweep(home: pathlib.Path) -> None:
    """Detach clones that a crash in the middle of a mount left attached.

    :raises OSError: the kernel refused.
    """
    for path in home.glob(f'{_CLONE_PREFIX}*'):
        try:
            mounts.unmount(str(path), mounts.MNT_DETACH)
        except OSError as error:
            # EINVAL: a directory that nothing was attached to yet.
            if error.errno != errno.EINVAL:
                raise
        path.rmdir()


def _clones(layers: Sequence[pathlib.Path], id_map: models.IdMap | None,
            pin: pathlib.Path | None,
            stack: contextlib.ExitStack) -> dict[pathlib.Path, int]:
    """Return an idmapped, detached clone of each directory of layers."""
    if id_map is None:
        return {}
    clones: dict[pathlib.Path, int] = {}
    with idmap.user_namespace(id_map, pin) as userns_fd:
        for parent in {layer.parent for layer in layers}:
            clone = mounts.clone_tree(str(parent))
            stack.callback(os.close, clone)
            mounts.set_id_map(clone, userns_fd)
            clones[parent] = clone
    return clones


def _attach(clones: dict[pathlib.Path, int], home: pathlib.Path,
            stack: contextlib.ExitStack) -> None:
    """Attach the clones below ``home`` until the stack is left."""
    sweep(home)
    # Registered first, so run last: after the descriptors are closed.
    stack.callback(sweep, home)
    for number, clone in enumerate(clones.values()):
        target = home / f'{_CLONE_PREFIX}{number}'
        target.mkdir(mode=0o700)
        mounts.attach(clone, str(target))


def _open_layer(layer: pathlib.Path, clones: dict[pathlib.Path, int],
                stack: contextlib.ExitStack) -> int:
    clone = clones.get(layer.parent)
    try:
        fd = os.open(layer.name if clone is not None else layer,
                     os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
                     | os.O_CLOEXEC, dir_fd=clone)
    except FileNotFoundError as error:
        raise exception.NotFound(
            f'The layer {layer.name} is missing; load the image again.',
            'storage.layer_not_found') from error
    stack.callback(os.close, fd)
    return fd


def _mount_new(home: pathlib.Path, writable: pathlib.Path,
               lowers: Sequence[int], attributes: int,
               method: Method) -> None:
    """Mount through fsopen(2) and its kin."""
    with mounts.FilesystemContext('overlay') as context:

        def give(key: str, fd: int) -> None:
            if method is Method.DESCRIPTORS:
                context.set_fd(key, fd)
            else:
                context.set_string(key, _path_of(fd))

        context.set_string('source', 'overlay')
        for key, value in _OPTIONS:
            context.set_string(key, value)
        for fd in lowers:
            give('lowerdir+', fd)
        for key, name in _WRITABLE.items():
            with _opened(writable / name) as fd:
                give(key, fd)
        context.create()
        mount_fd = context.mount(attributes)
    try:
        mounts.attach(mount_fd, str(home / 'merged'))
    finally:
        os.close(mount_fd)


def _mount_classic(home: pathlib.Path, writable: pathlib.Path,
                   lowers: Sequence[int], flags: int) -> None:
    """Mount through mount(2), whose options fit one page."""
    with contextlib.ExitStack() as stack:
        options = dict(_OPTIONS)
        for key, name in _WRITABLE.items():
            fd = stack.enter_context(_opened(writable / name))
            options[key] = _path_of(fd)
        options['lowerdir'] = ':'.join(map(_path_of, lowers))
        data = ','.join(f'{key}={value}' for key, value in options.items())
        if len(data) >= _PAGE:
            raise exception.InvalidRequest(
                f'The image has {len(lowers)} layers, more than this '
                'kernel can mount; Linux 6.7 and later can.', 'image.layers')
        mounts.mount('overlay', str(home / 'merged'), 'overlay', flags, data)


def _path_of(fd: int) -> str:
    return f'/proc/self/fd/{fd}'


@contextlib.contextmanager
def _opened(directory: pathlib.Path) -> Iterator[int]:
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
