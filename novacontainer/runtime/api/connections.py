"""How many clients may be connected at the same time.

Called by: ``api.server``; asyncio asks it for the protocol of each new
connection.  Calls: aiohttp.

Each connection takes one of the daemon's descriptors, which it also needs
for its records and its containers: it refuses one more client rather than
fail those that it has.
"""

import asyncio
import json
import logging
import resource
import time

from aiohttp import web

LOG = logging.getLogger(__name__)

#: As many as there are by default, where descriptors suffice.
_DEFAULT_MOST = 4096
#: How long one who is refused may take to read why.
_FAREWELL_S = 5.0
#: Those who are told so at the same time; more are cut off.
_FAREWELLS = 64
#: How often the log says so.
_COMPLAINT_S = 60.0


def default() -> int:
    """Return the limit that leaves half of the descriptors free."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _DEFAULT_MOST
    return min(_DEFAULT_MOST, max(1, soft // 2))


class Doorkeeper:
    """Lets clients in while there is room.

    :param server: serves those who get in.
    :param most: how many that are at once.
    """

    def __init__(self, server: 'web.Server', most: int) -> None:
        self._server = server
        self._most = most
        self._leaving: set[asyncio.BaseTransport] = set()
        self._complained = -_COMPLAINT_S

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        if len(self._server.connections) < self._most:
            return self._server()
        now = time.monotonic()
        if now - self._complained >= _COMPLAINT_S:
            self._complained = now
            LOG.warning(
                'All %d connections are taken; further clients are refused. '
                'Raise [api] connections if they are meant to be that many.',
                self._most,
            )
        return _Refusal(self._most, self._leaving)


class _Refusal(asyncio.Protocol):
    """Says that there is no room, and hangs up."""

    def __init__(
        self, most: int, leaving: set[asyncio.BaseTransport]
    ) -> None:
        self._most = most
        self._leaving = leaving
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer before anything is asked."""
        assert isinstance(transport, asyncio.Transport)
        if len(self._leaving) >= _FAREWELLS:
            transport.abort()
            return
        self._transport = transport
        self._leaving.add(transport)
        transport.write(_answer(self._most))
        # The request is still taken in: what nobody reads would cost the
        # client the answer.
        transport.write_eof()
        self._limit = asyncio.get_running_loop().call_later(
            _FAREWELL_S, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for the next one."""
        if self._limit is not None:
            self._limit.cancel()
            self._leaving.discard(self._transport)


def _answer(most: int) -> bytes:
    body = json.dumps({
        'message': f'The daemon already serves {most} clients, which is as '
                   'many as it is allowed to. Try again later.',
        'code': 'api.too_many_connections',
    }).encode()
    head = ('HTTP/1.1 503 Service Unavailable\r\n'
            'Content-Type: application/json\r\n'
            f'Content-Length: {len(body)}\r\n'
            'Retry-After: 1\r\n'
            'Connection: close\r\n\r\n')
    return head.encode() + body
