"""Write an archive that both Docker and OCI tools read, as a stream.

Called by ``service.image_save``; calls ``tar_write``.  One tar with the
members of both formats: ``manifest.json`` and ``repositories`` for ``docker
load``, ``index.json`` and ``oci-layout`` for OCI tools (image-spec 1.1,
image-layout.md), and the blobs for both, as Docker writes it since 25.0.
Times are 0, so that equal images give equal archives.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import json
import typing

from novacontainer.runtime.image import compression
from novacontainer.runtime.image import digest
from novacontainer.runtime.image import manifest
from novacontainer.runtime.image import reference
from novacontainer.runtime.image import tar_write
from novacontainer.runtime import models

_TYPE = 'application/vnd.oci.image.'
_MANIFEST_TYPE = _TYPE + 'manifest.v1+json'
_INDEX_TYPE = _TYPE + 'index.v1+json'
_CONFIG_TYPE = _TYPE + 'config.v1+json'
_LAYER_TYPE = _TYPE + 'layer.v1.tar'
#: The spec knows media types for these; others are told by their content.
_SUFFIXES = {compression.GZIP: '+gzip', compression.ZSTD: '+zstd'}


class BinaryWriter(typing.Protocol):
    """What an archive is written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""


@dataclasses.dataclass(frozen=True, slots=True)
class SavedLayer:
    """A layer's blob.

    :param compression: as :mod:`compression` names it.
    """

    diff_id: str
    blob: str
    size_bytes: int
    compression: str

    def descriptor(self) -> models.Json:
        """Give its OCI descriptor."""
        return {
            'mediaType': _LAYER_TYPE + _SUFFIXES.get(self.compression, ''),
            'digest': self.blob, 'size': self.size_bytes}


@dataclasses.dataclass(frozen=True, slots=True)
class SavedImage:
    """An image with the names that the archive gives it."""

    config: bytes
    layers: tuple[SavedLayer, ...]
    references: tuple[str, ...]

    def manifest(self) -> bytes:
        """Give its OCI manifest."""
        return _json({
            'schemaVersion': 2, 'mediaType': _MANIFEST_TYPE,
            'config': _descriptor(_CONFIG_TYPE, self.config),
            'layers': [layer.descriptor() for layer in self.layers]})


def write_documents(images: Sequence[SavedImage],
                    sink: BinaryWriter) -> None:
    """Write everything but the layers, which come first in the tar."""
    small = {}
    for image in images:
        for data in (image.config, image.manifest()):
            small[digest.of(data)] = data
    for name, data in small.items():
        _write_file(sink, manifest.blob_name(name), data)
    _write_file(sink, 'index.json', _json({
        'schemaVersion': 2, 'mediaType': _INDEX_TYPE,
        'manifests': [entry for image in images
                      for entry in _index_entries(image)]}))
    _write_file(sink, 'manifest.json', _json([{
        'Config': manifest.blob_name(digest.of(image.config)),
        'RepoTags': list(image.references) or None,
        'Layers': [manifest.blob_name(layer.blob)
                   for layer in image.layers],
        'LayerSources': {layer.diff_id: layer.descriptor()
                         for layer in image.layers},
    } for image in images]))
    if names := _repositories(images):
        _write_file(sink, 'repositories', _json(names))
    _write_file(sink, 'oci-layout', _json({'imageLayoutVersion': '1.0.0'}))
    sink.write(tar_write.END)


def write_directories(sink: BinaryWriter) -> None:
    """Write the directories, which come before everything."""
    for name in (b'blobs/', b'blobs/sha256/'):
        sink.write(tar_write.header(name, tar_write.DIRECTORY, mode=0o755))


def write_layer(layer: SavedLayer, pieces: Iterable[bytes],
                sink: BinaryWriter) -> None:
    """Write one layer's blob."""
    sink.write(tar_write.header(
        manifest.blob_name(layer.blob).encode(), size=layer.size_bytes))
    for piece in pieces:
        sink.write(piece)
    sink.write(tar_write.padding(layer.size_bytes))


def _index_entries(image: SavedImage) -> list[models.Json]:
    """Give one entry per name; a nameless image has one too."""
    entry = _descriptor(_MANIFEST_TYPE, image.manifest())
    if not image.references:
        return [entry]
    entries = []
    for text in image.references:
        name = reference.parse(text)
        entries.append({**entry, 'annotations': {
            'io.containerd.image.name':
                f'{name.full_repository}:{name.tag}',
            'org.opencontainers.image.ref.name': name.tag}})
    return entries


def _repositories(images: Sequence[SavedImage]) -> models.Json:
    """Give what Docker read before it had manifests, and still writes.

    A name stands for its image's uppermost layer; tools list names from it.
    """
    names: models.Json = {}
    for image in images:
        if not image.layers:
            continue
        top = image.layers[-1].blob.partition(':')[2]
        for text in image.references:
            repository, _, tag = text.rpartition(':')
            names.setdefault(repository, {})[tag] = top
    return names


def _descriptor(media_type: str, data: bytes) -> models.Json:
    return {'mediaType': media_type, 'digest': digest.of(data),
            'size': len(data)}


def _write_file(sink: BinaryWriter, name: str, data: bytes) -> None:
    sink.write(tar_write.header(name.encode(), size=len(data))
               + data + tar_write.padding(len(data)))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(',', ':')).encode()
