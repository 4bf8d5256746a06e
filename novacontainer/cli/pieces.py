"""Bytes that come in pieces, read in the sizes that somebody else wants.

Called by ``cli.copying``, ``cli.remote`` and ``cli.glance``.
"""

from collections.abc import Iterable


class Pieces:
    """Reads from an iterable of bytes; nothing is buffered but a piece.

    :param source: may raise OSError.
    """

    def __init__(self, source: Iterable[bytes]) -> None:
        self._source = iter(source)
        self._rest = b''

    def read(self, size: int, /) -> bytes:
        """Read 1 to ``size`` bytes; b'' at the end."""
        parts, length = [self._rest], len(self._rest)
        # Many small pieces, one by one, would be slow to send on.
        while length < size:
            piece = next(self._source, b'')
            if not piece:
                break
            parts.append(piece)
            length += len(piece)
        whole = b''.join(parts)
        self._rest = whole[size:]
        return whole[:size]
