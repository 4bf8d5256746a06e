"""Layers on their way in: written, unpacked, and not yet in the store.

Called by ``image_load`` and ``image_commit``; calls ``unpack`` and the
store.  A stage is a context: what was not published when it ends is gone.
"""

from collections.abc import Iterable
import contextlib
import dataclasses
import os
import pathlib
import types

from novacontainer.runtime import exception
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime import models
from novacontainer.runtime.store import blobs as blob_store
from novacontainer.runtime.store import layers as layer_store
from novacontainer.runtime.unpack import unpacker as layer_unpacker

#: Children that unpack at the same time; the bytes come one layer after the
#: other, but a layer of many files takes longer to unpack than to arrive.
_CHILDREN = max(2, os.cpu_count() or 1)


@dataclasses.dataclass(slots=True)
class StagedLayer:
    """A layer of which the files exist, under temporary names."""

    layer: models.Layer
    blob: blob_store.BlobWriter
    tree: pathlib.Path


class _Incoming:
    """A layer whose child may still be at work."""

    def __init__(self, blob: blob_store.BlobWriter, tree: pathlib.Path,
                 child: layer_unpacker.Application) -> None:
        self.blob = blob
        self._tree = tree
        self._child = child
        self._applied: layer_unpacker.Applied | None = None

    def write(self, data: bytes | memoryview) -> None:
        self.blob.write(data)
        if self._applied is None and not self._child.advance():
            self._applied = self._child.result()

    def finish(self) -> None:
        self.blob.close()
        self._child.finish()

    def wait(self) -> StagedLayer:
        if self._applied is None:
            self._applied = self._child.result()
        self._child.close()  # early, because descriptors are few
        digest = self.blob.digest
        return StagedLayer(
            models.Layer(self._applied.diff_id or digest, digest,
                         self._applied.size_bytes), self.blob, self._tree)


class Stage:
    """Layers that come in one after the other.

    Use it as a context; what is still in it at its end is discarded.
    """

    def __init__(self, blobs: blob_store.Blobs, layers: layer_store.Layers,
                 unpacker: layer_unpacker.Unpacker,
                 limits: image_limits.Limits) -> None:
        self._blobs = blobs
        self._layers = layers
        self._unpacker = unpacker
        self._limits = limits
        self._undo = contextlib.ExitStack()
        self._running: dict[str, _Incoming] = {}
        self._taken = 0
        #: What is unpacked, by the name that the caller gave it.
        self.staged: dict[str, StagedLayer] = {}

    def __enter__(self) -> 'Stage':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: types.TracebackType | None) -> None:
        self._undo.close()

    def take(self, name: str, pieces: Iterable[bytes | memoryview],
             kind: str = compression.PLAIN, *,
             need_end: bool = False) -> str:
        """Write one layer's bytes and have them unpacked meanwhile.

        :param name: under which it will be found in :attr:`staged`; a
            second layer of a name replaces the first.
        :param kind: its compression.
        :param need_end: refuse a tar without end marker.
        :returns: digest of the bytes.
        :raises RuntimeFault: this layer, or an earlier one, is bad.
        """
        self._taken += 1
        if self._taken > self._limits.archive_layers:
            raise exception.InvalidRequest(
                f'the archive has more than {self._limits.archive_layers} '
                'members that may be layers', 'image.too_large')
        while len(self._running) >= _CHILDREN:
            self._settle(next(iter(self._running)))
        blob = self._blobs.writer()
        self._undo.callback(blob.discard)
        tree = self._layers.temporary()
        self._undo.callback(self._layers.discard, tree)
        child = self._unpacker.apply(blob.path, tree, kind, self._limits,
                                     need_end=need_end)
        self._undo.callback(child.close)
        incoming = _Incoming(blob, tree, child)
        for piece in pieces:
            incoming.write(piece)
            # The child stops at the end of the tar, whatever follows it.
            if blob.size_bytes > self._limits.layer_tar_bytes:
                raise exception.InvalidRequest(
                    'a layer is larger than this host allows',
                    'image.too_large')
        incoming.finish()
        if name in self._running:
            self._settle(name)
        self._running[name] = incoming
        return blob.digest

    def settle(self) -> None:
        """Wait until everything is unpacked.

        :raises RuntimeFault: a layer is bad.
        """
        for name in list(self._running):
            self._settle(name)

    def _settle(self, name: str) -> None:
        self.staged[name] = self._running.pop(name).wait()
