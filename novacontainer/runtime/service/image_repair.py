"""After a power failure: unpack again what had not reached the disk.

Called by ``service.images`` when the daemon starts; calls the catalog and
``unpack``.  A layer that carries the mark of a former boot
(``image_settling``) may have holes.  Its blob tells: when its content still
has its digest, the tree is made anew from it; otherwise the images that have
the layer are gone, and whoever needs them loads them again.
"""

import contextlib
import hashlib
import logging
import pathlib
import sqlite3

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime import models
from novacontainer.runtime.service import image_catalog
from novacontainer.runtime.service import image_settling
from novacontainer.runtime.store import images
from novacontainer.runtime.unpack import unpacker as layer_unpacker

LOG = logging.getLogger(__name__)


class Repairer:
    """Looks into the layers of former boots."""

    def __init__(self, catalog: image_catalog.Catalog,
                 unpacker: layer_unpacker.Unpacker,
                 limits: image_limits.Limits) -> None:
        self._catalog = catalog
        self._unpacker = unpacker
        self._limits = limits

    def run(self) -> None:
        """Repair or remove every layer that is in doubt."""
        with self._catalog.database.reading() as connection:
            doubtful = [layer for layer, boot in images.unsettled(connection)
                        if boot != image_settling.boot_id()]
        for layer in doubtful:
            try:
                self._repair(layer)
            except (OSError, exception.RuntimeFault) as error:
                LOG.error('Layer %s did not survive the crash of this host: '
                          '%s', layer.diff_id, error)
                self._remove_images(layer)
        if doubtful:
            self._catalog.blobs.sync()
            self._catalog.layers.sync()
            with self._catalog.changing() as connection:
                images.settle(connection, doubtful)

    def _repair(self, layer: models.Layer) -> None:
        blob = self._catalog.blobs.path(layer.blob)
        if _digest(blob) != layer.blob:
            raise exception.Internal('its blob is damaged', 'image.damaged')
        with open(blob, 'rb') as opened:
            kind = compression.detect(
                opened.read(compression.MAGIC_BYTES))
        with contextlib.ExitStack() as stack:
            tree = self._catalog.layers.temporary()
            stack.callback(self._catalog.layers.discard, tree)
            child = stack.enter_context(contextlib.closing(
                self._unpacker.apply(blob, tree, kind, self._limits)))
            child.finish()
            child.result()
            self._catalog.layers.publish(tree, layer.diff_id)

    def _remove_images(self, layer: models.Layer) -> None:
        with self._catalog.database.reading() as connection:
            users = images.users_of_layer(connection, layer.diff_id)
        for image_id in users:
            try:
                with self._catalog.changing() as connection:
                    images.remove(connection, image_id)
                LOG.error('Image %s is damaged and was removed; load it '
                          'again', image_id)
            except sqlite3.IntegrityError:
                LOG.error('Image %s is damaged, but a container uses it: '
                          'remove the container and load the image again',
                          image_id)


def _digest(path: pathlib.Path) -> str:
    found = hashlib.sha256()
    with open(path, 'rb', buffering=0) as blob:
        while data := blob.read(chunks.CHUNK_BYTES):
            found.update(data)
    return 'sha256:' + found.hexdigest()
