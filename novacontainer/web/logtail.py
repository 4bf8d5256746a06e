"""The last lines that a container has written.

Called by ``web.status``.  Pure: pieces of the log in, lines out.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import re

from novacontainer.client import framing
from novacontainer.web import plain

#: Lines that are shown, and the characters of one that are.
LINES = 200
LINE_CHARACTERS = 2000

_STREAMS = {framing.STDOUT: 'stdout', framing.STDERR: 'stderr'}
_STAMP = re.compile(r'(\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)) ')


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line.

    :param stream: ``stdout`` or ``stderr``.
    :param time: when it was written, RFC 3339; '' when it is not known.
    """

    stream: str
    time: str
    text: str


def tail(pieces: Iterable[tuple[int, bytes]]) -> list[Line]:
    """Keep the last lines of a log with timestamps, oldest first.

    Whatever the container writes, no more than these lines and the one that
    is being read are held in memory.

    :param pieces: stream number and bytes, as the client gives them.
    """
    last: collections.deque[Line] = collections.deque(maxlen=LINES)
    for stream, raw in _lines(pieces):
        last.append(_line(_STREAMS.get(stream, ''), raw))
    return list(last)


def _lines(pieces: Iterable[tuple[int, bytes]],
           ) -> Iterator[tuple[int, bytes]]:
    """Put each stream's pieces together and cut them at line ends."""
    most = 4 * LINE_CHARACTERS
    begun: dict[int, bytes] = {}
    for stream, data in pieces:
        *whole, rest = data.split(b'\n')
        for part in whole:
            yield stream, (begun.pop(stream, b'') + part)[:most]
        if rest:
            begun[stream] = (begun.get(stream, b'') + rest)[:most]
    yield from begun.items()


def _line(stream: str, raw: bytes) -> Line:
    words = raw.decode(errors='replace').removesuffix('\r')
    found = _STAMP.match(words)
    stamp = found[1] if found else ''
    if found:
        words = words[found.end():]
    words = plain.text(words.expandtabs(8))
    if len(words) > LINE_CHARACTERS:
        words = words[:LINE_CHARACTERS - 1] + '…'
    return Line(stream, stamp, words)
