"""Docker's multiplexed stream: stdout and stderr over one connection.

Pure; called by containers for logs.  Each frame is one byte of stream number
(1 stdout, 2 stderr), three zero bytes, the payload's length as a big-endian
32-bit number, and the payload (Docker Engine API, "Attach to a container",
stream format).
"""

from collections.abc import Iterable
from collections.abc import Iterator
import struct

from novacontainer.client import exceptions

#: Media type of a multiplexed body (API 1.42 and later).
MULTIPLEXED = 'application/vnd.docker.multiplexed-stream'

STDOUT = 1
STDERR = 2

_HEADER = struct.Struct('>BxxxL')


class Splitter:
    """Splits a multiplexed body that comes chunk by chunk.

    :ivar pending: the beginning of a frame that is not complete yet.
    """

    def __init__(self) -> None:
        self.pending = bytearray()

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """Give the frames that are complete with this chunk.

        :returns: pairs of stream number and payload.
        :raises ProtocolFailed: when a frame names a stream that does not
            exist.
        """
        self.pending += chunk
        while len(self.pending) >= _HEADER.size:
            stream, length = _HEADER.unpack_from(self.pending)
            if stream not in (STDOUT, STDERR):
                raise exceptions.ProtocolFailed(
                    f'The container runtime sent output of stream {stream}; '
                    'only 1 and 2 exist.')
            end = _HEADER.size + length
            if len(self.pending) < end:
                return
            yield stream, bytes(self.pending[_HEADER.size:end])
            del self.pending[:end]


def frames(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Split a multiplexed body, however its chunks are cut.

    :returns: pairs of stream number and payload.
    :raises ProtocolFailed: when the body ends inside a frame, or a frame
        names a stream that does not exist.
    """
    splitter = Splitter()
    for chunk in chunks:
        yield from splitter.feed(chunk)
    if splitter.pending:
        raise exceptions.ProtocolFailed(
            'The container runtime cut its output off inside a frame.')
