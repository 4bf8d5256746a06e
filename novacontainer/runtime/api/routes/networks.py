"""``/networks``: make, look at, connect, disconnect, remove, prune.

Called by: ``api.app``'s table.  Calls: the network service, connections,
pruning.
"""

from collections.abc import Mapping, Sequence

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api.schemas import body
from novacontainer.runtime.api.schemas import networks as schema
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import networks as view
from novacontainer.runtime import exception
from novacontainer.runtime import models

FILTERS = frozenset(
    {'dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'}
)
PRUNE_FILTERS = frozenset({'label', 'label!', 'until'})
#: What ``scope`` of an inspection can be.
SCOPES = ('local', 'global', 'swarm')


class NetworkRoutes:
    """Handlers about networks."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._networks = services.networks
        self._containers = services.containers
        self._connections = services.connections
        self._pruning = services.pruning
        self._pools = pools

    async def create(self, request: web.Request) -> web.Response:
        """Make a network (``NetworkCreate``)."""
        raw = await body.read(request)
        ident = await self._pools.change(self._create, raw)
        return answers.whole({'Id': ident, 'Warning': ''}, status=201)

    def _create(self, raw: bytes) -> str:
        return self._networks.create(schema.create(raw)).id

    async def list(self, request: web.Request) -> web.Response:
        """List networks (``NetworkList``)."""
        filters = query.filters(request, FILTERS)
        return answers.whole(await self._pools.read(self._list, filters))

    def _list(
        self, filters: Mapping[str, Sequence[str]]
    ) -> Sequence[models.Json]:
        return [view.show(one) for one in self._networks.list(filters)]

    async def inspect(self, request: web.Request) -> web.Response:
        """Show a network (``NetworkInspect``)."""
        name = _name(request)
        scope = query.text(request, 'scope') or 'local'
        if scope not in SCOPES:
            raise exception.InvalidRequest(
                f'invalid scope: {scope[:80]}; known are ' + ', '.join(SCOPES)
            )
        if scope != 'local':
            raise exception.NotFound(
                f'network {name} not found', code='network.not_found'
            )
        return answers.whole(await self._pools.read(self._inspect, name))

    def _inspect(self, name: str) -> models.Json:
        network = self._networks.get(name)
        return view.show(network, self._networks.connections(network))

    async def connect(self, request: web.Request) -> web.Response:
        """Connect a container (``NetworkConnect``)."""
        raw = await body.read(request)
        await self._pools.change(self._connect, _name(request), raw)
        return web.Response(status=200)

    def _connect(self, name: str, raw: bytes) -> None:
        given = schema.connect(raw)
        self._connections.connect(
            name, given['Container'], given.get('EndpointConfig') or {}
        )

    async def disconnect(self, request: web.Request) -> web.Response:
        """Take a container off a network (``NetworkDisconnect``)."""
        raw = await body.read(request)
        await self._pools.change(self._disconnect, _name(request), raw)
        return web.Response(status=200)

    def _disconnect(self, name: str, raw: bytes) -> None:
        given = schema.disconnect(raw)
        self._connections.disconnect(
            name, given['Container'], bool(given.get('Force'))
        )

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a network (``NetworkDelete``)."""
        await self._pools.change(self._networks.remove, _name(request))
        return web.Response(status=204)

    async def prune(self, request: web.Request) -> web.Response:
        """Remove networks that no container has (``NetworkPrune``)."""
        pruned = await self._pools.change(
            self._pruning.networks, query.filters(request, PRUNE_FILTERS)
        )
        return answers.whole(
            {'NetworksDeleted': list(pruned.removed) or None}
        )


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])
