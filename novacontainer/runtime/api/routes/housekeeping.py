"""``/system/df`` and ``…/prune``: what takes the disk, and making room.

Called by: ``api.app``'s table.  Calls: ``service.pruning``, the image and
container services.
"""

import collections
from collections.abc import Sequence
import datetime

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import containers as container_view
from novacontainer.runtime.api.views import mounts as mount_view
from novacontainer.runtime.api.views import usage as view
from novacontainer.runtime.api.views import volumes as volume_view
from novacontainer.runtime import exception
from novacontainer.runtime import models

CONTAINER_FILTERS = frozenset({'label', 'label!', 'until'})
IMAGE_FILTERS = CONTAINER_FILTERS | {'dangling'}
#: What ``type`` of ``/system/df`` can be (API 1.44, SystemDataUsage).
TYPES = ('container', 'image', 'volume', 'build-cache')


class HousekeepingRoutes:
    """Handlers about the disk.

    Where a list of removed things is empty it is null: as Go writes a slice
    that was never made.
    """

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._images = services.images
        self._containers = services.containers
        self._pruning = services.pruning
        self._volumes = services.volumes
        self._connections = services.connections
        self._pools = pools

    async def usage(self, request: web.Request) -> web.Response:
        """Show what takes the disk (``SystemDataUsage``)."""
        types = request.query.getall('type', []) or TYPES
        for one in types:
            if one not in TYPES:
                raise exception.InvalidRequest(
                    f'unknown object type: {query.clean("type", one)[:80]}; '
                    'known are ' + ', '.join(TYPES),
                    code='system.unknown_type',
                )
        return answers.whole(await self._pools.change(self._usage, types))

    def _usage(self, types: Sequence[str]) -> models.Json:
        found = self._containers.list(all=True, limit=0, filters={})
        images = self._images.list(filters={})
        users = collections.Counter(one.image_id for one in found)
        shown: models.Json = {'LayersSize': view.layers_bytes(images)}
        if 'image' in types:
            shown['Images'] = view.images(images, users)
        if 'container' in types:
            sizes = {image.id: image.size_bytes for image in images}
            shown['Containers'] = [
                self._container(one, sizes.get(one.image_id, 0))
                for one in found
            ]
        if 'volume' in types:
            shown['Volumes'] = [
                self._volume(one) for one in self._volumes.list({})
            ]
        if 'build-cache' in types:
            shown['BuildCache'] = []
        return shown

    def _container(
        self, one: models.Container, image_bytes: int
    ) -> models.Json:
        written = self._containers.size_bytes(one)
        now = datetime.datetime.now(datetime.UTC)
        return container_view.summary(
            one,
            now,
            (written, written + image_bytes),
            mounts=mount_view.show(one.mounts, self._volumes.path),
            connections=self._connections.of(one),
        )

    def _volume(self, one: models.Volume) -> models.Json:
        return volume_view.usage(
            one, self._volumes.path(one.name), self._volumes.size_bytes(one)
        )

    async def prune_containers(self, request: web.Request) -> web.Response:
        """Remove the containers that do not run (``ContainerPrune``)."""
        pruned = await self._pools.change(
            self._pruning.containers,
            query.filters(request, CONTAINER_FILTERS),
        )
        return answers.whole(
            {
                'ContainersDeleted': list(pruned.removed) or None,
                'SpaceReclaimed': pruned.freed_bytes,
            }
        )

    async def prune_images(self, request: web.Request) -> web.Response:
        """Remove images that no container uses (``ImagePrune``)."""
        pruned = await self._pools.change(
            self._pruning.images, query.filters(request, IMAGE_FILTERS)
        )
        return answers.whole(
            {
                'ImagesDeleted': list(pruned.removed) or None,
                'SpaceReclaimed': pruned.freed_bytes,
            }
        )

    async def prune_nothing(self, _request: web.Request) -> web.Response:
        """Remove nothing of what is never there.

        ``BuildPrune``: ``docker system prune`` asks for it.
        """
        return answers.whole(
            {
                'CachesDeleted': None,
                'SpaceReclaimed': 0,
            }
        )
