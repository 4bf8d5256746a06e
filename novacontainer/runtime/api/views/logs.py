"""Log records as ``GET /containers/{id}/logs`` sends them.

Called by: ``api.routes.logs``.  Calls: ``views.times``.
"""

from collections.abc import Iterable
import struct

from novacontainer.runtime.api import services
from novacontainer.runtime.api.views import times

#: Docker Engine API 1.44, ContainerAttach, "Stream format".
STREAM_NUMBERS = {'stdin': 0, 'stdout': 1, 'stderr': 2}


def frame(stream: str, payload: bytes) -> bytes:
    """Put payload behind the 8 byte header of the multiplexed format."""
    return (
        struct.pack('>BxxxL', STREAM_NUMBERS[stream], len(payload)) + payload
    )


class Writer:
    """Turns records into what one client asked to see.

    :param streams: which of stdout and stderr it wants.
    :param timestamps: put the time before each line.
    :param raw: no frames; for a container with a terminal.
    """

    def __init__(
        self, *, streams: frozenset[str], timestamps: bool, raw: bool
    ) -> None:
        self._streams = streams
        self._timestamps = timestamps
        self._raw = raw
        # Streams in the middle of a line: its rest gets no second time.
        self._open: set[str] = set()

    def render(self, lines: Iterable[services.LogLine]) -> bytes:
        """Write some records."""
        return b''.join(
            self._one(line) for line in lines if line.stream in self._streams
        )

    def _one(self, line: services.LogLine) -> bytes:
        payload = line.text if line.partial else line.text + b'\n'
        if self._timestamps and line.stream not in self._open:
            stamp = times.rfc3339_nano(line.time_ns).encode()
            payload = stamp + b' ' + payload
        if line.partial:
            self._open.add(line.stream)
        else:
            self._open.discard(line.stream)
        return payload if self._raw else frame(line.stream, payload)
