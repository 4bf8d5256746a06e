"""Make an image of one plain root filesystem (``docker import``).

Called by ``service.images``; calls the stage and the catalog.  Unlike a load
it takes the archive for nothing else, whatever it holds.
"""

from collections.abc import Sequence
import datetime
import json

from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.image import archive_read
from novacontainer.runtime.image import config as image_config
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.image import reference as image_reference
from novacontainer.runtime import models
from novacontainer.runtime.service import changes as image_changes
from novacontainer.runtime.service import image_catalog
from novacontainer.runtime.service import layer_stage
from novacontainer.runtime.unpack import unpacker as layer_unpacker

_NAME = 'root filesystem'


class Importer:
    """Imports root filesystems."""

    def __init__(self, catalog: image_catalog.Catalog,
                 unpacker: layer_unpacker.Unpacker,
                 limits: image_limits.Limits) -> None:
        self._catalog = catalog
        self._unpacker = unpacker
        self._limits = limits

    def run(self, source: archive_read.BinaryReader, *,
            reference: str | None, message: str,
            changes: Sequence[str]) -> models.Image:
        """Import; see ``ImageService.import_root``."""
        config = image_changes.of_nothing(changes)
        names = ((str(image_reference.parse_tagged(reference)),)
                 if reference else ())
        with (diskfaults.translated('cannot store the image'),
              layer_stage.Stage(
                  self._catalog.blobs, self._catalog.layers, self._unpacker,
                  self._limits) as stage):
            stream = archive_read.open_stream(source)
            stage.take(_NAME, stream.rest(), need_end=True)
            stage.settle()
            layer = stage.staged[_NAME].layer
            document = image_config.for_import(
                layer.diff_id, config, message=message,
                now=datetime.datetime.now(datetime.UTC))
            image, = self._catalog.add([image_catalog.NewImage(
                json.dumps(document).encode(), (layer,), names)],
                stage.staged.values())
        self._catalog.announce('import', image, next(iter(names), ''))
        return image
