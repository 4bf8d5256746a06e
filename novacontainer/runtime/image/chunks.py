"""A byte stream in chunks, read a piece at a time without copying.

Called by the tar readers, in the daemon and in the unpack child; calls
whatever yields the chunks.  Imports little: the child starts with it.
"""

from collections.abc import Callable
from collections.abc import Iterator
import os

from novacontainer.runtime import exception

#: How much is read, decompressed or written at once.
CHUNK_BYTES = 1 << 20


class ChunkStream:
    """Sequential reader over chunks.

    :param pull: returns the next chunk, or b'' for ever at the end.
    """

    def __init__(self, pull: Callable[[], bytes]) -> None:
        self._pull = pull
        self._chunk = b''
        self._at = 0

    def take(self, size: int) -> bytes:
        """Read ``size`` bytes; fewer only at the end of the stream."""
        end = self._at + size
        if end <= len(self._chunk):
            data = self._chunk[self._at:end]
            self._at = end
            return data
        return b''.join(self.pieces(size, partial=True))

    def peek(self, size: int) -> bytes:
        """Look at up to ``size`` bytes without consuming them."""
        while len(self._chunk) - self._at < size:
            more = self._pull()
            if not more:
                break
            self._chunk = self._chunk[self._at:] + more
            self._at = 0
        return self._chunk[self._at:self._at + size]

    def exactly(self, size: int) -> bytes:
        """Read ``size`` bytes.

        :raises InvalidRequest: the stream ends before.
        """
        data = self.take(size)
        if len(data) < size:
            raise truncated()
        return data

    def skip(self, size: int) -> None:
        """Pass over ``size`` bytes; the stream may end before."""
        for _ in self.pieces(size, partial=True):
            pass

    def pieces(self, size: int, *,
               partial: bool = False) -> Iterator[memoryview]:
        """Yield the next ``size`` bytes in pieces, as they come.

        :raises InvalidRequest: the stream ends before, unless ``partial``.
        """
        while size:
            if self._at == len(self._chunk):
                self._chunk = self._pull()
                self._at = 0
                if not self._chunk:
                    if partial:
                        return
                    raise truncated()
            piece = memoryview(self._chunk)[self._at:self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def copy(self, handle: int, size: int) -> None:
        """Write the next ``size`` bytes to a descriptor."""
        end = self._at + size
        if end <= len(self._chunk):  # most files are small
            write_all(handle, memoryview(self._chunk)[self._at:end])
            self._at = end
            return
        for piece in self.pieces(size):
            write_all(handle, piece)

    def rest(self) -> Iterator[bytes]:
        """Yield everything that is left, in chunks."""
        if self._at < len(self._chunk):
            yield self._chunk[self._at:]
        self._chunk, self._at = b'', 0
        while chunk := self._pull():
            yield chunk


def write_all(handle: int, data: bytes | memoryview) -> None:
    """Write all of ``data`` to a descriptor that blocks."""
    written = os.write(handle, data)
    while written < len(data):
        data = memoryview(data)[written:]
        written = os.write(handle, data)


def truncated() -> exception.InvalidRequest:
    """Make the error for a stream that ends too early."""
    return exception.InvalidRequest(
        'the archive is truncated: it ends in the middle of an entry; '
        'transfer it again', 'image.truncated')
