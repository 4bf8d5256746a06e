"""Which images, names, layers and blobs exist: changes of it, one at a time.

Called by the other image services; calls the store and publishes events.
Files come first and rows last when something is added, rows first and files
last when it goes, so that a crash leaves files without rows at worst, which
:meth:`Catalog.recover` collects.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from collections import Counter
import contextlib
import dataclasses
import pathlib
import sqlite3
import threading
import time

from novacontainer.runtime import exception
from novacontainer.runtime.image import config as image_config
from novacontainer.runtime.image import digest
from novacontainer.runtime import models
from novacontainer.runtime.service import image_settling
from novacontainer.runtime.service import image_sweeping
from novacontainer.runtime.service import layer_stage
from novacontainer.runtime.store import blobs as blob_store
from novacontainer.runtime.store import database as store_database
from novacontainer.runtime.store import images
from novacontainer.runtime.store import layers as layer_store


@dataclasses.dataclass(frozen=True, slots=True)
class NewImage:
    """An image of which all layers are staged or held.

    :param config: the config document, verbatim.
    :param references: familiar names that it is to have.
    :param parent: id of the image that it is committed from.
    """

    config: bytes
    layers: tuple[models.Layer, ...]
    references: tuple[str, ...]
    parent: str = ''


class Catalog:
    """The images of this host.

    :param publish: takes events.
    :param swept: called when the files of removed images are deleted.
    """

    def __init__(self, database: store_database.Database,
                 blobs: blob_store.Blobs, layers: layer_store.Layers,
                 publish: Callable[[models.Event], None],
                 swept: Callable[[], None]) -> None:
        self.database = database
        self.blobs = blobs
        self.layers = layers
        self._publish = publish
        self._settler = image_settling.Settler(database, blobs, layers)
        self.sweeper = image_sweeping.Sweeper(swept)
        self._lock = threading.Lock()
        #: Layers and blobs that must stay although no image has them (yet).
        self._held: Counter[models.Layer] = Counter()

    @contextlib.contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Bound a change of rows that no other change overlaps."""
        with self._lock, self.database.transaction() as connection:
            yield connection

    def add(self, new: Sequence[NewImage],
            staged: Iterable[layer_stage.StagedLayer]) -> list[models.Image]:
        """Publish staged layers and the images that they make.

        They are visible at once and on the disk soon, see
        ``image_settling``.

        :raises Unavailable: no space left.
        """
        needed = {layer for image in new for layer in image.layers}
        with self._lock, contextlib.ExitStack() as undo:
            sizes = self._publish_files(
                [item for item in staged if item.layer in needed], undo)
            with self.database.transaction() as connection:
                for layer, blob_bytes in sizes.items():
                    images.add_layer(connection, layer, blob_bytes,
                                     image_settling.boot_id())
                made = [_record(connection, image) for image in new]
            undo.pop_all()
        self._settler.begin()
        return made

    def hold_blob(self, blob: str) -> models.Layer | None:
        """Keep the layer of a stored blob from going away.

        :returns: the layer, to be given to :meth:`release`; None when the
            blob is not stored.
        """
        with self._lock, self.database.reading() as connection:
            layer = images.layer_of_blob(connection, blob)
            if layer is not None:
                self._held[layer] += 1
            return layer

    def hold(self, names: Iterable[str]) -> list[models.Layer]:
        """Keep the layers of these images (full ids) from going away."""
        with self._lock, self.database.reading() as connection:
            found = [images.get(connection, name) for name in names]
            layers = [layer for image in found if image is not None
                      for layer in image.layers]
            self._held.update(layers)
            return layers

    def release(self, layers: Sequence[models.Layer]) -> None:
        """Undo a hold; delete what nothing needs any more."""
        with self._lock:
            self._held.subtract(layers)
            self._held += Counter()  # drop the zeros
        self.collect(layers)

    def collect(self, layers: Iterable[models.Layer]) -> list[str]:
        """Delete those layers that no image and no hold needs.

        :returns: diff_ids of what was deleted.
        """
        with self._lock:
            held_trees = {layer.diff_id for layer in self._held}
            unused = [layer for layer in dict.fromkeys(layers)
                      if layer.diff_id not in held_trees]
            if not unused:
                return []
            with self.database.transaction() as connection:
                blobs, trees = images.remove_unused(connection, unused)
            aside = [*map(self.blobs.detach, blobs),
                     *map(self.layers.detach, trees)]
        self.sweeper.begin(aside)
        return trees

    def recover(self) -> None:
        """Delete what a crash left behind; call before anything else."""
        self.blobs.remove_temporary()
        self.layers.remove_temporary()
        with self.database.reading() as connection:
            recorded = images.stored(connection)
        self.collect(recorded)
        with self.database.reading() as connection:
            recorded = images.stored(connection)
        blobs = {layer.blob for layer in recorded}
        trees = {layer.diff_id for layer in recorded}
        for blob in set(self.blobs.stored()) - blobs:
            self.blobs.remove(blob)
        for tree in set(self.layers.stored()) - trees:
            self.layers.discard(self.layers.detach(tree))
        self._settler.begin()

    def close(self) -> None:
        """Wait until everything is on the disk."""
        self._settler.close()
        self.sweeper.close()

    def announce(self, action: str, image: models.Image,
                 name: str = '') -> None:
        """Publish an event about an image.

        :param name: reference; default: the id, as in Docker's events.
        """
        labels = (image.config.get('config') or {}).get('Labels') or {}
        self._publish(models.Event(
            'image', action, image.id,
            {**labels, 'name': name or image.id}, time.time_ns()))

    def _publish_files(self, staged: list[layer_stage.StagedLayer],
                       undo: contextlib.ExitStack,
                       ) -> dict[models.Layer, int]:
        """Move what is new into its place; give the blobs' sizes."""
        sizes = {}
        trees: set[str] = set()
        for item in staged:
            layer = item.layer
            if layer in sizes:
                continue
            with self.database.reading() as connection:
                known_tree = images.has_layer(connection, layer.diff_id)
                known_blob = images.layer_of_blob(connection, layer.blob)
            if not known_tree and layer.diff_id not in trees:
                trees.add(layer.diff_id)
                self.layers.publish(item.tree, layer.diff_id)
                undo.callback(self._forget_tree, layer.diff_id)
            if known_blob is None:
                item.blob.publish()
                undo.callback(self.blobs.remove, layer.blob)
            sizes[layer] = item.blob.size_bytes
        return sizes

    def _forget_tree(self, diff_id: str) -> None:
        self.layers.discard(self.layers.detach(diff_id))


def paths(layers: layer_store.Layers,
          image: models.Image) -> tuple[pathlib.Path, ...]:
    """Give the unpacked layers of an image, the lowest first."""
    return tuple(layers.path(layer.diff_id) for layer in image.layers)


def find(connection: sqlite3.Connection, image_id: str) -> models.Image:
    """Give an image that was just seen by its full id.

    :raises NotFound: it went away meanwhile.
    """
    image = images.get(connection, image_id)
    if image is None:
        raise exception.NotFound(f'No such image: {image_id}',
                                 'image.not_found')
    return image


def _record(connection: sqlite3.Connection, new: NewImage) -> models.Image:
    document = image_config.parse(new.config)
    image_id = digest.of(new.config)
    images.add(connection, image_id, new.config,
               image_config.created(document), new.layers, new.parent)
    for name in new.references:
        images.set_reference(connection, name, image_id)
    return find(connection, image_id)
