"""A client at the other end of a web socket (RFC 6455).

Called by: ``api.routes.attach``.  Calls: aiohttp.

Docker Engine API 1.44, ContainerAttachWebsocket: output comes in binary
messages, standard error among standard output; input is what messages of
either kind hold.  There is no half-close: who closes is gone.
"""

import asyncio
import contextlib

import aiohttp
from aiohttp import web

from novacontainer.runtime import exception

#: How long a client may take to take the rest, once there is an end.
LINGER_S = 300.0
#: Largest message that a client may send.
MESSAGE_BYTES = 1024 * 1024
#: What is kept of a client that sends faster than the process reads.
_MESSAGES = 4
#: What is kept for a client that reads slowly, before it must catch up.
_BACKLOG_BYTES = 65536


class Client:
    """As :class:`api.hijack.Client`.

    :param takes_input: what it sends is read; else it is dropped.
    :ivar gone: set when it has closed.
    """

    def __init__(self, connection: web.WebSocketResponse,
                 takes_input: bool) -> None:
        self._connection = connection
        self._takes_input = takes_input
        self.gone = asyncio.Event()
        self._output = bytearray()
        self._more = asyncio.Event()
        self._taken = asyncio.Event()
        self._input: asyncio.Queue[bytes] = asyncio.Queue(_MESSAGES)
        self._tasks = (asyncio.ensure_future(self._receive()),
                       asyncio.ensure_future(self._send()))

    async def read(self) -> bytes:
        """Return what the client has sent; b'' when it sends no more."""
        getting = asyncio.ensure_future(self._input.get())
        gone = asyncio.ensure_future(self.gone.wait())
        try:
            await asyncio.wait(
                {getting, gone}, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else b''
        finally:
            getting.cancel()
            gone.cancel()

    def write(self, data: bytes) -> None:
        """Take data to send; :meth:`drain` waits until there is room."""
        self._output += data
        self._more.set()

    async def drain(self) -> None:
        """Wait until the client has taken most of what was written.

        :raises ConnectionError: it is gone.
        """
        while self.backlog > _BACKLOG_BYTES:
            self._taken.clear()
            await self._taken.wait()
            if self.gone.is_set():
                raise ConnectionResetError('the client has gone')

    @property
    def backlog(self) -> int:
        """Bytes that the client has not taken yet."""
        return len(self._output)

    async def finish(self) -> None:
        """Send what is left and close."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(LINGER_S):
                while self.backlog and not self.gone.is_set():
                    self._taken.clear()
                    await self._taken.wait()
                self.close()
                await self._connection.close()

    def close(self) -> None:
        """Neither read nor send any more; what is not sent yet is lost."""
        for task in self._tasks:
            task.cancel()

    async def _receive(self) -> None:
        try:
            async for message in self._connection:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data.encode())
                elif message.type is aiohttp.WSMsgType.BINARY:
                    await self._take(message.data)
                else:
                    break
        finally:
            self._leave()

    async def _take(self, data: bytes) -> None:
        if self._takes_input and data:
            await self._input.put(data)

    async def _send(self) -> None:
        try:
            while await self._more.wait():
                data = bytes(self._output)
                await self._connection.send_bytes(data)
                del self._output[:len(data)]
                if not self._output:
                    self._more.clear()
                self._taken.set()
        except ConnectionError:
            self._leave()

    def _leave(self) -> None:
        self.gone.set()
        self._taken.set()


async def accept(request: web.Request,
                 takes_input: bool) -> tuple[Client, web.WebSocketResponse]:
    """Answer with 101, and talk in messages from then on.

    :return: the client, and what the handler must return in the end.
    :raises InvalidRequest: the request asks for no web socket.
    """
    response = web.WebSocketResponse(max_msg_size=MESSAGE_BYTES)
    if not response.can_prepare(request).ok:
        raise exception.InvalidRequest(
            'this path speaks the WebSocket protocol: ask with Upgrade: '
            'websocket (RFC 6455)', 'request.no_websocket')
    await response.prepare(request)
    return Client(response, takes_input), response
