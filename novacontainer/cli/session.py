"""A person at the streams of a process in a container.

Called by ``cli.foreground`` and ``cli.execs``; calls ``cli.terminal``,
``cli.detachkeys`` and the client's framing.

One thread serves both directions: while the other end has no room for input
none is read, and its output goes on being shown, so that neither waits for
the other.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import os
import selectors
import typing

from novacontainer.cli import console as cli_console
from novacontainer.cli import detachkeys
from novacontainer.cli import failure
from novacontainer.cli import terminal
from novacontainer.client import exceptions
from novacontainer.client import framing
from novacontainer.client import hijack

_CHUNK_BYTES = 64 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Wishes:
    """How a person wants to be joined with a process.

    :param stdin: pass our input on.
    :param tty: the process has a terminal.
    :param ends_input: the end of our input is the end of the process's; else
        only nothing more is passed on.
    :param detach_keys: in their written form.
    """

    stdin: bool
    tty: bool
    ends_input: bool = True
    detach_keys: str = detachkeys.DEFAULT


def check(console: cli_console.Console, wishes: Wishes) -> None:
    """Refuse what cannot work, before anything is made.

    :raises CommandFailed: when a terminal is wanted and there is none.
    """
    if wishes.stdin and wishes.tty and not console.source.isatty():
        raise failure.CommandFailed(
            'The input is not a terminal: leave out -t, or run this from '
            'one.')


class Session:
    """The streams of a process joined with those of a console.

    :ivar detached: whether a person typed the detach keys.
    """

    def __init__(self, console: cli_console.Console,
                 connection: hijack.Connection, wishes: Wishes) -> None:
        self._console = console
        self._connection = connection
        self._wishes = wishes
        self._watch = None
        if wishes.tty and wishes.stdin:
            self._watch = detachkeys.Watch(
                detachkeys.parse(wishes.detach_keys))
        self._unsent = b''
        self._reads = wishes.stdin
        self.detached = False

    def run(self, resize: Callable[[int, int], None]) -> None:
        """Pass everything on until the output ends or a person leaves.

        :param resize: told the rows and columns of the console's terminal
            when they change; not called where the process has none.
        :raises ConnectionFailed: when the runtime goes away.
        """
        with contextlib.ExitStack() as undo:
            if self._wishes.tty and self._console.output_is_terminal():
                undo.enter_context(terminal.followed(
                    self._console.output.fileno(), _forgiving(resize)))
            if self._watch is not None:
                undo.enter_context(
                    terminal.raw(self._console.source.fileno()))
            if self._connection.media_type == framing.MULTIPLEXED:
                pieces = framing.frames(self._chunks())
            else:
                pieces = ((framing.STDOUT, chunk)
                          for chunk in self._chunks())
            for stream, data in pieces:
                self._console.send(data, to_errors=stream == framing.STDERR)

    def _chunks(self) -> Iterator[bytes]:
        """Yield output, and serve the input in between."""
        with selectors.PollSelector() as selector:
            while not self.detached:
                if self._connection.pending:
                    yield self._connection.receive()
                    continue
                self._attend(selector)
                for key, events in selector.select():
                    if key.data == 'input':
                        self._read()
                    elif events & selectors.EVENT_WRITE:
                        self._send()
                    if key.data != 'input' and (
                            events & selectors.EVENT_READ):
                        chunk = self._connection.receive()
                        if not chunk:
                            return
                        yield chunk

    def _attend(self, selector: selectors.BaseSelector) -> None:
        """Wait for what can be used: input only where there is room."""
        wire = selectors.EVENT_READ
        if self._unsent:
            wire |= selectors.EVENT_WRITE
        _watch(selector, self._connection, wire, 'wire')
        wanted = self._reads and not self._unsent
        if self._wishes.stdin:
            _watch(selector, self._console.source,
                   selectors.EVENT_READ if wanted else 0, 'input')

    def _read(self) -> None:
        data = os.read(self._console.source.fileno(), _CHUNK_BYTES)
        if not data:
            self._reads = False
            if self._wishes.ends_input:
                self._connection.end_input()
            return
        self._unsent = data
        self._send()
        if self._watch is not None and self._watch.typed(data):
            self.detached = True

    def _send(self) -> None:
        try:
            sent = self._connection.send(self._unsent)
        except exceptions.ConnectionFailed:
            # Nobody takes input any more; the output tells the rest.
            self._reads = False
            self._unsent = b''
        else:
            self._unsent = self._unsent[sent:]


def _watch(selector: selectors.BaseSelector, file: typing.Any, events: int,
           what: str) -> None:
    """Change what a selector waits for; 0: nothing of this file."""
    known = selector.get_map().get(file)
    if known is None:
        if events:
            selector.register(file, events, what)
    elif not events:
        selector.unregister(file)
    elif known.events != events:
        selector.modify(file, events, what)


def _forgiving(resize: Callable[[int, int], None],
               ) -> Callable[[int, int], None]:
    """A process that has just ended has no size; that is no fault."""

    def tell(rows: int, columns: int) -> None:
        with contextlib.suppress(exceptions.ClientError):
            resize(rows, columns)

    return tell
