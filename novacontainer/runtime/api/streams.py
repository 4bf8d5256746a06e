"""Bytes between the event loop and a worker thread, bounded both ways.

Called by: ``api.routes.images`` (loop side) and the image service (thread
side, as a file).  Calls: nothing.

Neither holds more than its limit: a slow disk pauses the client's upload, a
slow client pauses the worker.
"""

import asyncio
import collections
from collections.abc import Callable
import contextlib
import threading

import aiohttp
from aiohttp import web

from novacontainer.runtime.api import patience
from novacontainer.runtime import exception

#: Wide enough that neither side waits for the other at every chunk.
UPLOAD_BYTES = 8 * 1024 * 1024
#: Less, because what the loop takes is copied into the socket's buffer, and
#: copies of a few MiB miss the processor's cache.
DOWNLOAD_BYTES = 1024 * 1024


#: Less than this came at once: wait that long for more.
_CROWD_BYTES = 256 * 1024
_CROWD_S = 0.001

#: What a worker does around its waiting for the client.
Aside = Callable[[], contextlib.AbstractContextManager[None]]

#: How a request body ends when it does not end well.
BROKEN_BODY = (
    web.RequestPayloadError,
    aiohttp.ClientPayloadError,
    aiohttp.http_exceptions.HttpProcessingError,
    ConnectionError,
)


class Upload:
    """From the client to a worker: the loop feeds, the thread reads.

    :param patience_s: silence after which the client counts as gone.
    :param aside: entered while the worker waits for the client.
    """

    def __init__(
        self,
        limit_bytes: int = UPLOAD_BYTES,
        *,
        patience_s: float = patience.DEFAULT_S,
        aside: Aside = contextlib.nullcontext,
    ) -> None:
        self._patience_s = patience_s
        self._aside = aside
        self._loop = asyncio.get_running_loop()
        self._limit = limit_bytes
        self._changed = threading.Condition()
        self._chunks: collections.deque[bytes] = collections.deque()
        self._offset = 0
        self._held = 0
        self._ended = False
        self._abandoned = False
        self._failure: exception.RuntimeFault | None = None
        self._room = asyncio.Event()
        self._room.set()

    # loop side

    async def pump(self, body: aiohttp.StreamReader) -> None:
        """Move a request's whole body into the channel.

        A body that breaks off ends the channel with an error, which reaches
        the client (if there still is one) through the worker.
        """
        try:
            while chunk := await self._next_chunk(body):
                await self.feed(chunk)
                if len(chunk) < _CROWD_BYTES and not body.is_eof():
                    # A client's writes are small. Passing them on a few at
                    # a time halves the work that each of them makes.
                    await asyncio.sleep(_CROWD_S)
        except BROKEN_BODY:
            self.fail('the upload ended before it was complete')
        except TimeoutError:
            self._end(patience.late())
        else:
            self.finish()

    async def feed(self, chunk: bytes) -> None:
        """Hand over a chunk; waits while the worker is behind."""
        with self._changed:
            if self._abandoned:
                return
            self._chunks.append(chunk)
            self._held += len(chunk)
            full = self._held >= self._limit
            if full:
                self._room.clear()
            self._changed.notify()
        if full:
            await self._room.wait()

    def finish(self) -> None:
        """Say that nothing follows."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def fail(self, reason: str) -> None:
        """End the channel with an error, unless it has ended already."""
        self._end(exception.InvalidRequest(
            f'Incomplete archive: {reason}.', code='image.upload_aborted'))

    def _end(self, failure: exception.RuntimeFault) -> None:
        with self._changed:
            if not self._ended:
                self._failure = failure
                self._ended = True
            self._changed.notify()

    async def _next_chunk(self, body: aiohttp.StreamReader) -> bytes:
        async with asyncio.timeout(self._patience_s):
            return await body.readany()

    def abandon(self) -> None:
        """Take no more: the worker is done, what still comes is dropped."""
        with self._changed:
            self._abandoned = True
            self._chunks.clear()
            self._held = 0
        self._room.set()

    # thread side

    def read(self, size: int, /) -> bytes:
        """Return 1..size bytes, as a socket would; b'' at the end.

        :raises InvalidRequest: the upload broke off.
        :raises TimedOut: nothing more came for too long.
        """
        if not self._is_ready():
            with self._aside(), self._changed:
                while not self._is_ready():
                    self._changed.wait()
        with self._changed:
            if self._failure:
                raise self._failure
            if not self._chunks:
                return b''
            return self._take(size)

    def _is_ready(self) -> bool:
        return bool(self._chunks) or self._ended

    def _take(self, size: int) -> bytes:
        chunk = self._chunks[0]
        if self._offset or size < len(chunk):
            piece = chunk[self._offset : self._offset + size]
            self._offset += len(piece)
        else:
            piece = chunk
            self._offset = len(chunk)
        if self._offset == len(chunk):
            self._chunks.popleft()
            self._offset = 0
        before = self._held
        self._held -= len(piece)
        # Wake the loop once per half a channel, not once per read.
        if self._held <= self._limit // 2 < before:
            self._loop.call_soon_threadsafe(self._room.set)
        return piece


class Download:
    """From a worker to the client: the thread writes, the loop takes.

    :param aside: entered while the worker waits for the client.
    """

    def __init__(
        self,
        limit_bytes: int = DOWNLOAD_BYTES,
        *,
        aside: Aside = contextlib.nullcontext,
    ) -> None:
        self._aside = aside
        self._loop = asyncio.get_running_loop()
        self._limit = limit_bytes
        self._changed = threading.Condition()
        self._pieces: list[bytes] = []
        self._held = 0
        self._ended = False
        self._closed = False
        self._filled = asyncio.Event()

    # thread side

    def write(self, data: bytes, /) -> int:
        """Hand over data; blocks while the client is behind.

        :raises InvalidRequest: the client went away.
        """
        if not self._has_room():
            with self._aside(), self._changed:
                while not self._has_room():
                    self._changed.wait()
        with self._changed:
            if self._closed:
                raise exception.InvalidRequest(
                    'The client stopped reading the archive.',
                    code='image.download_aborted',
                )
            # The writer may use its buffer again.
            self._pieces.append(bytes(data))
            first = not self._held
            self._held += len(data)
        if first:
            self._loop.call_soon_threadsafe(self._filled.set)
        return len(data)

    def _has_room(self) -> bool:
        return self._held < self._limit or self._closed

    # loop side

    async def take(self) -> bytes:
        """Return what has come since the last call; b'' at the end."""
        while True:
            await self._filled.wait()
            with self._changed:
                pieces, self._pieces = self._pieces, []
                self._held = 0
                if not self._ended:
                    self._filled.clear()
                self._changed.notify()
                if self._ended and not pieces:
                    return b''
            if data := b''.join(pieces):
                return data

    def finish(self) -> None:
        """Say that the worker has ended."""
        with self._changed:
            self._ended = True
        self._filled.set()

    def close(self) -> None:
        """Take no more: the next write fails."""
        with self._changed:
            self._closed = True
            self._changed.notify()


async def send(
    response: web.StreamResponse,
    data: bytes,
    patience_s: float = patience.DEFAULT_S,
) -> None:
    """Write to a client that reads.

    :raises ConnectionResetError: it did not for that long.
    """
    try:
        async with asyncio.timeout(patience_s):
            await response.write(data)
    except TimeoutError as error:
        raise ConnectionResetError('the client stopped reading') from error
