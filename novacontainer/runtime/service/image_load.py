"""Bring in the images of an archive, in one pass over its bytes.

Called by ``service.images``; calls the archive reader, the stage and the
catalog.  The manifest may be the last member, so every member that can be a
layer is unpacked as it passes, and only then it turns out what it was.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import hashlib
import json
import re

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.image import archive_read
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import config as image_config
from novacontainer.runtime.image import digest
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.image import manifest
from novacontainer.runtime.image import reference as image_reference
from novacontainer.runtime.image import tar_read
from novacontainer.runtime import models
from novacontainer.runtime.service import image_catalog
from novacontainer.runtime.service import layer_stage
from novacontainer.runtime.unpack import unpacker as layer_unpacker

_BLOB = re.compile(r'blobs/sha256/([0-9a-f]{64})')
_ALIAS_DEPTH = 8
_ROOT = 'root filesystem'


class Loader:
    """One load: what has been seen of its archive so far."""

    def __init__(self, catalog: image_catalog.Catalog,
                 unpacker: layer_unpacker.Unpacker,
                 limits: image_limits.Limits) -> None:
        self._catalog = catalog
        self._limits = limits
        self._stage = layer_stage.Stage(
            catalog.blobs, catalog.layers, unpacker, limits)
        self._documents: dict[str, bytes] = {}
        self._aliases: dict[str, str] = {}
        self._reused: dict[str, models.Layer] = {}
        self._others: set[str] = set()
        self._left_out: list[str] = []

    def run(self, source: archive_read.BinaryReader, reference: str | None,
            progress: Callable[[str], None],
            verify: Callable[[], None] = lambda: None,
            ) -> tuple[models.Image, ...]:
        """Load everything; see ``ImageService.load``."""
        name = (str(image_reference.parse_tagged(reference))
                if reference else None)
        with (diskfaults.translated('cannot store the image'),
              contextlib.ExitStack() as stack):
            stack.enter_context(self._stage)
            stack.callback(
                lambda: self._catalog.release(list(self._reused.values())))
            new = self._read(source, name)
            verify()
            made = self._catalog.add(new, self._stage.staged.values())
        for image, wanted in zip(made, new, strict=True):
            for text in wanted.references:
                progress(f'Loaded image: {text}')
            if not wanted.references:
                progress(f'Loaded image ID: {image.id}')
            self._catalog.announce('load', image,
                                   next(iter(wanted.references), ''))
        for text in self._left_out:
            progress(f'Left out the name {text}, which no archive can give '
                     'to its image')
        return tuple(made)

    def _read(self, source: archive_read.BinaryReader,
              name: str | None) -> list[image_catalog.NewImage]:
        stream = archive_read.open_stream(source)
        if archive_read.is_root_filesystem(stream):
            return [self._root_filesystem(stream, name)]
        for member in archive_read.members(stream, self._limits):
            if isinstance(member, archive_read.Document):
                self._keep(member)
            elif isinstance(member, archive_read.Alias):
                self._aliases[member.name] = member.target
            else:
                self._take(member, stream)
        for _ in stream.rest():
            pass  # padding, and the checksum of a compressed archive
        described = manifest.read(self._documents)
        if not described:
            raise exception.InvalidRequest(
                'the archive names no image for this machine',
                'image.no_manifest')
        self._check_number(described)
        if name is not None and len(described) != 1:
            raise exception.InvalidRequest(
                f'the archive holds {len(described)} images, but exactly '
                f'one can become {name}', 'image.several')
        self._stage.settle()
        return [self._image(one, name) for one in described]

    def _check_number(self, described: Sequence[manifest.Described]) -> None:
        """Refuse a small manifest that names the same things again and again.

        Each image has its config parsed anew.
        """
        limits = self._limits
        if (len(described) > limits.archive_images
                or sum(len(one.references) for one in described)
                > limits.archive_names
                or sum(len(one.config) for one in described)
                > limits.documents_bytes):
            raise exception.InvalidRequest(
                f'the archive describes {len(described)} images, with more '
                'names or larger configs than this host takes at once',
                'image.too_large')

    def _root_filesystem(self, stream: chunks.ChunkStream,
                         name: str | None) -> image_catalog.NewImage:
        first = next(archive_read.first_entries(stream), None)
        seconds = first.mtime_ns // 1_000_000_000 if first else 0
        self._stage.take(_ROOT, stream.rest(), need_end=True)
        self._stage.settle()
        layer = self._stage.staged[_ROOT].layer
        document = image_config.for_root_filesystem(layer.diff_id, seconds)
        return image_catalog.NewImage(
            json.dumps(document).encode(), (layer,), (name,) if name else ())

    def _keep(self, member: archive_read.Document) -> None:
        blob = _BLOB.fullmatch(member.name)
        if blob:
            _check_content(member.name, 'sha256:' + blob.group(1),
                           digest.of(member.data))
        self._documents[member.name] = member.data

    def _take(self, member: archive_read.LayerMember,
              stream: chunks.ChunkStream) -> None:
        head = stream.peek(min(tar_read.BLOCK, member.size_bytes))
        if not archive_read.looks_like_layer(head):
            self._others.add(member.name)
            stream.skip(member.size_bytes)
            return
        pieces = stream.pieces(member.size_bytes)
        blob = _BLOB.fullmatch(member.name)
        if not blob:
            self._stage.take(member.name, pieces, member.compression)
            return
        expected = 'sha256:' + blob.group(1)
        known = self._catalog.hold_blob(expected)
        if known is not None and member.name in self._reused:
            self._catalog.release([known])
        elif known is not None:
            self._reused[member.name] = known
        # A digest is public, so only who has the content may use it.
        found = (_digest(pieces) if known is not None else
                 self._stage.take(member.name, pieces, member.compression))
        _check_content(member.name, expected, found)

    def _image(self, described: manifest.Described,
               name: str | None) -> image_catalog.NewImage:
        document = image_config.parse(described.config)
        expected = image_config.diff_ids(document)
        if len(expected) > self._limits.layers:
            raise exception.InvalidRequest(
                f'the image has {len(expected)} layers; this host allows '
                f'{self._limits.layers}', 'image.too_many_layers')
        if len(expected) != len(described.layers):
            raise exception.InvalidRequest(
                f'the manifest names {len(described.layers)} layers, the '
                f'config {len(expected)}', 'image.malformed')
        layers = tuple(map(self._layer, described.layers))
        for layer, diff_id, member in zip(
                layers, expected, described.layers, strict=True):
            _check_content(member, diff_id, layer.diff_id)
        return image_catalog.NewImage(
            described.config, layers, self._names(described, name))

    def _names(self, described: manifest.Described,
               name: str | None) -> tuple[str, ...]:
        if name:
            return (name,)
        reserved = [text for text in described.references
                    if image_reference.is_reserved(text)]
        self._left_out.extend(reserved)
        return tuple(text for text in described.references
                     if text not in reserved)

    def _layer(self, member: str) -> models.Layer:
        """Give the layer of a member, through the archive's own links."""
        name = member
        for _ in range(_ALIAS_DEPTH):
            if name in self._reused:
                return self._reused[name]
            if name in self._stage.staged:
                return self._stage.staged[name].layer
            if name not in self._aliases:
                break
            name = self._aliases[name]
        if name in self._others or name in self._documents:
            raise exception.InvalidRequest(
                f'the layer {member[:300]!r} is not a tar archive',
                'image.malformed')
        raise exception.InvalidRequest(
            f'the manifest names the layer {member[:300]!r}, which is not '
            'in the archive or not a regular file', 'image.missing_member')


def _digest(pieces: Iterator[memoryview]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return 'sha256:' + found.hexdigest()


def _check_content(name: str, expected: str, found: str) -> None:
    if found != expected:
        raise exception.InvalidRequest(
            f'the content of {name[:300]!r} does not match its digest: '
            f'expected {expected}, got {found}', 'image.digest_mismatch')
