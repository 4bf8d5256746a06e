"""A progress bar around bytes that are read.

Called by the verbs that move images; calls ``cli.console``.  It draws only
where a person looks, and never on standard output.
"""

from collections.abc import Iterator
import contextlib
import time
import typing

from novacontainer.cli import console as cli_console
from novacontainer.cli import quantities

_CHUNK_BYTES = 256 * 1024
_REDRAW_S = 0.1
_WIDTH = 30


class Readable(typing.Protocol):
    """Whatever has a binary ``read``."""

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes; b'' at the end."""


class Progress:
    """Reads from a source and draws how far it is.

    It has ``read``, and iterates over chunks, so that it can stand for its
    source wherever a file or an iterator is wanted.

    :param total_bytes: 0 when it is not known.
    :param quiet: draw nothing, whoever looks.
    """

    def __init__(self, console: cli_console.Console, source: Readable,
                 label: str, total_bytes: int = 0, *,
                 quiet: bool = False) -> None:
        self._console = console
        self._source = source
        self._label = cli_console.visible(label)
        self._total_bytes = total_bytes
        self._drawn = 0.0
        self._begun = time.monotonic()
        self._visible = console.errors_are_terminal() and not quiet
        self.read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Read from the source, which may raise OSError."""
        if size < 0:
            return b''.join(self)
        data = self._source.read(size)
        self.read_bytes += len(data)
        self._draw()
        return data

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(_CHUNK_BYTES):
            yield data

    def _draw(self, last: bool = False) -> None:
        now = time.monotonic()
        if not self._visible or not (last or now - self._drawn > _REDRAW_S):
            return
        self._drawn = now
        # Back to the first column, and the rest of the line erased.
        self._console.errors.write(f'\r{self._text(now)}\x1b[K')
        self._console.errors.flush()

    def _text(self, now: float) -> str:
        done = quantities.size(self.read_bytes)
        speed = quantities.size(
            self.read_bytes / max(now - self._begun, 0.001))
        if not self._total_bytes:
            return f'{self._label}  {done}  {speed}/s'
        share = min(1.0, self.read_bytes / self._total_bytes)
        bar = ('=' * int(share * _WIDTH)).ljust(_WIDTH)
        total = quantities.size(self._total_bytes)
        return (f'{self._label}  [{bar}] {share:4.0%}  {done}/{total}  '
                f'{speed}/s')

    @contextlib.contextmanager
    def shown(self) -> Iterator['Progress']:
        """Draw while inside, and leave the line complete at the end."""
        try:
            yield self
        finally:
            self._draw(last=True)
            if self._visible:
                self._console.errors.write('\n')
                self._console.errors.flush()
