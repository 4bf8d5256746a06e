"""``/containers/{id}/exec`` and ``/exec/…``: further processes.

Called by: ``api.app``'s table.  Calls: the exec service, ``api.hijack``,
``api.relay``.
"""

import asyncio

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import handover
from novacontainer.runtime.api import hijack
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import relay
from novacontainer.runtime.api.schemas import body
from novacontainer.runtime.api.schemas import execs as schema
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import execs as view
from novacontainer.runtime.api.views import logs as log_view
from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import detachkeys


class ExecRoutes:
    """Handlers about execs."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._execs = services.execs
        self._pools = pools

    async def create(self, request: web.Request) -> web.Response:
        """Write down what is to be run (``ContainerExec``)."""
        raw = await body.read(request)
        name = query.clean('name', request.match_info['name'])
        ident = await self._pools.change(self._create, name, raw)
        return answers.whole({'Id': ident}, status=201)

    def _create(self, name: str, raw: bytes) -> str:
        return self._execs.create(name, schema.create(raw))

    async def inspect(self, request: web.Request) -> web.Response:
        """Show one exec (``ExecInspect``)."""
        record = await self._pools.read(self._execs.get, _id(request))
        return answers.whole(view.inspect(record))

    async def resize(self, request: web.Request) -> web.Response:
        """Set the size of its terminal (``ExecResize``)."""
        rows, columns = query.size(request)
        await self._pools.change(
            self._execs.resize, _id(request), rows, columns
        )
        return web.Response(status=200)

    async def start(self, request: web.Request) -> web.StreamResponse:
        """Run it, and stay with it or not (``ExecStart``)."""
        wishes = schema.start(await body.read(request))
        record = await self._pools.read(
            self._execs.check_start, _id(request)
        )
        rows, columns = wishes.get('ConsoleSize') or (0, 0)
        size = int(rows), int(columns)
        if wishes.get('Detach'):
            await self._pools.change(
                self._execs.start, record.id, detach=True, console_size=size
            )
            return web.Response(status=200)
        raw = bool(wishes.get('Tty'))
        client, response = await hijack.take_over(
            request, hijack.content_type(request, raw)
        )
        try:
            await self._run(client, record, raw=raw, console_size=size)
            await client.finish()
        finally:
            client.close()
        return response

    async def _run(
        self,
        client: hijack.Client,
        record: models.Exec,
        *,
        raw: bool,
        console_size: tuple[int, int],
    ) -> None:
        """Run it for a client that sees everything.

        Why it did not start comes where its output would be, as from Docker:
        whoever wants its exit code asks for it afterwards.
        """
        try:
            run = await handover.taken(
                self._pools.change(
                    self._execs.start,
                    record.id,
                    detach=False,
                    console_size=console_size,
                ),
                _let_go,
            )
        except exception.RuntimeFault as fault:
            text = f'{fault}\r\n'.encode(errors='replace')
            client.write(text if raw else log_view.frame('stdout', text))
            return
        try:
            await self._relay(client, record, run, raw)
        finally:
            _let_go(run)

    async def _relay(
        self,
        client: hijack.Client,
        record: models.Exec,
        run: api_services.Run,
        raw: bool,
    ) -> None:
        assert run.attachment is not None
        keys = b''
        if record.terminal:
            keys = detachkeys.parse(record.detach_keys)
        outcome = await relay.Relay(
            client,
            run.attachment,
            relay.Wishes(
                record.streams,
                raw=raw,
                ends_input=not record.terminal,
                detach_keys=keys,
            ),
        ).run()
        if outcome is relay.Outcome.DETACHED:
            await self._pools.read(self._execs.detached, record.id)
        if outcome is relay.Outcome.ENDED:
            # Whoever sees the end of the output asks for the exit code.
            await asyncio.wrap_future(run.ended)


def _id(request: web.Request) -> str:
    return query.clean('id', request.match_info['id'])


def _let_go(run: api_services.Run) -> None:
    if run.attachment is not None:
        run.attachment.close()
