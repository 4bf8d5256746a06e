"""What takes the disk, as the Docker Engine API 1.44 shows it.

Called by: ``api.routes.housekeeping``.  Calls: ``views.images``.
"""

import collections
from collections.abc import Iterable, Mapping, Sequence

from novacontainer.runtime.api.views import images as image_view
from novacontainer.runtime import models


def images(
    found: Sequence[models.Image], users: Mapping[str, int]
) -> list[models.Json]:
    """Show images with what they share, and with how many use them.

    :param users: number of containers by id of the image.
    """
    shared = _shared(found)
    return [
        {
            **image_view.summary(image),
            'SharedSize': sum(
                layer.size_bytes
                for layer in set(image.layers)
                if layer.diff_id in shared
            ),
            'Containers': users.get(image.id, 0),
        }
        for image in found
    ]


def layers_bytes(found: Iterable[models.Image]) -> int:
    """Sum up the layers of all images, each once."""
    return sum(
        {
            layer.diff_id: layer.size_bytes
            for image in found
            for layer in image.layers
        }.values()
    )


def _shared(found: Iterable[models.Image]) -> set[str]:
    counts = collections.Counter(
        diff_id
        for image in found
        for diff_id in {layer.diff_id for layer in image.layers}
    )
    return {diff_id for diff_id, number in counts.items() if number > 1}
