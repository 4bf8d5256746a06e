"""Take a connection over from HTTP: raw bytes in both directions.

Called by: ``api.routes.attach``, ``api.routes.execs``.  Calls: aiohttp, and
asyncio's transport below it; no other module knows that there is one.

Docker Engine API 1.44, ContainerAttach, "Hijacking": a client that asks with
``Upgrade: tcp`` is answered 101, any other 200, and from then on the
connection carries the streams of a process until either side closes it.
"""

import asyncio
import fcntl
import select
import termios

from aiohttp import abc
from aiohttp import web

from novacontainer.runtime.api import version

RAW = 'application/vnd.docker.raw-stream'
MULTIPLEXED = 'application/vnd.docker.multiplexed-stream'

#: How long a client may take to take the rest, once there is an end.
LINGER_S = 300.0
#: How long to wait for a client to close its side too: what it has sent and
#: nobody read would cost it the rest of our answer.
CLOSE_S = 1.0
#: How long to wait until a client has read the head of the answer.
HEAD_S = 0.5
#: Bytes read from the client at once, and kept of it at most twice.
READ_BYTES = 65536


class Client:
    """The other end of a connection that is no longer HTTP.

    :ivar gone: set when it has closed both directions.
    """

    def __init__(self, reader: asyncio.StreamReader,
                 writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.gone = asyncio.Event()
        self._watch = select.epoll()
        # Asked for nothing, epoll tells of a hang-up alone (epoll_ctl(2)):
        # of a half-close there is nothing to be told again and again.
        self._socket = writer.get_extra_info('socket')
        self._watch.register(self._socket.fileno(), 0)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._watch.fileno(), self._hung_up)

    async def read(self) -> bytes:
        """Return what the client has sent; b'' when it sends no more.

        :raises ConnectionError: it broke off.
        """
        return await self._reader.read(READ_BYTES)

    def write(self, data: bytes) -> None:
        """Take data to send; :meth:`drain` waits until there is room."""
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken most of what was written.

        :raises ConnectionError: it is gone.
        """
        await self._writer.drain()

    @property
    def backlog(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._writer.transport.get_write_buffer_size()

    async def caught_up(self) -> None:
        """Wait a moment until the client has read all that was sent.

        Clients read the head of an answer through a buffer and the rest
        around it: they lose what comes with the head.
        """
        number = self._socket.fileno()
        deadline = self._loop.time() + HEAD_S
        while self._loop.time() < deadline and not self.gone.is_set():
            unread = fcntl.ioctl(number, termios.TIOCOUTQ, b'\0' * 4)
            if unread == b'\0' * 4:
                return
            await asyncio.sleep(0.001)

    async def finish(self) -> None:
        """Send what is left and close, as gently as the client allows."""
        try:
            async with asyncio.timeout(LINGER_S):
                self._writer.write_eof()
                await self._flushed()
            async with asyncio.timeout(CLOSE_S):
                while await self.read():
                    pass
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close without waiting; what is not sent yet is lost."""
        if self._watch.closed:
            return
        self._loop.remove_reader(self._watch.fileno())
        self._watch.close()
        if self.backlog:
            self._writer.transport.abort()
        else:
            self._writer.close()

    async def _flushed(self) -> None:
        """Wait until the client has taken all, or is gone."""
        while self.backlog and not self.gone.is_set():
            await asyncio.sleep(0.01)

    def _hung_up(self) -> None:
        self._loop.remove_reader(self._watch.fileno())
        self.gone.set()


class Hijacked(web.StreamResponse):
    """What a handler returns for a connection that was taken over."""

    async def prepare(
        self, request: web.BaseRequest
    ) -> abc.AbstractStreamWriter | None:
        """Send nothing: the head has been sent."""
        return None

    async def write_eof(self, data: bytes = b'') -> None:
        """Send nothing: the client has been served."""


class _Protocol(asyncio.StreamReaderProtocol):
    """Streams, for a transport that was aiohttp's."""

    def __init__(
        self, reader: asyncio.StreamReader, before: asyncio.BaseProtocol
    ) -> None:
        super().__init__(reader)
        self._before = before

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell aiohttp too: it counts its connections."""
        super().connection_lost(exc)
        self._before.connection_lost(exc)


def wants_upgrade(request: web.Request) -> bool:
    """Say whether the client expects a 101."""
    return 'Upgrade' in request.headers


def content_type(request: web.Request, raw: bool) -> str:
    """Name the format of the streams.

    Before 1.42, and where no upgrade was asked for, both have one name.
    """
    if raw or not wants_upgrade(request) or version.of(request) < (1, 42):
        return RAW
    return MULTIPLEXED


async def take_over(
    request: web.Request, media_type: str
) -> tuple[Client, Hijacked]:
    """Answer, and take the connection over.

    The request's body must have been read.

    :return: the client, and what the handler must return in the end.
    :raises ConnectionError: the client has gone.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError('the client has gone')
    response = Hijacked(
        status=101 if wants_upgrade(request) else 200,
        headers={'Content-Type': media_type},
    )
    response.force_close()
    # From here on nothing else may be answered; this also signs it.
    await request.app.on_response_prepare.send(request, response)
    reader = asyncio.StreamReader(READ_BYTES)
    protocol = _Protocol(reader, transport.get_protocol())
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    transport.resume_reading()
    writer = asyncio.StreamWriter(
        transport, protocol, reader, asyncio.get_running_loop()
    )
    client = Client(reader, writer)
    writer.write(_head(response))
    await client.caught_up()
    return client, response


def _head(response: web.StreamResponse) -> bytes:
    if response.status == 101:
        lines = ['HTTP/1.1 101 UPGRADED']
        response.headers.update({'Connection': 'Upgrade', 'Upgrade': 'tcp'})
    else:
        lines = ['HTTP/1.1 200 OK']
    lines += [f'{name}: {value}' for name, value in response.headers.items()]
    return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1')
