"""``/metrics``: an extension.

Called by: ``api.app``'s table.  Calls: ``api.metrics``.
"""

from aiohttp import web

from novacontainer.runtime.api import metrics as api_metrics
from novacontainer.runtime.api import pools as api_pools


class MetricsRoutes:
    """The handler of the numbers."""

    def __init__(
        self, metrics: api_metrics.Metrics, pools: api_pools.Pools
    ) -> None:
        self._metrics = metrics
        self._pools = pools

    async def show(self, _request: web.Request) -> web.Response:
        """Send all numbers, in Prometheus's text format."""
        return web.Response(
            body=await self._pools.read(self._metrics.render),
            headers={'Content-Type': api_metrics.CONTENT_TYPE},
        )
