"""``/containers/…/archive``, ``export`` and ``changes``: files of containers.

Called by: ``api.app``'s table.  Calls: ``service.archives``,
``service.differences``, ``api.transfers``.
"""

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api import transfers
from novacontainer.runtime.api.views import files as view
from novacontainer.runtime import exception

STAT_HEADER = 'X-Docker-Container-Path-Stat'
_TAR = {'Content-Type': 'application/x-tar'}


class FileRoutes:
    """Handlers about files of containers."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._archives = services.archives
        self._differences = services.differences
        self._pools = pools

    async def stat(self, request: web.Request) -> web.Response:
        """Tell what is at a path (``ContainerArchiveInfo``)."""
        found = await self._pools.change(
            self._archives.stat, _name(request), _path(request)
        )
        return web.Response(headers={STAT_HEADER: view.path_stat(found)})

    async def read(self, request: web.Request) -> web.StreamResponse:
        """Send a path as a tar (``ContainerArchive``)."""
        name, path = _name(request), _path(request)
        found = await self._pools.change(self._archives.stat, name, path)
        return await transfers.send(
            request,
            self._pools,
            lambda download: self._archives.read(name, path, download),
            {**_TAR, STAT_HEADER: view.path_stat(found)},
        )

    async def write(self, request: web.Request) -> web.Response:
        """Put a tar into a directory (``PutContainerArchive``)."""
        name, path = _name(request), _path(request)
        keep_kinds = query.flag(request, 'noOverwriteDirNonDir')
        keep_owners = query.flag(request, 'copyUIDGID')
        await transfers.receive(
            request,
            self._pools,
            lambda upload: self._archives.write(
                name,
                path,
                upload,
                keep_kinds=keep_kinds,
                keep_owners=keep_owners,
            ),
        )
        return web.Response()

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Send a container's whole root as a tar (``ContainerExport``)."""
        name = _name(request)
        return await transfers.send(
            request,
            self._pools,
            lambda download: self._archives.export(name, download),
            _TAR,
        )

    async def changes(self, request: web.Request) -> web.Response:
        """List what a container changed (``ContainerChanges``)."""
        found = await self._pools.change(
            self._differences.list, _name(request)
        )
        # As Go writes a slice that was never made.
        return answers.whole(
            [{'Path': one.path, 'Kind': int(one.kind)} for one in found]
            or None
        )


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])


def _path(request: web.Request) -> str:
    path = query.text(request, 'path')
    if path is None:
        raise exception.InvalidRequest(
            "missing parameter: 'path', the path in the container",
            code='file.no_path',
        )
    return path
