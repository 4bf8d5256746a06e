"""Stream images out as one archive.

Called by ``service.images``; calls the catalog and the archive writer.  The
blobs are those that came in, so nothing is packed or compressed anew and all
digests are exact.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import pathlib

from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.image import archive_write
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime import models
from novacontainer.runtime.service import image_catalog
from novacontainer.runtime.store import images


def save(catalog: image_catalog.Catalog,
         chosen: Sequence[tuple[models.Image, tuple[str, ...]]],
         sink: archive_write.BinaryWriter) -> None:
    """Write images, each with the names that the archive shall give it.

    :raises Internal: the store cannot be read.
    """
    held = catalog.hold([image.id for image, _ in chosen])
    try:
        with diskfaults.translated('cannot read the stored image'):
            saved = _describe(catalog, chosen)
        archive_write.write_directories(sink)
        layers = {layer.blob: layer for one in saved for layer in one.layers}
        for layer in layers.values():
            archive_write.write_layer(
                layer, _pieces(catalog.blobs.path(layer.blob)), sink)
        archive_write.write_documents(saved, sink)
    finally:
        catalog.release(held)


def _describe(catalog: image_catalog.Catalog,
              chosen: Sequence[tuple[models.Image, tuple[str, ...]]],
              ) -> list[archive_write.SavedImage]:
    found = []
    with catalog.database.reading() as connection:
        for image, names in chosen:
            layers = tuple(archive_write.SavedLayer(
                layer.diff_id, layer.blob,
                images.blob_size(connection, layer.blob),
                _compression(catalog.blobs.path(layer.blob)))
                for layer in image.layers)
            config = images.config_bytes(
                connection, image_catalog.find(connection, image.id).id)
            found.append(archive_write.SavedImage(config, layers, names))
    return found


def _compression(path: pathlib.Path) -> str:
    with open(path, 'rb') as blob:
        return compression.detect(blob.read(compression.MAGIC_BYTES))


def _pieces(path: pathlib.Path) -> Iterator[bytes]:
    """Yield a blob's bytes; only reading is this store's own failure."""
    with diskfaults.translated('cannot read the stored image'):
        blob = open(path, 'rb', buffering=0)
    with blob:
        while True:
            with diskfaults.translated('cannot read the stored image'):
                data = blob.read(chunks.CHUNK_BYTES)
            if not data:
                return
            yield data
