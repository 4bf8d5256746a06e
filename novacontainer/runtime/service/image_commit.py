"""Make an image of what a container changed.

Called by ``service.images``; calls the stage and the catalog.  One child
writes the changes as a tar while another one unpacks it again as the
new layer, so that the layer is exactly what its tar says.
"""

from collections.abc import Iterator
import contextlib
import datetime
import json

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import config as image_config
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.image import reference as image_reference
from novacontainer.runtime import models
from novacontainer.runtime.service import image_catalog
from novacontainer.runtime.service import layer_stage
from novacontainer.runtime.unpack import unpacker as layer_unpacker

_NAME = 'changes'


class Committer:
    """Commits what containers changed."""

    def __init__(self, catalog: image_catalog.Catalog,
                 unpacker: layer_unpacker.Unpacker,
                 limits: image_limits.Limits) -> None:
        self._catalog = catalog
        self._unpacker = unpacker
        self._limits = limits

    def run(self, base: models.Image, delta: deltas.Delta,
            config: models.Json, *, author: str, message: str,
            reference: str | None) -> models.Image:
        """Commit; see ``ImageService.commit``."""
        names = ((str(image_reference.parse_tagged(reference)),)
                 if reference else ())
        if len(base.layers) >= self._limits.layers:
            raise exception.InvalidRequest(
                f'the image has {len(base.layers)} layers already; this '
                f'host allows {self._limits.layers}',
                'image.too_many_layers')
        held = self._catalog.hold([base.id])
        try:
            with (diskfaults.translated('cannot store the image'),
                  layer_stage.Stage(
                      self._catalog.blobs, self._catalog.layers,
                      self._unpacker, self._limits) as stage):
                stage.take(_NAME, self._tar(delta), need_end=True)
                stage.settle()
                layer = stage.staged[_NAME].layer
                document = image_config.with_layer(
                    base.config, layer.diff_id, config, author=author,
                    message=message, now=datetime.datetime.now(datetime.UTC))
                new = image_catalog.NewImage(
                    json.dumps(document).encode(), (*base.layers, layer),
                    names, base.id)
                image, = self._catalog.add([new], stage.staged.values())
        finally:
            self._catalog.release(held)
        for name in names:
            self._catalog.announce('tag', image, name)
        return image

    def _tar(self, delta: deltas.Delta) -> Iterator[bytes]:
        with contextlib.closing(self._unpacker.produce(
                delta, self._limits)) as production:
            while data := production.read(chunks.CHUNK_BYTES):
                yield data
            production.finish()
