"""Read an image archive as a stream of members, each told by its content.

Called by ``service.image_load``; calls ``compression`` and ``tar_read``.
Nothing of an archive is looked up by name before the whole of it has passed,
because the manifest may come last; and nothing but regular files counts: no
link of the archive is ever resolved on this host.
"""

from collections.abc import Iterator
import dataclasses
import posixpath
import re
import typing

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.image import tar_read

#: First members of everything that writes image archives.
_IMAGE_MEMBER = re.compile(
    r'blobs(/.*)?|manifest\.json|index\.json|oci-layout|repositories'
    r'|(sha256:)?[0-9a-f]{64}(/.*|\.json|\.tar(\.\w+)?)?', re.DOTALL)
_HEAD_BYTES = tar_read.BLOCK


class BinaryReader(typing.Protocol):
    """What an archive is read from."""

    def read(self, size: int, /) -> bytes:
        """Return 1..size bytes; b'' at the end."""


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A member that is JSON, kept whole."""

    name: str
    data: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Alias:
    """A link to another member, whose name is ``target``.

    ``docker save`` of old wrote equal layers so.
    """

    name: str
    target: str


@dataclasses.dataclass(frozen=True, slots=True)
class LayerMember:
    """A member that may be a layer; its bytes are read from the archive's
    stream before the next member is asked for.

    :param compression: as :mod:`compression` names it.
    """

    name: str
    size_bytes: int
    compression: str


def open_stream(source: BinaryReader) -> chunks.ChunkStream:
    """Give the archive's plain bytes, whatever it is compressed with."""
    raw = chunks.ChunkStream(lambda: source.read(chunks.CHUNK_BYTES))
    kind = compression.detect(raw.peek(compression.MAGIC_BYTES))
    if kind == compression.PLAIN:
        return raw
    plain = filter(None, compression.decompress(kind, raw.rest()))
    return chunks.ChunkStream(lambda: next(plain, b''))


def is_root_filesystem(stream: chunks.ChunkStream) -> bool:
    """Tell a plain root filesystem from an image archive.

    The first name decides; ``./`` before it says nothing.  Nothing is
    consumed.

    :raises InvalidRequest: not a tar at all.
    """
    head = stream.peek(_HEAD_BYTES)
    if not tar_read.is_header(head):
        raise exception.InvalidRequest(
            'not an image: neither a tar archive nor a compressed one',
            'image.not_a_tarball')
    for entry in first_entries(stream):
        name = _clean(entry.name)
        if name:
            return not _IMAGE_MEMBER.fullmatch(name)
    return True


def first_entries(stream: chunks.ChunkStream) -> Iterator[tar_read.Entry]:
    """Look at the entries that a tar begins with; nothing is consumed.

    At least one, with the longest extended header that it may have.
    """
    seen = 8 * tar_read.BLOCK + tar_read.PAX_MAX_BYTES
    ahead = iter((stream.peek(seen),))
    return tar_read.entries(chunks.ChunkStream(lambda: next(ahead, b'')))


def members(stream: chunks.ChunkStream, limits: image_limits.Limits,
            ) -> Iterator[Document | Alias | LayerMember]:
    """Yield what may belong to an image.

    :raises InvalidRequest: malformed, truncated, or past a limit.
    """
    kept_bytes = 0
    for count, entry in enumerate(tar_read.entries(stream), 1):
        if count > limits.members:
            raise exception.InvalidRequest(
                f'the archive has more than {limits.members} members',
                'image.too_large')
        name = _clean(entry.name)
        kept_bytes += len(entry.name) + len(entry.link)
        _check_size(entry, 0, kept_bytes, limits)
        if entry.type in (tar_read.SYMLINK, tar_read.LINK):
            yield _alias(name, entry)
        elif entry.type == tar_read.REGULAR:
            head = stream.peek(min(_HEAD_BYTES, entry.size))
            if _is_json(head):
                kept_bytes += entry.size
                _check_size(entry, entry.size, kept_bytes, limits)
                yield Document(name, stream.exactly(entry.size))
            else:
                yield LayerMember(name, entry.size,
                                  compression.detect(head))
        else:
            stream.skip(entry.size)


def looks_like_layer(head: bytes) -> bool:
    """Tell whether a member's first bytes can begin a layer."""
    return (compression.detect(head) != compression.PLAIN
            or tar_read.is_header(head[:tar_read.BLOCK])
            or (len(head) == tar_read.BLOCK and not any(head)))


def _is_json(head: bytes) -> bool:
    return (head.lstrip()[:1] in (b'{', b'[')
            and not tar_read.is_header(head))


def _check_size(entry: tar_read.Entry, size: int, kept_bytes: int,
                limits: image_limits.Limits) -> None:
    if size > limits.document_bytes or kept_bytes > limits.documents_bytes:
        raise exception.InvalidRequest(
            f'with {entry.text()} of {size} bytes the archive holds more '
            'JSON and names than this host allows', 'image.too_large')


def _alias(name: str, entry: tar_read.Entry) -> Alias:
    target = entry.link.decode('utf-8', 'surrogateescape')
    if entry.type == tar_read.SYMLINK:
        target = posixpath.join(posixpath.dirname(name), target)
    return Alias(name, posixpath.normpath(target))


def _clean(name: bytes) -> str:
    text = name.decode('utf-8', 'surrogateescape')
    return posixpath.normpath(text).removeprefix('./') if text not in (
        '', '.') else ''
