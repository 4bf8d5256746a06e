"""``/_ping``, ``/version``, ``/info``.

Called by: ``api.app``'s table.  Calls: the info, image and container
services.
"""

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import system as view
from novacontainer.runtime import models


class SystemRoutes:
    """Handlers about the daemon itself."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._services = services
        self._pools = pools

    async def ping(self, request: web.Request) -> web.Response:
        """Answer without any service: alive is all that it says."""
        return web.Response(
            text='' if request.method == 'HEAD' else 'OK',
            headers=view.PING_HEADERS,
        )

    async def version(self, _request: web.Request) -> web.Response:
        """Say who we are."""
        facts = await self._pools.read(self._services.info.facts)
        return answers.whole(view.version(facts))

    async def info(self, _request: web.Request) -> web.Response:
        """Say what this host has."""
        return answers.whole(await self._pools.read(self._info))

    def _info(self) -> models.Json:
        services = self._services
        return view.info(
            services.info.facts(),
            services.containers.counts(),
            len(services.images.list(filters={})),
        )
