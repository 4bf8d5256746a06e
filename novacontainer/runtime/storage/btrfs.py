"""Root file systems that are snapshots of btrfs.

Called by ``service.containers`` through ``storage.base.Storage``.  Calls
``host.btrfs``, ``host.idmap``, ``host.mounts``, ``storage.chains``,
``storage.homes``, ``storage.tree_changes``.

Beside what every home has (``storage.homes``): ``base`` (link to the chain
that the container stands on) and ``private/root`` (its subvolume).  Files in
there belong to ids as the image says them, setuid files of root included, so
``private`` is closed; the container sees them through an idmapped mount.

The size of a root disk is bounded by a quota group: it counts what the
subvolume shares with no other, which is what the container itself wrote.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
import pathlib

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime.host import btrfs
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import idmap
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.storage import chains
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import homes
from novacontainer.runtime.storage import tree_changes

#: Directories below the data root that are this driver's.
DIRECTORIES = ('btrfs', 'chains')


class Btrfs:
    """The ``Storage`` of data roots on btrfs.

    :param data_root: the daemon's data directory, on btrfs.
    """

    name = 'btrfs'

    def __init__(self, data_root: pathlib.Path) -> None:
        self._homes = homes.Homes(data_root, self.name)
        self._chains = chains.Chains(self._homes.top.parent / 'chains')

    def prepare(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None, size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.prepare`."""
        if size_bytes:
            diskimage.check_size(size_bytes)
        with diskfaults.translated(
                f'Cannot make the writable layer of {container_id}'):
            home = self._homes.make(container_id, id_map)
            homes.make_directory(home / 'private', 0o700)
            chain = self._chains.get(layers)
            (home / 'base').symlink_to(chain)
            btrfs.snapshot(chain / 'tree', _root(home))
            if size_bytes:
                btrfs.limit(_root(home), size_bytes)

    def resize(self, container_id: str, size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.resize`."""
        diskimage.check_size(size_bytes)
        root = _root(self._homes.unmounted(container_id))
        with diskfaults.translated(
                f'Cannot change the disk of {container_id}'):
            if btrfs.exclusive_bytes(root) > size_bytes:
                raise exception.Conflict(
                    'The files of the container do not fit onto a root disk '
                    'of that size; delete some, or give it a larger one.',
                    'storage.too_small')
            btrfs.limit(root, size_bytes)

    def mount(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> pathlib.Path:
        """See :meth:`storage.base.Storage.mount`."""
        home = self._homes.existing(container_id)
        merged = homes.merged(home)
        if os.path.ismount(merged):
            return merged
        with diskfaults.translated(f'Cannot mount the root of {container_id}'):
            clone = mounts.clone_tree(str(_root(home)))
            try:
                if id_map is not None:
                    with idmap.user_namespace(
                            id_map, with_root=True) as userns_fd:
                        mounts.set_id_map(clone, userns_fd)
                homes.attach_root(clone, merged, id_map)
            finally:
                os.close(clone)
        return merged

    def unmount(self, container_id: str) -> None:
        """See :meth:`storage.base.Storage.unmount`."""
        with diskfaults.translated(
                f'Cannot unmount the root of {container_id}'):
            self._homes.unmount(container_id)

    def remove(self, container_id: str) -> None:
        """See :meth:`storage.base.Storage.remove`."""
        self.unmount(container_id)
        with diskfaults.translated(
                f'Cannot remove the files of {container_id}'):
            home = self._homes.path(container_id)
            btrfs.destroy(_root(home))
            homes.discard(home)

    @contextlib.contextmanager
    def delta(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> Iterator[deltas.Delta]:
        """See :meth:`storage.base.Storage.delta`."""
        root = _root(self._homes.existing(container_id))
        yield deltas.Delta(
            root, None, self.changes(container_id, layers, id_map))

    def changes(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None) -> Iterator[deltas.Change]:
        """See :meth:`storage.base.Storage.changes`."""
        home = self._homes.existing(container_id)
        with diskfaults.translated(f'Cannot read the files of {container_id}'):
            yield from tree_changes.changes(
                _root(home), (home / 'base' / 'tree',),
                tree_changes.Snapshot())

    def collect(self) -> None:
        """See :meth:`storage.base.Storage.collect`."""
        with diskfaults.translated('Cannot delete what images left'):
            self._chains.collect({
                os.path.basename(os.readlink(link))
                for link in self._homes.top.glob('*/base')})

    def describe(self, container_id: str, layers: Sequence[pathlib.Path],
                 ) -> Mapping[str, str]:
        """See :meth:`storage.base.Storage.describe`."""
        home = self._homes.path(container_id)
        return {'MergedDir': str(homes.merged(home)),
                'Subvolume': str(_root(home))}

    def status(self) -> Sequence[tuple[str, str]]:
        """See :meth:`storage.base.Storage.status`."""
        return (
            ('Backing Filesystem', mounts.filesystem_type(self._homes.top)),
            ('Root Disk Limit', 'quota group of btrfs, on what a container '
                                'writes itself'),
        )

    def mounted(self) -> Iterator[str]:
        """See :meth:`storage.base.Storage.mounted`."""
        return self._homes.mounted()


def check(data_root: pathlib.Path) -> None:
    """Refuse a data root that is not on btrfs.

    :raises NotSupported: says what to do.
    """
    kind = mounts.filesystem_type(data_root.resolve())
    if kind != 'btrfs':
        raise exception.NotSupported(
            f'{data_root} lies on {kind}, where there are no snapshots of '
            'btrfs; choose a directory on btrfs with --data-root, or set '
            'driver = auto in [storage]', 'host.data_root')


def _root(home: pathlib.Path) -> pathlib.Path:
    return home / 'private' / 'root'
