"""Decompress and hash a layer beside the thread that applies it.

Called by ``unpack.child`` for compressed layers only; calls
``image.compression``.  Both zlib and sha256 let go of the interpreter, so
this thread and the applying one use a core each.
"""

from collections.abc import Iterator
import hashlib
import queue
import threading
import types

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime.unpack import follow

#: Chunks between the threads; they bound the memory that is used.
_QUEUE_CHUNKS = 8


class Inflater:
    """The uncompressed bytes of a layer, and their digest.

    Use it as a context, which ends the thread.

    :param kind: how the layer is compressed.
    :param source: its compressed bytes.
    :param max_bytes: a stream that decompresses to more is refused, even
        behind the end of its tar: hashing it would take for ever.
    """

    def __init__(self, kind: str, source: Iterator[bytes],
                 max_bytes: int) -> None:
        self._left = max_bytes
        self._source = compression.decompress(kind, source)
        self._hash = hashlib.sha256()
        self._queue: queue.Queue[bytes] = queue.Queue(_QUEUE_CHUNKS)
        self._fault: exception.RuntimeFault | follow.Abandoned | None = None
        self._stopped = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        #: What the applier reads.
        self.stream = chunks.ChunkStream(self._pull)

    def __enter__(self) -> 'Inflater':
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: types.TracebackType | None) -> None:
        self._stopped = True
        while not self._ended and self._queue.get():
            pass
        self._ended = True
        self._thread.join()

    def finish(self) -> str:
        """Read to the end and give ``sha256:…`` of the plain bytes."""
        for _ in self.stream.rest():
            pass
        return 'sha256:' + self._hash.hexdigest()

    def _pull(self) -> bytes:
        if self._ended:
            return b''
        data = self._queue.get()
        if not data:
            self._ended = True
            if self._fault is not None:
                raise self._fault
        return data

    def _run(self) -> None:
        try:
            for data in self._source:
                if self._stopped:
                    break
                self._left -= len(data)
                if self._left < 0:
                    raise exception.InvalidRequest(
                        'a compressed layer is larger than this host '
                        'allows', 'image.too_large')
                if data:
                    self._hash.update(data)
                    self._queue.put(data)
        except (exception.RuntimeFault, follow.Abandoned) as fault:
            self._fault = fault
        finally:
            self._queue.put(b'')
