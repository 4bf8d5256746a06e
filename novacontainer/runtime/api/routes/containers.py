"""``/containers/…`` and ``/commit``: create, look at, change, remove.

Called by: ``api.app``'s table.  Calls: the container service.
"""

import asyncio
from collections.abc import Sequence
import concurrent.futures
import datetime

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import patience
from novacontainer.runtime.api import peers
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api.schemas import body
from novacontainer.runtime.api.schemas import containers as schema
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import containers as view
from novacontainer.runtime.api.views import mounts as mount_view
from novacontainer.runtime import exception
from novacontainer.runtime import models

FILTERS = frozenset(
    {
        'ancestor',
        'before',
        'exited',
        'expose',
        'health',
        'id',
        'is-task',
        'isolation',
        'label',
        'name',
        'network',
        'publish',
        'since',
        'status',
        'volume',
    }
)

#: What ``wait`` can wait for (API 1.44, ContainerWait).
CONDITIONS = ('not-running', 'next-exit', 'removed')


class ContainerRoutes:
    """Handlers about containers."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._services = services
        self._containers = services.containers
        self._pools = pools

    async def create(self, request: web.Request) -> web.Response:
        """Create a container (``ContainerCreate``)."""
        raw = await body.read(request)
        name = query.text(request, 'name')
        platform = query.text(request, 'platform')
        ident, warnings = await self._pools.change(
            self._create, raw, name, platform, peers.is_root(request)
        )
        return answers.whole(
            {'Id': ident, 'Warnings': list(warnings)}, status=201
        )

    def _create(
        self,
        raw: bytes,
        name: str | None,
        platform: str | None,
        by_root: bool,
    ) -> tuple[str, Sequence[str]]:
        return self._containers.create(
            schema.create(raw), name, platform, by_root
        )

    async def list(self, request: web.Request) -> web.Response:
        """List containers (``ContainerList``)."""
        limit = query.integer(request, 'limit') or 0
        shown = await self._pools.read(
            self._list,
            # As in Docker, a limit and a status filter look at all of them.
            query.flag(request, 'all') or limit > 0,
            max(0, limit),
            query.filters(request, FILTERS),
            query.flag(request, 'size'),
        )
        return answers.whole(shown)

    def _list(
        self, everything: bool, limit: int, filters: query.Filters, size: bool
    ) -> Sequence[models.Json]:
        now = datetime.datetime.now(datetime.UTC)
        found = self._containers.list(
            all=everything, limit=limit, filters=filters
        )
        connections = self._services.connections.all()
        return [
            view.summary(
                one,
                now,
                self._sizes(one) if size else None,
                self._services.healths.of(one),
                mount_view.show(one.mounts, self._services.volumes.path),
                connections.get(one.id, ()),
            )
            for one in found
        ]

    async def inspect(self, request: web.Request) -> web.Response:
        """Show one container (``ContainerInspect``)."""
        shown = await self._pools.read(
            self._inspect, _name(request), query.flag(request, 'size')
        )
        return answers.whole(shown)

    def _inspect(self, name: str, size: bool) -> models.Json:
        container = self._containers.get(name)
        around = view.Surroundings(
            storage=self._services.info.storage,
            sandbox_key=self._containers.sandbox_key(container),
            places=self._containers.places(container),
            sizes=self._sizes(container) if size else None,
            exec_ids=self._services.execs.ids(container.id),
            health=self._services.healths.of(container),
            mounts=mount_view.show(
                container.mounts, self._services.volumes.path
            ),
            connections=self._services.connections.of(container),
        )
        return view.inspect(container, around)

    def _sizes(self, container: models.Container) -> tuple[int, int]:
        written = self._containers.size_bytes(container)
        image = self._services.images.get(container.image_id)
        return written, written + image.size_bytes

    async def init(self, request: web.Request) -> web.Response:
        """Make namespaces, cgroup and root, hold the process: ours."""
        await self._pools.change(self._containers.init, _name(request))
        return web.Response(status=204)

    async def start(self, request: web.Request) -> web.Response:
        """Start a container (``ContainerStart``)."""
        if query.text(request, 'checkpoint'):
            raise exception.NotSupported(
                'Starting from a checkpoint is not supported.',
                code='container.checkpoint_not_supported',
            )
        if (await patience.body(request)).strip() not in (b'', b'{}', b'null'):
            raise exception.InvalidRequest(
                'starting container with non-empty request body was '
                'deprecated since API v1.22 and removed in v1.24; say all '
                'of it when you create the container'
            )
        await self._pools.change(self._containers.start, _name(request))
        return web.Response(status=204)

    async def stop(self, request: web.Request) -> web.Response:
        """Ask, then force, a container to end (``ContainerStop``)."""
        await self._pools.change(
            self._containers.stop,
            _name(request),
            timeout_s=query.integer(request, 't'),
            signal=query.text(request, 'signal'),
        )
        return web.Response(status=204)

    async def restart(self, request: web.Request) -> web.Response:
        """Stop and start a container (``ContainerRestart``)."""
        await self._pools.change(
            self._containers.restart,
            _name(request),
            timeout_s=query.integer(request, 't'),
            signal=query.text(request, 'signal'),
        )
        return web.Response(status=204)

    async def kill(self, request: web.Request) -> web.Response:
        """Send a signal (``ContainerKill``)."""
        signal = query.text(request, 'signal') or 'SIGKILL'
        await self._pools.change(
            self._containers.kill, _name(request), signal
        )
        return web.Response(status=204)

    async def pause(self, request: web.Request) -> web.Response:
        """Freeze a container's processes (``ContainerPause``)."""
        await self._pools.change(
            self._containers.pause,
            _name(request),
            reclaim=query.flag(request, 'reclaim'),
        )
        return web.Response(status=204)

    async def unpause(self, request: web.Request) -> web.Response:
        """Thaw a container's processes (``ContainerUnpause``)."""
        await self._pools.change(self._containers.unpause, _name(request))
        return web.Response(status=204)

    async def rename(self, request: web.Request) -> web.Response:
        """Give a container another name (``ContainerRename``)."""
        new_name = query.text(request, 'name')
        if new_name is None:
            raise exception.InvalidRequest(
                'Neither old nor new names may be empty: say ?name=.'
            )
        await self._pools.change(
            self._services.alterations.rename, _name(request), new_name
        )
        return web.Response(status=204)

    async def update(self, request: web.Request) -> web.Response:
        """Change limits (``ContainerUpdate``)."""
        raw = await body.read(request)
        await self._pools.change(self._update, _name(request), raw)
        return answers.whole({'Warnings': []})

    def _update(self, name: str, raw: bytes) -> None:
        self._services.alterations.update(name, schema.update(raw))

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a container (``ContainerDelete``)."""
        if query.flag(request, 'link'):
            raise exception.NotSupported(
                'Container links are not supported.',
                code='container.links_not_supported',
            )
        await self._pools.change(
            self._containers.remove,
            _name(request),
            force=query.flag(request, 'force'),
            volumes=query.flag(request, 'v'),
        )
        return web.Response(status=204)

    async def wait(self, request: web.Request) -> web.StreamResponse:
        """Wait for a container to end (``ContainerWait``).

        The head is sent as soon as the wait has begun: ``docker run`` waits
        for it before it starts the container.  No thread is held meanwhile.
        """
        condition = query.text(request, 'condition') or CONDITIONS[0]
        if condition not in CONDITIONS:
            raise exception.InvalidRequest(
                f'invalid condition: "{condition[:80]}"; known are '
                + ', '.join(CONDITIONS)
            )
        ended = await self._pools.read(
            self._containers.exit_future, _name(request), condition
        )
        response = answers.stream()
        try:
            await response.prepare(request)
            await response.write(await _outcome(ended))
            await response.write_eof()
        finally:
            # Of a client that has left, the service need not think on.
            ended.cancel()
        return response

    async def commit(self, request: web.Request) -> web.Response:
        """Make an image of a container (``ImageCommit``)."""
        name = query.text(request, 'container')
        if name is None:
            raise exception.InvalidRequest(
                'No container is named: say ?container=.'
            )
        raw = await body.read(request)
        image = await self._pools.bulk(
            self._commit,
            name,
            raw,
            repo=query.text(request, 'repo'),
            tag=query.text(request, 'tag'),
            author=query.text(request, 'author') or '',
            message=query.text(request, 'comment') or '',
            pause=query.flag(request, 'pause', default=True),
            changes=query.instructions(request),
        )
        return answers.whole({'Id': image.id}, status=201)

    def _commit(
        self,
        name: str,
        raw: bytes,
        *,
        repo: str | None,
        tag: str | None,
        author: str,
        message: str,
        pause: bool,
        changes: Sequence[str],
    ) -> models.Image:
        return self._containers.commit(
            name,
            repo=repo,
            tag=tag,
            author=author,
            message=message,
            pause=pause,
            changes=changes,
            config=schema.commit(raw),
        )


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])


async def _outcome(ended: 'concurrent.futures.Future[int]') -> bytes:
    """Await an exit code; errors come in the body, the head is sent."""
    outcome: models.Json
    try:
        outcome = {'StatusCode': await asyncio.wrap_future(ended)}
    except exception.RuntimeFault as fault:
        outcome = {'StatusCode': 125, 'Error': {'Message': fault.message}}
    return answers.line(outcome)
