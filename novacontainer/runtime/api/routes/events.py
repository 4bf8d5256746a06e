"""``GET /events``.

Called by: ``api.app``'s table.  Calls: the event hub, ``api.subscription``.
"""

import asyncio
from collections.abc import Sequence
import time

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import eventfilter
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api import subscription
from novacontainer.runtime.api.views import events as view
from novacontainer.runtime import exception
from novacontainer.runtime import models

#: Later than any event.
_FOREVER_NS = 2**63 - 1


class EventRoutes:
    """The handler of the event stream."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._events = services.events
        self._pools = pools

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send past events, then new ones as they come (``SystemEvents``).

        Without ``since`` there is no past.  The subscription begins before
        the past is read, so that nothing falls between the two.
        """
        wanted = eventfilter.EventFilter(
            query.filters(request, eventfilter.FILTERS)
        )
        since_ns = query.timestamp(request, 'since')
        until_ns = query.timestamp(request, 'until')
        if 0 < until_ns < since_ns:
            raise exception.InvalidRequest(
                f'`since` time ({request.query["since"]}) cannot be after '
                f'`until` time ({request.query["until"]})'
            )
        response = answers.stream()
        with subscription.Subscription(self._events) as live:
            past: Sequence[models.Event] = ()
            if since_ns or until_ns:
                past = await self._pools.read(
                    self._events.history, since_ns, until_ns or _FOREVER_NS
                )
            await response.prepare(request)
            live.skip(past)
            chosen = [event for event in past if wanted.matches(event)]
            await response.write(b''.join(map(view.message, chosen)))
            try:
                async with asyncio.timeout(_remaining_s(until_ns)):
                    async for event in live:
                        if wanted.matches(event):
                            await response.write(view.message(event))
            except TimeoutError:
                pass
        await response.write_eof()
        return response


def _remaining_s(until_ns: int) -> float | None:
    """Return seconds from now to until; None for ever."""
    if not until_ns:
        return None
    return max(0.0, (until_ns - time.time_ns()) / 10**9)
