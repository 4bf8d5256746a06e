"""One client at a serial console: bytes between it and a process.

Called by ``virt.serialport`` in a thread of the session's own; calls the
client's streams.  Neither side can make the other's memory grow: what a side
does not take is waited with, and one that takes nothing for long is left.
"""

from collections.abc import Callable
import selectors
import socket
import time

from novacontainer.client import framing
from novacontainer.client import hijack

#: For how long a side may take nothing of what waits for it.  A process
#: that writes is held up meanwhile, with its log.
PATIENCE_S = 30.0

#: From here on the process has to wait until its client has read.
OUTPUT_BYTES = 256 * 1024

_CHUNK_BYTES = 64 * 1024
_READ = selectors.EVENT_READ
_WRITE = selectors.EVENT_WRITE


class Stalled(Exception):
    """A side has taken nothing for too long."""


class _Queue:
    """What waits to be taken by one side.

    :param send: gives bytes to that side without waiting, and returns how
        many it took.
    """

    def __init__(self, name: str, send: Callable[[bytes], int]) -> None:
        self._name = name
        self._send = send
        self._waiting = bytearray()
        self._progress = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, data: bytes) -> None:
        """Have more wait."""
        if not self._waiting:
            self._progress = time.monotonic()
        self._waiting += data

    def flush(self) -> None:
        """Send what there is room for."""
        taken = self._send(bytes(self._waiting[:_CHUNK_BYTES]))
        if taken:
            del self._waiting[:taken]
            self._progress = time.monotonic()

    def patience_s(self) -> float:
        """How long it may go on like this.

        :raises Stalled: no longer.
        """
        left = self._progress + PATIENCE_S - time.monotonic()
        if left <= 0:
            raise Stalled(f'the {self._name} took nothing for '
                          f'{PATIENCE_S:.0f} s')
        return left


class Session:
    """A client's connection, joined with the streams of a process.

    :param caller: the connection; both stay open, their owner closes them.
    """

    def __init__(self, caller: socket.socket,
                 streams: hijack.Connection) -> None:
        self._caller = caller
        self._streams = streams
        self._splitter = (
            framing.Splitter()
            if streams.media_type == framing.MULTIPLEXED else None)
        self._shown = _Queue('client', self._show)
        self._typed = _Queue('process', streams.send)
        self._output_ended = False
        self._input_ended = False

    def run(self) -> None:
        """Carry bytes both ways until one side ends.

        :raises Stalled: a side takes nothing any more.
        :raises OSError: the client's connection breaks.
        :raises ClientError: that of the process does, or it sends nonsense.
        """
        self._caller.setblocking(False)
        if self._streams.pending:
            self._take_output()
        with selectors.DefaultSelector() as selector:
            while not self._over():
                self._watch(selector, self._caller, self._caller_events())
                self._watch(selector, self._streams, self._stream_events())
                for key, events in selector.select(self._patience_s()):
                    self._move(key.fileobj is self._caller, events)

    def _over(self) -> bool:
        # What the process wrote last is still shown.
        return self._input_ended or (
            self._output_ended and not self._shown)

    def _caller_events(self) -> int:
        # More is read only when the last of it has been taken, as from a
        # terminal that is full.
        return ((_WRITE if self._shown else 0)
                | (0 if self._typed or self._output_ended else _READ))

    def _stream_events(self) -> int:
        if self._output_ended:
            return 0
        return ((_WRITE if self._typed else 0)
                | (_READ if len(self._shown) < OUTPUT_BYTES else 0))

    @staticmethod
    def _watch(selector: selectors.BaseSelector,
               source: socket.socket | hijack.Connection,
               events: int) -> None:
        """Have the selector tell of these events, which may be none."""
        known = selector.get_map().get(source)
        if known is None and events:
            selector.register(source, events)
        elif known is not None and not events:
            selector.unregister(source)
        elif known is not None and known.events != events:
            selector.modify(source, events)

    def _patience_s(self) -> float | None:
        waits = [queue.patience_s() for queue in (self._shown, self._typed)
                 if queue]
        return min(waits, default=None)

    def _move(self, is_caller: bool, events: int) -> None:
        if events & _WRITE:
            (self._shown if is_caller else self._typed).flush()
        if events & _READ:
            if is_caller:
                self._take_input()
            else:
                self._take_output()

    def _take_input(self) -> None:
        try:
            data = self._caller.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return
        self._input_ended = not data
        self._typed.add(data)

    def _take_output(self) -> None:
        data = self._streams.receive()
        self._output_ended = not data
        if self._splitter is not None:
            data = b''.join(
                payload for _, payload in self._splitter.feed(data))
        self._shown.add(data)

    def _show(self, data: bytes) -> int:
        try:
            return self._caller.send(data)
        except BlockingIOError:
            return 0
