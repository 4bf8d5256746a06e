"""Root file systems on overlayfs, with idmapped lower layers.

Called by ``service.containers`` through ``storage.base.Storage``.  Calls
``storage.homes``, ``storage.diskimage``, ``storage.layering``,
``storage.overlay_changes``.

Beside what every home has (``storage.homes``): ``upper`` (the container's
changes) and ``work`` (overlayfs' own), both on the disk image where there is
one.

The layers belong to the host's ids and are shared by all containers; a
container sees them through an idmapped clone of their mount, made for it
alone, so nothing is copied or chowned.  Only the top of ``upper`` is chowned,
to the mapped root.  (Idmapping the whole overlay is EINVAL; measured.)
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
import pathlib

from novacontainer.runtime import deltas
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import homes
from novacontainer.runtime.storage import layering
from novacontainer.runtime.storage import overlay_changes


class Overlay:
    """The ``Storage`` of hosts with overlayfs.

    :param data_root: the daemon's data directory.
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
        self._homes = homes.Homes(data_root, self.name)
        self._pins = userns_pins
        self._method = method or layering.best()

    def prepare(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None, size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.prepare`."""
        if size_bytes:
            diskimage.check_size(size_bytes)
        owner = homes.owner(id_map)
        with diskfaults.translated(
                f'Cannot make the writable layer of {container_id}'):
            home = self._homes.make(container_id, id_map)
            with homes.limited(home, size_bytes) as place:
                homes.make_directory(place / 'work', 0o700)
                homes.make_directory(place / 'upper', 0o755)
                os.chown(place / 'upper', owner, owner)

    def resize(self, container_id: str, size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.resize`."""
        home = self._homes.unmounted(container_id)
        with diskfaults.translated(
                f'Cannot change the disk of {container_id}'):
            homes.resize(home, size_bytes, ('upper', 'work'))

    def mount(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> pathlib.Path:
        """See :meth:`storage.base.Storage.mount`."""
        home = self._homes.existing(container_id)
        merged = homes.merged(home)
        if os.path.ismount(merged):
            return merged
        pin = self._pins / container_id if self._pins else None
        with (diskfaults.translated(
                  f'Cannot mount the root of {container_id}'),
              contextlib.ExitStack() as undo):
            homes.attach_disk(home, undo)
            layering.mount(home, layers, id_map, pin, self._method,
                           homes.writable(home))
            undo.pop_all()
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
            layering.sweep(home)
            homes.discard(home)

    @contextlib.contextmanager
    def delta(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> Iterator[deltas.Delta]:
        """See :meth:`storage.base.Storage.delta`."""
        home = self._homes.path(container_id)
        with homes.opened(home, 'upper') as upper:
            yield deltas.Delta(upper, id_map)

    def changes(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None) -> Iterator[deltas.Change]:
        """See :meth:`storage.base.Storage.changes`."""
        with self.delta(container_id, layers, id_map) as delta:
            yield from overlay_changes.changes(delta.tree, layers)

    def collect(self) -> None:
        """See :meth:`storage.base.Storage.collect`; there is nothing."""

    def describe(self, container_id: str, layers: Sequence[pathlib.Path],
                 ) -> Mapping[str, str]:
        """See :meth:`storage.base.Storage.describe`."""
        home = self._homes.path(container_id)
        return {
            'LowerDir': ':'.join(map(str, reversed(layers))),
            'MergedDir': str(homes.merged(home)),
            'UpperDir': str(homes.writable(home) / 'upper'),
            'WorkDir': str(homes.writable(home) / 'work'),
        }

    def status(self) -> Sequence[tuple[str, str]]:
        """See :meth:`storage.base.Storage.status`."""
        return (
            ('Backing Filesystem', mounts.filesystem_type(self._homes.top)),
            ('Layers Through', self._method.value),
            ('Root Disk Limit', diskimage.describe()),
        )

    def mounted(self) -> Iterator[str]:
        """See :meth:`storage.base.Storage.mounted`."""
        return self._homes.mounted()
