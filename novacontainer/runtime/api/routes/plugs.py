"""Block devices that come and go while a container is there: ours.

Called by: ``api.app``.  Calls: ``service.plugs``, ``api.schemas``.
"""

from aiohttp import web

from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api.schemas import body
from novacontainer.runtime.api.schemas import containers as schema
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime import exception


class PlugRoutes:
    """Handlers of ``/containers/{name}/devices``."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._plugs = services.plugs
        self._pools = pools

    async def plug(self, request: web.Request) -> web.Response:
        """Give a container a block device: ours."""
        raw = await body.read(request)
        await self._pools.change(self._plug, _name(request), raw)
        return web.Response(status=204)

    def _plug(self, name: str, raw: bytes) -> None:
        self._plugs.plug(name, schema.device(raw))

    async def unplug(self, request: web.Request) -> web.Response:
        """Take a block device away: ours."""
        path = query.text(request, 'path')
        if path is None:
            raise exception.InvalidRequest(
                'No device is named: say ?path=/dev/NAME.'
            )
        await self._pools.change(
            self._plugs.unplug,
            _name(request),
            path,
            query.flag(request, 'force'),
        )
        return web.Response(status=204)


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])
