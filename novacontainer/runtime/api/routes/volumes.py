"""``/volumes``: make, look at, remove, prune.

Called by: ``api.app``'s table.  Calls: the volume service, pruning.
"""

from collections.abc import Mapping, Sequence

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import peers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api.schemas import body
from novacontainer.runtime.api.schemas import volumes as schema
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api import version
from novacontainer.runtime.api.views import volumes as view
from novacontainer.runtime import models

FILTERS = frozenset({'dangling', 'driver', 'label', 'name'})
PRUNE_FILTERS = frozenset({'all', 'label', 'label!'})
#: From it on only volumes without a name are pruned unless asked.
_PRUNES_NAMELESS = (1, 42)


class VolumeRoutes:
    """Handlers about volumes."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._volumes = services.volumes
        self._pruning = services.pruning
        self._pools = pools

    async def create(self, request: web.Request) -> web.Response:
        """Make a volume (``VolumeCreate``)."""
        raw = await body.read(request)
        shown = await self._pools.change(
            self._create, raw, peers.is_root(request)
        )
        return answers.whole(shown, status=201)

    def _create(self, raw: bytes, by_root: bool) -> models.Json:
        return self._show(self._volumes.create(schema.create(raw), by_root))

    async def list(self, request: web.Request) -> web.Response:
        """List volumes (``VolumeList``)."""
        filters = query.filters(request, FILTERS)
        shown = await self._pools.read(self._list, filters)
        return answers.whole({'Volumes': shown, 'Warnings': None})

    def _list(
        self, filters: Mapping[str, Sequence[str]]
    ) -> Sequence[models.Json]:
        return [self._show(one) for one in self._volumes.list(filters)]

    async def inspect(self, request: web.Request) -> web.Response:
        """Show a volume (``VolumeInspect``)."""
        shown = await self._pools.read(
            lambda: self._show(self._volumes.get(_name(request)))
        )
        return answers.whole(shown)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a volume (``VolumeDelete``)."""
        await self._pools.change(
            self._volumes.remove,
            _name(request),
            query.flag(request, 'force'),
        )
        return web.Response(status=204)

    async def prune(self, request: web.Request) -> web.Response:
        """Remove volumes that no container has (``VolumePrune``)."""
        filters = dict(query.filters(request, PRUNE_FILTERS))
        if version.of(request) < _PRUNES_NAMELESS:
            filters['all'] = ('true',)
        pruned = await self._pools.change(self._pruning.volumes, filters)
        return answers.whole(
            {
                'VolumesDeleted': list(pruned.removed),
                'SpaceReclaimed': pruned.freed_bytes,
            }
        )

    def _show(self, volume: models.Volume) -> models.Json:
        return view.show(volume, self._volumes.path(volume.name))


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])
