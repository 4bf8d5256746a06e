"""``/containers/…/changes``: the files of containers.

Called by: ``api.app``'s table.  Calls: ``service.differences``.
"""

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import services as api_services


class FileRoutes:
    """Handlers about files of containers."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._differences = services.differences
        self._pools = pools

    async def changes(self, request: web.Request) -> web.Response:
        """List what a container changed (``ContainerChanges``)."""
        found = await self._pools.change(
            self._differences.list,
            query.clean('name', request.match_info['name']),
        )
        # As Go writes a slice that was never made.
        return answers.whole(
            [{'Path': one.path, 'Kind': int(one.kind)} for one in found]
            or None
        )
