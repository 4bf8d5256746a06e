"""Write chosen paths of a container's root as an OCI layer tar.

Called by ``unpack.child``, confined to that root, for storage drivers that
give each container a whole tree; :func:`record` by ``unpack.unpacker``.
Calls ``unpack.produce``.

What is chosen comes as records: a letter and a path, ended by NUL.
"""

from collections.abc import Callable, Iterable, Iterator
import os

from novacontainer.runtime import deltas
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import whiteout
from novacontainer.runtime.unpack import produce

_THERE = b'+'
_GONE = b'-'
_END = b'\0'


class Selector(produce.Producer):
    """Paths of the current root, being written.

    :param read: gives the next bytes of the records, b'' at their end.
    """

    def __init__(self, write: Callable[[bytes], object],
                 read: Callable[[], bytes], host_base: int, size: int,
                 max_bytes: int, max_entries: int) -> None:
        super().__init__(write, host_base, size, max_bytes, max_entries)
        self._read = read

    def _paths(self) -> Iterator[bytes]:
        left = b''
        while data := self._read():
            *whole, left = (left + data).split(_END)
            yield from whole

    def _file(self, path: bytes) -> None:
        kind, path = path[:1], path[1:]
        if kind == _GONE:
            self._whiteout(path)
        else:
            super()._file(path)


def records(changes: Iterable[deltas.Change]) -> Iterator[bytes]:
    """Yield the records of changes, and of the directories they are in.

    Names that a layer would take for whiteouts are left out.
    """
    written = {b'.'}
    yield _THERE + b'.' + _END
    for change in changes:
        path = os.fsencode(change.path).lstrip(b'/')
        parts = path.split(b'/')
        if any(part.startswith(whiteout.PREFIX) for part in parts):
            continue
        for depth in range(1, len(parts)):
            folder = b'/'.join(parts[:depth])
            if folder not in written:
                written.add(folder)
                yield _THERE + folder + _END
        if change.kind is deltas.ChangeKind.DELETED:
            yield _GONE + path + _END
        elif path not in written:
            written.add(path)
            yield _THERE + path + _END


def standard_input() -> bytes:
    """Read some of the records, from where the child has them."""
    return os.read(0, chunks.CHUNK_BYTES)
