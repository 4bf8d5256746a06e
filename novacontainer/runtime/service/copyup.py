"""The first files of a volume: those that the image has in its place.

Called by ``service.creation``, with the volumes' locks held.  Calls
``service.volumemounts``, ``storage`` and ``unpack``.

As in Docker an empty volume gets them when a container with it is created,
and takes over owner and mode of the directory.  Image and volume are both
others' to shape, so two confined processes do it, with the container's own
ids: one reads the image's root, one writes the volume.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import errno
import os
import pathlib
import stat

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import idmap
from novacontainer.runtime.host import inroot
from novacontainer.runtime.host import mounts
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime import models
from novacontainer.runtime.service import volumemounts
from novacontainer.runtime.service import volumes
from novacontainer.runtime.service import volumespec
from novacontainer.runtime.storage import base as storage_base
from novacontainer.runtime.unpack import unpacker


class CopyUp:
    """Fills volumes.

    :param layer_paths: gives the layers of an image, lowest first.
    """

    def __init__(
        self, *, storage: storage_base.Storage,
        service: volumes.VolumeService,
        opener: volumemounts.VolumeMounts,
        limits: image_limits.Limits, unpack: unpacker.Unpacker,
        layer_paths: Callable[[str], Sequence[pathlib.Path]],
    ) -> None:
        self._storage = storage
        self._volumes = service
        self._mounts = opener
        self._limits = limits
        self._unpack = unpack
        self._layer_paths = layer_paths

    def run(self, container: models.Container,
            fresh: Mapping[str, models.Volume]) -> None:
        """Fill the volumes of a container that is being made.

        :param container: its writable layer is there.
        :param fresh: volumes that have no record yet, by name.
        :raises InvalidRequest: the image has a file where a volume is to
            be, or more than a volume may begin with.
        :raises Unavailable: the disk is full; the volumes are empty again.
        """
        with contextlib.ExitStack() as stack:
            root: models.Inside | None = None
            for point in container.mounts:
                if point.type != 'volume' or not point.copies:
                    continue
                volume = (fresh.get(point.source)
                          or self._volumes.get(point.source))
                if (volumespec.is_tmpfs(volume)
                        or volumespec.is_readonly(volume)):
                    continue
                with (diskfaults.translated('Cannot fill the volume'),
                      self._mounts.opened(volume) as data):
                    if any(os.scandir(data)):
                        continue
                    if root is None:
                        root = stack.enter_context(self._image(container))
                    self._fill(container, root, point.target, volume, data)

    @contextlib.contextmanager
    def _image(self, container: models.Container,
               ) -> Iterator[models.Inside]:
        """Open the root of a container that nobody knows yet."""
        with contextlib.ExitStack() as stack:
            rootfs = self._storage.mount(
                container.id, self._layer_paths(container.image_id),
                container.id_map)
            stack.callback(self._storage.unmount, container.id)
            root = inroot.open_root(rootfs)
            stack.callback(os.close, root)
            ids = -1
            if container.id_map is not None:
                ids = stack.enter_context(
                    idmap.user_namespace(container.id_map))
            yield models.Inside(root, ids)

    def _fill(self, container: models.Container, root: models.Inside,
              target: str, volume: models.Volume,
              data: pathlib.Path) -> None:
        source = _open(root.root, target)
        if source is None:
            return
        try:
            status = os.fstat(source)
            if not stat.S_ISDIR(status.st_mode):
                raise exception.InvalidRequest(
                    'cannot mount volume over existing file, file exists '
                    f'{target}', 'container.invalid_mount')
            with self._volumes.filling(volume, data):
                if os.listdir(f'/proc/self/fd/{source}'):
                    self._copy(root, target, volume)
                base = container.id_map.host_base if container.id_map else 0
                os.chown(data, max(0, status.st_uid - base),
                         max(0, status.st_gid - base))
                os.chmod(data, stat.S_IMODE(status.st_mode))
        finally:
            os.close(source)

    def _copy(self, root: models.Inside, target: str,
              volume: models.Volume) -> None:
        into = self._mounts.clone(volume, '', '')
        try:
            if root.user_namespace >= 0:
                mounts.set_id_map(into, root.user_namespace, True)
            with (contextlib.closing(self._unpack.pack(
                      root, f'{target}/', '', self._limits)) as production,
                  contextlib.closing(self._unpack.extract(
                      models.Inside(into, root.user_namespace), '.',
                      compression.PLAIN, self._limits, owner=None,
                      keep_kinds=False)) as extraction):
                while data := production.read(chunks.CHUNK_BYTES):
                    if not extraction.write(data):
                        break
                else:
                    production.finish()
                extraction.finish()
        except exception.Unavailable as error:
            raise exception.Unavailable(
                f'The disk of volume {volume.name} is full before it has '
                f'all that the image has at {target}; make room, give it a '
                'larger size, or mount it with nocopy',
                'storage.full') from error
        finally:
            os.close(into)


def _open(root: int, target: str) -> int | None:
    """Open what an image has at a place; None when it has nothing."""
    try:
        return inroot.open_path(root, target, os.O_PATH)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise exception.InvalidRequest(
            f'The image cannot be used: {target} cannot serve as a mount '
            f'point: {error.strerror}', 'image.mount_target') from error
