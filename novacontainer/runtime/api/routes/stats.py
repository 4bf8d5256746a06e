"""``/containers/…/top`` and ``stats``: what containers do right now.

Called by: ``api.app``'s table.  Calls: ``service.top``, ``service.stats``.
"""

import asyncio

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import stats as view
from novacontainer.runtime import exception

#: Between two samples, as in Docker.
PERIOD_S = 1.0


class StatsRoutes:
    """Handlers about what runs in containers."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._stats = services.stats
        self._top = services.top
        self._pools = pools

    async def top(self, request: web.Request) -> web.Response:
        """List the processes of a container (``ContainerTop``)."""
        titles, rows = await self._pools.read(
            self._top.list,
            _name(request),
            query.text(request, 'ps_args') or '',
        )
        return answers.whole({'Titles': titles, 'Processes': rows})

    async def stats(self, request: web.Request) -> web.StreamResponse:
        """Show what a container uses, once or every second.

        ``ContainerStats``.  Without ``one-shot`` a single answer takes a
        second, because rates need two samples.
        """
        name = _name(request)
        follow = query.flag(request, 'stream', default=True)
        sample = await self._pools.read(self._stats.sample, name)
        if not follow:
            before = None
            if sample.usage and not query.flag(request, 'one-shot'):
                await asyncio.sleep(PERIOD_S)
                before = sample
                sample = await self._pools.read(self._stats.sample, name)
            return answers.whole(view.stats(sample, before))
        ident, before = sample.container.id, None
        response = answers.stream()
        await response.prepare(request)
        while True:
            await response.write(answers.line(view.stats(sample, before)))
            await asyncio.sleep(PERIOD_S)
            before = sample
            try:
                sample = await self._pools.read(self._stats.sample, ident)
            except exception.NotFound:
                # Removed: there is no more to say.
                break
        await response.write_eof()
        return response


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])
