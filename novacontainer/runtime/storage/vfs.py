"""Root file systems that are plain copies, for where nothing else works.

Called by ``service.containers`` through ``storage.base.Storage``.  Calls
``host.mounts``, ``storage.flattening``, ``storage.homes``,
``storage.tree_changes``.

Beside what every home has (``storage.homes``): ``root``, a copy of all that
the image holds, on the disk image where there is one; ``made``, the moment
from which on every change is the container's; and ``touched``, paths that
had changed when the files were copied to a disk of another size.

Where the file system can share bytes between files (xfs, btrfs), the copy
takes hardly any room.  The files get the container's ids while they are
copied, so no idmapped mount is needed, which few file systems can do.

The size of a root disk, where it is limited, includes the image.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import errno
import os
import pathlib
import time

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.storage import chains
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import flattening
from novacontainer.runtime.storage import homes
from novacontainer.runtime.storage import tree_changes

_ROOT = 'root'
_MADE = 'made'
_TOUCHED = 'touched'
#: A host with less has a full disk, whatever the container's is.
_ROOM_BYTES = 4 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Vfs:
    """The ``Storage`` that needs nothing of the file system.

    :param data_root: the daemon's data directory.
    """

    name = 'vfs'

    def __init__(self, data_root: pathlib.Path) -> None:
        self._homes = homes.Homes(data_root, self.name)

    def prepare(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None, size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.prepare`.

        :raises InvalidRequest: the image does not fit the limit.
        """
        if size_bytes:
            diskimage.check_size(size_bytes)
        chains.check_layers(layers)
        owner = homes.owner(id_map)
        with diskfaults.translated(
                f'Cannot make the writable layer of {container_id}'):
            home = self._homes.make(container_id, id_map)
            with (homes.limited(home, size_bytes) as place,
                  _fitting(home, size_bytes)):
                homes.make_directory(place / _ROOT, 0o755)
                os.chown(place / _ROOT, owner, owner)
                for layer in layers:
                    try:
                        flattening.apply(layer, place / _ROOT, owner)
                    finally:
                        # A layer loses its name before its files.
                        chains.check_present(layer)
            _mark(home / _MADE)

    def resize(self, container_id: str, size_bytes: int) -> None:
        """See :meth:`storage.base.Storage.resize`."""
        home = self._homes.unmounted(container_id)
        with diskfaults.translated(
                f'Cannot change the disk of {container_id}'):
            with homes.opened(home, _ROOT) as root:
                touched = sorted(tree_changes.touched(
                    root, self._origin(home)))
            # Copied, all files change; from now on these names tell.
            (home / _TOUCHED).write_bytes(
                b'\0'.join(map(os.fsencode, touched)))
            homes.resize(home, size_bytes, (_ROOT,))
            _mark(home / _MADE)

    def mount(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> pathlib.Path:
        """See :meth:`storage.base.Storage.mount`."""
        home = self._homes.existing(container_id)
        merged = homes.merged(home)
        if os.path.ismount(merged):
            return merged
        with (diskfaults.translated(
                  f'Cannot mount the root of {container_id}'),
              contextlib.ExitStack() as undo):
            homes.attach_disk(home, undo)
            clone = mounts.clone_tree(str(homes.writable(home) / _ROOT))
            try:
                homes.attach_root(clone, merged, id_map)
            finally:
                os.close(clone)
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
            homes.discard(self._homes.path(container_id))

    @contextlib.contextmanager
    def delta(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> Iterator[deltas.Delta]:
        """See :meth:`storage.base.Storage.delta`."""
        home = self._homes.path(container_id)
        with homes.opened(home, _ROOT) as root:
            with diskfaults.translated(
                    f'Cannot read the files of {container_id}'):
                origin = self._origin(home)
            yield deltas.Delta(root, id_map, tree_changes.changes(
                root, tuple(reversed(layers)), origin))

    def changes(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None) -> Iterator[deltas.Change]:
        """See :meth:`storage.base.Storage.changes`."""
        with self.delta(container_id, layers, id_map) as delta:
            yield from delta.changes or ()

    @staticmethod
    def _origin(home: pathlib.Path) -> tree_changes.Copy:
        try:
            touched = (home / _TOUCHED).read_bytes()
        except FileNotFoundError:
            touched = b''
        return tree_changes.Copy(
            int((home / _MADE).read_text()), home.stat().st_gid,
            frozenset(map(os.fsdecode, touched.split(b'\0'))))

    def collect(self) -> None:
        """See :meth:`storage.base.Storage.collect`; there is nothing."""

    def describe(self, container_id: str, layers: Sequence[pathlib.Path],
                 ) -> Mapping[str, str]:
        """See :meth:`storage.base.Storage.describe`."""
        home = self._homes.path(container_id)
        return {'MergedDir': str(homes.merged(home)),
                'RootDir': str(homes.writable(home) / _ROOT)}

    def status(self) -> Sequence[tuple[str, str]]:
        """See :meth:`storage.base.Storage.status`."""
        return (
            ('Backing Filesystem', mounts.filesystem_type(self._homes.top)),
            ('Root Disk Limit', diskimage.describe()),
        )

    def mounted(self) -> Iterator[str]:
        """See :meth:`storage.base.Storage.mounted`."""
        return self._homes.mounted()


@contextlib.contextmanager
def _fitting(home: pathlib.Path, size_bytes: int) -> Iterator[None]:
    """Tell a disk that is too small for the image from a full host."""
    try:
        yield
    except OSError as error:
        found = os.statvfs(home)
        if (size_bytes and error.errno in _FULL
                and found.f_bavail * found.f_frsize > _ROOM_BYTES):
            raise exception.InvalidRequest(
                f'The image does not fit a root disk of {size_bytes} bytes, '
                'which holds all of it with the storage driver vfs; give '
                'more, or 0 for no limit.', 'storage.image_too_large',
            ) from error
        raise


def _mark(path: pathlib.Path) -> None:
    """Note a moment that is after every change so far, and before others.

    The kernel's clock for the times of files goes in steps.
    """
    path.touch(mode=0o600)
    last = path.stat().st_ctime_ns
    while (now := path.stat().st_ctime_ns) == last:
        time.sleep(0.001)
        path.touch()
    path.write_text(str(now))
