"""Root file systems on overlayfs, with idmapped lower layers.

Called by ``service.containers`` through ``storage.base.Storage``.  Calls
``host.mounts``, ``host.trees``, ``storage.diskimage``,
``storage.disksizes``, ``storage.layering``.

On disk, below ``<data_root>/overlay/<container id>/``: ``upper`` (the
container's changes), ``work`` (overlayfs' own), ``merged`` (mount point).
Where the container's disk is limited, ``upper`` and ``work`` are on a disk
of that size in the file ``disk.img``, which is mounted at ``disk`` for as
long as the root is.

The layers belong to the host's ids and are shared by all containers; a
container sees them through an idmapped clone of their mount, made for it
alone, so nothing is copied or chowned.  Only the top of ``upper`` is chowned,
to the mapped root.  (Idmapping the whole overlay is EINVAL; measured.)
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import errno
import os
import pathlib

from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import trees
from novacontainer.runtime import models
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import disksizes
from novacontainer.runtime.storage import layering
from novacontainer.runtime.storage import overlay_changes

_FULL = (errno.ENOSPC, errno.EDQUOT)
_IMAGE = 'disk.img'
_DISK = 'disk'


class Overlay:
    """The ``Storage`` of hosts with overlayfs.

    :param data_root: the daemon's data directory; made traversable (0711)
        here, so that mapped roots reach their root file systems.
    :param userns_pins: directory of pinned user namespaces named by
        container id (``<run root>/userns``); used where present, because a
        namespace made for the mount alone costs a fork.
    :param method: how overlayfs is told of the layers; by default the best
        that this kernel takes.
    """

    name = 'overlay'

    def __init__(self, data_root: pathlib.Path,
                 userns_pins: pathlib.Path | None = None,
                 method: layering.Method | None = None) -> None:
        self._root = data_root / 'overlay'
        self._pins = userns_pins
        self._root.mkdir(mode=0o711, parents=True, exist_ok=True)
        # The kernel's list of mounts has no links in it.
        self._root = self._root.resolve()
        for directory in (data_root, self._root):
            directory.chmod(directory.stat().st_mode | 0o711)
        self._method = method or layering.best()

    def prepare(self, container_id: str, id_map: models.IdMap | None,
                size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.prepare`."""
        if size_bytes:
            diskimage.check_size(size_bytes)
        home = self._home(container_id)
        owner = id_map.host_base if id_map else 0
        with _translated(f'Cannot make the writable layer of {container_id}'):
            try:
                home.mkdir(mode=0o700)
            except FileExistsError as error:
                raise exception.Conflict(
                    f'Container {container_id} already has a writable layer.',
                    'storage.exists') from error
            # Of those who are not root only this container's own may pass,
            # by its group: its files, setuid ones too, are nobody else's.
            os.chown(home, 0, owner)
            home.chmod(0o710)
            _make_directory(home / 'merged', 0o711)
            if not size_bytes:
                _make_writable(home, owner)
                return
            diskimage.make(home / _IMAGE, size_bytes)
            _make_directory(home / _DISK, 0o700)
            with diskimage.mounted(home / _IMAGE) as disk:
                _make_writable(disk, owner)

    def resize(self, container_id: str, size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.resize`."""
        home = self._home(container_id)
        if not home.is_dir():
            raise _nothing_prepared(container_id)
        if os.path.ismount(home / 'merged'):
            raise exception.Conflict(
                f'The root of {container_id} is mounted; stop the container '
                'first.', 'storage.mounted')
        with _translated(f'Cannot change the disk of {container_id}'):
            if _is_limited(home):
                disksizes.resize(home / _IMAGE, size_bytes)
                return
            diskimage.check_size(size_bytes)
            disksizes.replace(home / _IMAGE, size_bytes,
                              [home / 'upper', home / 'work'])
            # From here on it is limited.
            _make_directory(home / _DISK, 0o700)
            trees.remove(home / 'upper')
            trees.remove(home / 'work')

    def mount(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> pathlib.Path:
        """See :meth:`storage.base.Storage.mount`."""
        home = self._home(container_id)
        merged = home / 'merged'
        if not merged.is_dir():
            raise _nothing_prepared(container_id)
        if os.path.ismount(merged):
            return merged
        pin = self._pins / container_id if self._pins else None
        with (_translated(f'Cannot mount the root of {container_id}'),
              contextlib.ExitStack() as undo):
            if _is_limited(home) and not os.path.ismount(home / _DISK):
                diskimage.attach(home / _IMAGE, home / _DISK)
            if _is_limited(home):
                undo.callback(_unmount, home / _DISK)
            layering.mount(home, layers, id_map, pin, self._method,
                           _writable(home))
            undo.pop_all()
        return merged

    def unmount(self, container_id: str) -> None:
        """See :meth:`storage.base.Storage.unmount`."""
        home = self._home(container_id)
        with _translated(f'Cannot unmount the root of {container_id}'):
            _unmount(home / 'merged')
            _unmount(home / _DISK)

    def remove(self, container_id: str) -> None:
        """See :meth:`storage.base.Storage.remove`."""
        self.unmount(container_id)
        with _translated(f'Cannot remove the files of {container_id}'):
            home = self._home(container_id)
            layering.sweep(home)
            trees.remove(home)

    def upper(self, container_id: str) -> pathlib.Path:
        """See :meth:`storage.base.Storage.upper`."""
        return _writable(self._home(container_id)) / 'upper'

    @contextlib.contextmanager
    def opened(self, container_id: str) -> Iterator[pathlib.Path]:
        """See :meth:`storage.base.Storage.opened`."""
        home = self._home(container_id)
        upper = self.upper(container_id)
        if upper.is_dir():
            yield upper
            return
        if not _is_limited(home):
            raise _nothing_prepared(container_id)
        with contextlib.ExitStack() as stack:
            with _translated(f'Cannot open the disk of {container_id}'):
                disk = stack.enter_context(
                    diskimage.mounted(home / _IMAGE))
            yield disk / 'upper'

    def changes(self, container_id: str, layers: Sequence[pathlib.Path],
                ) -> Iterator[models.Change]:
        """See :meth:`storage.base.Storage.changes`."""
        with self.opened(container_id) as upper:
            yield from overlay_changes.changes(upper, layers)

    def describe(self, container_id: str, layers: Sequence[pathlib.Path],
                 ) -> Mapping[str, str]:
        """See :meth:`storage.base.Storage.describe`."""
        home = self._home(container_id)
        return {
            'LowerDir': ':'.join(map(str, reversed(layers))),
            'MergedDir': str(home / 'merged'),
            'UpperDir': str(_writable(home) / 'upper'),
            'WorkDir': str(_writable(home) / 'work'),
        }

    def status(self) -> Sequence[tuple[str, str]]:
        """See :meth:`storage.base.Storage.status`."""
        lack = diskimage.lack()
        return (
            ('Backing Filesystem', mounts.filesystem_type(self._root)),
            ('Layers Through', self._method.value),
            ('Root Disk Limit', f'none: {lack}' if lack
             else 'ext4 in a sparse file, on a loop device'),
        )

    def mounted(self) -> Iterator[str]:
        """See :meth:`storage.base.Storage.mounted`."""
        found = set()
        for target in mounts.mount_points(self._root):
            path = pathlib.Path(target)
            if (path.name in ('merged', _DISK)
                    and path.parent.parent == self._root):
                found.add(path.parent.name)
        yield from found

    def _home(self, container_id: str) -> pathlib.Path:
        return self._root / container_id


def _is_limited(home: pathlib.Path) -> bool:
    return (home / _DISK).is_dir()


def _writable(home: pathlib.Path) -> pathlib.Path:
    """Return where ``upper`` and ``work`` are while the root is mounted."""
    return home / _DISK if _is_limited(home) else home


def _make_writable(place: pathlib.Path, owner: int) -> None:
    _make_directory(place / 'work', 0o700)
    _make_directory(place / 'upper', 0o755)
    os.chown(place / 'upper', owner, owner)


def _make_directory(path: pathlib.Path, mode: int) -> None:
    """Make a directory with these bits, whatever the umask."""
    path.mkdir()
    path.chmod(mode)


def _unmount(target: pathlib.Path) -> None:
    """Unmount; fine when nothing is mounted there."""
    try:
        mounts.unmount(str(target))
    except OSError as error:
        if error.errno == errno.EBUSY:
            # Someone's shell stands in it; it goes when they leave.
            mounts.unmount(str(target), mounts.MNT_DETACH)
        elif error.errno not in (errno.EINVAL, errno.ENOENT):
            raise


def _nothing_prepared(container_id: str) -> exception.NotFound:
    return exception.NotFound(
        f'Container {container_id} has no writable layer.',
        'storage.not_found')


@contextlib.contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the kernel's errors into the runtime's, once."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise exception.Unavailable(
                f'{what}: the disk is full; remove images or containers '
                'that are no longer needed.', 'storage.full') from error
        raise exception.Internal(
            f'{what}: {error}', 'storage.failed') from error
