"""``/containers/{id}/attach``, ``…/attach/ws`` and ``…/resize``.

Called by: ``api.app``'s table.  Calls: the attachments, the container
service, the log reader, ``api.hijack``, ``api.websocket``, ``api.relay``.
"""

import asyncio
from collections.abc import Awaitable, Callable
import concurrent.futures
import contextlib
import time

from aiohttp import web

from novacontainer.runtime.api import handover
from novacontainer.runtime.api import hijack
from novacontainer.runtime.api import patience
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import relay
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import logs as view
from novacontainer.runtime.api import websocket
from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import detachkeys

#: Records of the log that are read at once.
BATCH = 512

_STREAMS = ('stdin', 'stdout', 'stderr')

Client = hijack.Client | websocket.Client
#: A client, and what its handler must return in the end.
Taken = tuple[Client, web.StreamResponse]

AttachFuture = concurrent.futures.Future[models.Attachment]


class AttachRoutes:
    """Handlers that join a client and a container's first process."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._containers = services.containers
        self._attachments = services.attachments
        self._logs = services.logs
        self._pools = pools
        self._keepers: set[asyncio.Task[None]] = set()

    async def resize(self, request: web.Request) -> web.Response:
        """Set the size of a container's terminal (``ContainerResize``)."""
        rows, columns = query.size(request)
        await self._pools.change(
            self._attachments.resize, _name(request), rows, columns
        )
        return web.Response(status=200)

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """Join, from the start of the process on (``ContainerAttach``).

        Without a process the client waits for one: ``docker run`` attaches
        before it starts.
        """
        await patience.body(request)

        async def take_over(raw: bool) -> Taken:
            return await hijack.take_over(
                request, hijack.content_type(request, raw)
            )

        return await self._attach(request, take_over)

    async def attach_websocket(
        self, request: web.Request
    ) -> web.StreamResponse:
        """Join by a web socket (``ContainerAttachWebsocket``)."""
        takes_input = query.flag(request, 'stdin')

        async def take_over(_raw: bool) -> Taken:
            return await websocket.accept(request, takes_input)

        return await self._attach(request, take_over, mixed=True)

    async def _attach(
        self,
        request: web.Request,
        take_over: Callable[[bool], Awaitable[Taken]],
        mixed: bool = False,
    ) -> web.StreamResponse:
        """Join a client that is taken over from HTTP meanwhile.

        :param mixed: output comes without frames, whatever wrote it.
        """
        keys = query.text(request, 'detachKeys') or ''
        container = await self._pools.read(
            self._containers.get, _name(request)
        )
        wishes = _wishes(request, container, keys, mixed)
        joined: AttachFuture | None = None
        if query.flag(request, 'stream'):
            joined = await handover.taken(
                self._pools.change(
                    self._attachments.attach, container.id, keys
                ),
                _let_go,
            )
        before_ns = time.time_ns()
        try:
            client, response = await take_over(wishes.raw)
            try:
                if query.flag(request, 'logs'):
                    await self._send_log(client, container, before_ns, wishes)
                if joined is not None:
                    await self._join(client, container, joined, wishes)
                await client.finish()
            finally:
                client.close()
        finally:
            if joined is not None:
                _let_go(joined)
        return response

    async def _join(
        self,
        client: Client,
        container: models.Container,
        joined: AttachFuture,
        wishes: relay.Wishes,
    ) -> None:
        attachment = await _process(client, joined)
        if attachment is None:
            return
        try:
            outcome = await relay.Relay(client, attachment, wishes).run()
        finally:
            if wishes.ends_input and 'stdin' not in wishes.streams:
                self._keep(attachment)
        if outcome is relay.Outcome.DETACHED:
            await self._pools.read(self._attachments.detached, container)

    def _keep(self, attachment: models.Attachment) -> None:
        """Keep a connection up when its client leaves.

        To conmon the end of any connection is the end of the input of a
        process that is to read from one client; one that only looked must
        not end it.
        """
        keeper = asyncio.create_task(
            relay.drain(attachment.connection.dup())
        )
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    async def _send_log(
        self,
        client: Client,
        container: models.Container,
        until_ns: int,
        wishes: relay.Wishes,
    ) -> None:
        """Send what the container wrote before the client joined."""
        writer = view.Writer(
            streams=frozenset(wishes.streams),
            timestamps=False,
            raw=wishes.raw,
        )
        path = self._containers.log_path(container)
        if path is None:
            return
        reader = await self._pools.read(
            self._logs.open,
            path,
            tail=None,
            since_ns=0,
            until_ns=until_ns,
        )
        with contextlib.closing(reader):
            while lines := await self._pools.read(reader.read, BATCH):
                client.write(writer.render(lines))
                await client.drain()


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])


def _streams(request: web.Request) -> frozenset[str]:
    return frozenset(
        name for name in _STREAMS if query.flag(request, name)
    )


def _wishes(
    request: web.Request,
    container: models.Container,
    keys: str,
    mixed: bool,
) -> relay.Wishes:
    config = container.config
    terminal = bool(config.get('Tty'))
    streams = _streams(request)
    if not config.get('OpenStdin'):
        streams -= {'stdin'}
    return relay.Wishes(
        streams,
        raw=terminal or mixed,
        ends_input=bool(config.get('StdinOnce')) and not terminal,
        detach_keys=detachkeys.parse(keys) if terminal else b'',
    )


async def _process(
    client: Client, joined: AttachFuture
) -> models.Attachment | None:
    """Wait for a process to join; None when there will be none."""
    gone = asyncio.ensure_future(client.gone.wait())
    waiting = asyncio.wrap_future(joined)
    waiting.add_done_callback(lambda _done: gone.cancel())
    try:
        await asyncio.wait({gone})
        return waiting.result() if waiting.done() else None
    except exception.RuntimeFault:
        return None
    finally:
        gone.cancel()


def _let_go(joined: AttachFuture) -> None:
    """Stop waiting, or close what came, or comes, of it."""
    if not joined.cancel():
        joined.add_done_callback(_close)


def _close(joined: AttachFuture) -> None:
    if joined.exception() is None:
        joined.result().close()
