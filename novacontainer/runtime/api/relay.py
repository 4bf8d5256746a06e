"""Bytes between a client and the streams of a process.

Called by: ``api.routes.attach``, ``api.routes.execs``.  Calls: asyncio; the
engine's attachment (``models.Attachment``), ``service.detachkeys``.

No thread is held.  A client that reads slowly slows the process down, as a
terminal does, but never its end: once the process has ended, what is left is
little and is taken in.
"""

import asyncio
from collections.abc import Collection, Iterator
import contextlib
import dataclasses
import enum
import socket
import typing

from novacontainer.runtime.api.views import logs as view
from novacontainer.runtime import models
from novacontainer.runtime.service import detachkeys

#: Largest packet of an attachment, either way, behind the stream's number.
PACKET_BYTES = 8192

#: What may be kept for a client after the process's end: the pipes hold 64
#: KiB each, but a process may have left others that go on writing.
REST_BYTES = 4 * 1024 * 1024

#: Packets taken before the client is given the turn.
_BATCH = 16

_NAMES = {2: 'stdout', 3: 'stderr'}


class Client(typing.Protocol):
    """``api.hijack.Client``, or a web socket."""

    gone: asyncio.Event

    async def read(self) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    @property
    def backlog(self) -> int: ...


class Outcome(enum.Enum):
    """Why a relay ended."""

    #: The process and its monitor have ended.
    ENDED = 'ended'
    #: The client's input has ended, or it typed the detach keys.
    LEFT = 'left'
    DETACHED = 'detached'
    #: The client has vanished, or is too slow for what was left.
    GONE = 'gone'


@dataclasses.dataclass(frozen=True, slots=True)
class Wishes:
    """What a client wants of a process.

    :param streams: of stdin, stdout, stderr, those that it wants.
    :param raw: output as it comes; else in frames that name the stream.
    :param ends_input: the end of its input is the end of the process's;
        else it is the end of the relay.
    :param detach_keys: what to look for in its input; b'': nothing.
    """

    streams: Collection[str]
    raw: bool
    ends_input: bool = False
    detach_keys: bytes = b''


class Relay:
    """One client at one process.

    :param attachment: stays open; its owner closes it.
    """

    def __init__(self, client: Client, attachment: models.Attachment,
                 wishes: Wishes) -> None:
        self._client = client
        self._connection = attachment.connection
        self._process = attachment.process
        self._wishes = wishes
        self._over = asyncio.Event()

    async def run(self) -> Outcome:
        """Move bytes until one side has had enough."""
        self._connection.setblocking(False)
        with self._watching():
            works = {asyncio.ensure_future(self._output()),
                     asyncio.ensure_future(self._until_gone())}
            if 'stdin' in self._wishes.streams:
                works.add(asyncio.ensure_future(self._input()))
            try:
                return await _first(works)
            finally:
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)

    async def _output(self) -> Outcome:
        """Move what the process writes; the end of it is the end."""
        while data := await self._packets():
            self._client.write(data)
            if self._over.is_set():
                # Its monitor must come to its end, whoever reads slowly.
                if self._client.backlog > REST_BYTES:
                    return Outcome.GONE
                await asyncio.sleep(0)
            else:
                await self._drained()
        return Outcome.ENDED

    async def _drained(self) -> None:
        """Wait for the client to have read, or the process to have ended."""
        if not self._client.backlog:
            return
        drain = asyncio.ensure_future(self._client.drain())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait(
                {drain, over}, return_when=asyncio.FIRST_COMPLETED)
            if drain.done():
                drain.result()
        finally:
            for work in (drain, over):
                work.cancel()
            await asyncio.gather(drain, over, return_exceptions=True)

    async def _packets(self) -> bytes:
        """Return some output, as the client wants it; b'' at the end."""
        loop = asyncio.get_running_loop()
        found = b''
        while not found:
            try:
                packet = await loop.sock_recv(
                    self._connection, PACKET_BYTES + 1)
                if not packet:
                    break
                found = self._rendered(packet)
                for _ in range(_BATCH):
                    packet = self._connection.recv(PACKET_BYTES + 1)
                    # The end would still be there for the next call.
                    found += self._rendered(packet) if packet else b''
            except BlockingIOError:
                pass
            except ConnectionError:
                # The monitor was killed.
                break
        return found

    def _rendered(self, packet: bytes) -> bytes:
        name = _NAMES.get(packet[0], '')
        if name not in self._wishes.streams:
            return b''
        if self._wishes.raw:
            return packet[1:]
        return view.frame(name, packet[1:])

    async def _input(self) -> Outcome:
        """Move what the client sends."""
        watch = None
        if self._wishes.detach_keys:
            watch = detachkeys.Watch(self._wishes.detach_keys)
        while data := await self._client.read():
            detached = False
            if watch is not None:
                data, detached = watch.feed(data)
            await self._send(data)
            if detached:
                return Outcome.DETACHED
        if not self._wishes.ends_input:
            return Outcome.LEFT
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        return await self._forever()

    async def _send(self, data: bytes) -> None:
        """Hand input on; lost when the process takes none any more."""
        loop = asyncio.get_running_loop()
        # Not as nothing: an empty packet would be the end of input.
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(data), PACKET_BYTES):
                await loop.sock_sendall(
                    self._connection, data[start:start + PACKET_BYTES])

    async def _until_gone(self) -> Outcome:
        await self._client.gone.wait()
        return Outcome.GONE

    async def _forever(self) -> Outcome:
        await asyncio.get_running_loop().create_future()
        return Outcome.GONE

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """Notice the end of the process, which may be before its output's."""
        loop = asyncio.get_running_loop()
        if self._process is None:
            self._over.set()
            yield
            return
        process = self._process

        def ended() -> None:
            loop.remove_reader(process)
            self._over.set()

        loop.add_reader(process, ended)
        try:
            yield
        finally:
            loop.remove_reader(process)


async def drain(connection: socket.socket) -> None:
    """Take what a process writes, and drop it, until it ends.

    :param connection: of an attachment; closed in the end.
    """
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    with contextlib.closing(connection):
        with contextlib.suppress(ConnectionError):
            while await loop.sock_recv(connection, PACKET_BYTES + 1):
                pass


async def _first(works: 'set[asyncio.Task[Outcome]]') -> Outcome:
    """Return how the first of them ended; an end beats all else."""
    done, _ = await asyncio.wait(
        works, return_when=asyncio.FIRST_COMPLETED)
    outcomes = set()
    for work in done:
        try:
            outcomes.add(work.result())
        except ConnectionError:
            outcomes.add(Outcome.GONE)
    for outcome in Outcome:
        if outcome in outcomes:
            return outcome
    raise AssertionError('asyncio.wait() returned nothing')
