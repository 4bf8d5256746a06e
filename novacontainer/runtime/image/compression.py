"""Decompress gzip, xz, bzip2 and zstd streams within bounded memory.

Called for whole archives (``archive_read``) and for single layers (the
unpack child); calls zlib and, only when needed, lzma, bz2 and zstandard.
"""

from collections.abc import Iterator
import zlib

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks

PLAIN = 'plain'
GZIP = 'gzip'
XZ = 'xz'
BZIP2 = 'bzip2'
ZSTD = 'zstd'

#: Bytes of the stream that :func:`detect` wants to see.
MAGIC_BYTES = 6
_MAGICS = (
    (b'\x1f\x8b', GZIP),
    (b'\xfd7zXZ\x00', XZ),
    (b'BZh', BZIP2),
    (b'\x28\xb5\x2f\xfd', ZSTD),
)

#: A stream that asks for a larger dictionary is refused.  ``xz -9`` takes
#: 65 MiB, ``zstd --ultra -22`` 128 MiB.
_MEMORY_LIMIT_BYTES = 128 << 20
#: Bytes given to a decompressor at once.  Each stream that ends within them
#: costs a copy of the rest, and 1 MiB can hold 50000 empty ones.
_SLICE_BYTES = 64 << 10


def detect(head: bytes) -> str:
    """Name the compression of a stream by its first bytes."""
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
    return PLAIN


def decompress(kind: str, source: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the plain stream in chunks of at most a few MiB.

    :param kind: what :func:`detect` said.
    :param source: the compressed stream, in chunks.
    :raises InvalidRequest: damaged, truncated, or followed by other data.
    """
    if kind == GZIP:
        return _gunzip(_sliced(source))
    if kind == XZ:
        return _unxz(_sliced(source))
    if kind == BZIP2:
        return _bunzip2(_sliced(source))
    if kind == ZSTD:
        return _unzstd(source)
    return source


def _sliced(source: Iterator[bytes]) -> Iterator[bytes]:
    for piece in source:
        for at in range(0, len(piece), _SLICE_BYTES):
            yield piece[at:at + _SLICE_BYTES]


def _gunzip(source: Iterator[bytes]) -> Iterator[bytes]:
    """Read the members of RFC 1952 one after the other."""
    member = zlib.decompressobj(wbits=31)
    try:
        for piece in source:
            data = piece
            while data:
                if member.eof:
                    data = data.lstrip(b'\0')  # padding of the last block
                    member = zlib.decompressobj(wbits=31) if data else member
                else:
                    yield member.decompress(data, chunks.CHUNK_BYTES)
                    data = member.unconsumed_tail or member.unused_data
        # Output that did not fit into the last round.
        while not member.eof:
            tail = member.decompress(b'', chunks.CHUNK_BYTES)
            if not tail:
                raise chunks.truncated()
            yield tail
    except zlib.error as error:
        raise _damaged(GZIP, error) from error


def _unxz(source: Iterator[bytes]) -> Iterator[bytes]:
    import lzma  # here, because it costs the child 2 ms
    reader = lzma.LZMADecompressor(memlimit=_MEMORY_LIMIT_BYTES)
    try:
        for piece in source:
            data = piece
            while data or not (reader.needs_input or reader.eof):
                if reader.eof:
                    data = data.lstrip(b'\0')  # stream padding
                    if data:
                        reader = lzma.LZMADecompressor(
                            memlimit=_MEMORY_LIMIT_BYTES)
                else:
                    yield reader.decompress(data, chunks.CHUNK_BYTES)
                    data = reader.unused_data
    except lzma.LZMAError as error:
        raise _damaged(XZ, error) from error
    if not reader.eof:
        raise chunks.truncated()


def _bunzip2(source: Iterator[bytes]) -> Iterator[bytes]:
    import bz2  # here, because it is seldom needed
    reader = bz2.BZ2Decompressor()
    for piece in source:
        data = piece
        while data or not (reader.needs_input or reader.eof):
            if reader.eof:
                reader = bz2.BZ2Decompressor()
            try:
                plain = reader.decompress(data, chunks.CHUNK_BYTES)
            except OSError as error:
                raise _damaged(BZIP2, error) from error
            yield plain
            data = reader.unused_data
    if not reader.eof:
        raise chunks.truncated()


def _unzstd(source: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard  # here, because it is seldom needed and large
    tracked = _Frames(source)
    context = zstandard.ZstdDecompressor(
        max_window_size=_MEMORY_LIMIT_BYTES)
    reader = context.stream_reader(
        tracked,  # type: ignore[arg-type]  # only read() is called
        read_size=chunks.CHUNK_BYTES, read_across_frames=True)
    try:
        while data := reader.read(chunks.CHUNK_BYTES):
            yield data
    except zstandard.ZstdError as error:
        raise _damaged(ZSTD, error) from error


class _Frames:
    """File-like view of chunks, as zstandard wants it."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._stream = chunks.ChunkStream(lambda: next(source, b''))

    def read(self, size: int) -> bytes:
        return self._stream.take(size)


def _damaged(kind: str, error: Exception) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        f'the {kind} stream is damaged: {error}; transfer it again',
        'image.malformed')
