"""What an archive says about its images, whichever layout it has.

Called by ``service.image_load`` when the whole archive has been read; calls
``document``, ``digest`` and ``reference``.  Pure: it gets the small documents
and tells which members are the config and the layers of which image.

Sources: the ``docker save`` format (Docker image specification 1.2,
"Combined Image JSON + Filesystem Changeset Format"), and the OCI image-spec
1.1 (image-layout.md, image-index.md, manifest.md).
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import itertools

from novacontainer.runtime import exception
from novacontainer.runtime.image import config
from novacontainer.runtime.image import digest
from novacontainer.runtime.image import document
from novacontainer.runtime.image import reference
from novacontainer.runtime import models

_DOCKER = 'manifest.json'
_INDEX = 'index.json'
_INDEX_DEPTH = 4
#: Entries of all indexes together; each nested one is read once per entry
#: that names it, so a few small ones could stand for billions.
_INDEX_ENTRIES = 10_000
_NAME_ANNOTATIONS = ('io.containerd.image.name',
                     'org.opencontainers.image.ref.name')


@dataclasses.dataclass(frozen=True, slots=True)
class Described:
    """One image of an archive.

    :param config: the config document, verbatim.
    :param layers: names of the members that hold the layers, lowest first.
    :param references: familiar names, in the archive's order.
    """

    config: bytes
    layers: tuple[str, ...]
    references: tuple[str, ...]


def read(documents: Mapping[str, bytes]) -> tuple[Described, ...]:
    """Find the images.

    :param documents: JSON members of the archive by their names.
    :raises InvalidRequest: there is no manifest, it has wrong types, or it
        names what is not in the archive.
    """
    if _DOCKER in documents:
        return tuple(_docker(documents))
    if _INDEX in documents:
        return tuple(_oci(documents))
    raise exception.InvalidRequest(
        'the archive has neither manifest.json nor index.json; is it an '
        'image that docker save or an OCI tool wrote, and is it whole?',
        'image.no_manifest')


def blob_name(name: str) -> str:
    """Give the member that holds the blob of a digest."""
    return 'blobs/' + name.replace(':', '/', 1)


def _docker(documents: Mapping[str, bytes]) -> Iterator[Described]:
    parsed = document.parse(documents[_DOCKER], _DOCKER)
    if not isinstance(parsed, list):
        raise document.wrong_type(_DOCKER, 'a list', parsed)
    for item in parsed:
        if not isinstance(item, dict):
            raise document.wrong_type(
                f'an entry of {_DOCKER}', 'an object', item)
        name = document.text(item.get('Config'), 'Config')
        tags = document.strings(item.get('RepoTags'), 'RepoTags')
        yield Described(
            _document(documents, _clean(name), 'config'),
            tuple(_clean(path) for path in
                  document.strings(item.get('Layers'), 'Layers')),
            tuple(str(reference.parse_tagged(tag)) for tag in tags))


def _oci(documents: Mapping[str, bytes]) -> Iterator[Described]:
    """Merge index entries that name one manifest by several names."""
    found: dict[str, list[str]] = {}
    numbers = itertools.count(1)
    for name, reference_name in _manifests(documents, _INDEX, 0, numbers):
        names = found.setdefault(name, [])
        if reference_name and reference_name not in names:
            names.append(reference_name)
    for name, names in found.items():
        parsed = document.dictionary(
            document.parse(_blob(documents, name, 'manifest'), 'a manifest'),
            'a manifest')
        layers = [_digest_of(layer, 'a layer') for layer in
                  document.sequence(parsed.get('layers'), 'layers')]
        yield Described(
            _blob(documents, _digest_of(parsed.get('config'), 'config'),
                  'config'),
            tuple(map(blob_name, layers)), tuple(names))


def _manifests(documents: Mapping[str, bytes], member: str, depth: int,
               count: Iterator[int]) -> Iterator[tuple[str, str]]:
    """Yield (manifest digest, name) of an index and those within it.

    :param count: numbers the entries of all indexes.
    """
    if depth > _INDEX_DEPTH:
        raise exception.InvalidRequest(
            'the image indexes are nested too deeply', 'image.malformed')
    index = document.dictionary(
        document.parse(_document(documents, member, 'index'), 'the index'),
        'the index')
    for entry in document.sequence(index.get('manifests'), 'manifests'):
        if next(count) > _INDEX_ENTRIES:
            raise exception.InvalidRequest(
                f'the image indexes have more than {_INDEX_ENTRIES} '
                'entries', 'image.too_large')
        name = _digest_of(entry, 'a manifest')
        if not _suits(entry):
            continue
        own = _reference(entry)
        nested = document.parse(_blob(documents, name, 'manifest'),
                                'a manifest')
        if isinstance(nested, dict) and 'manifests' in nested:
            for inner, inner_name in _manifests(
                    documents, blob_name(name), depth + 1, count):
                yield inner, own or inner_name
        else:
            yield name, own


def _suits(entry: models.Json) -> bool:
    """Tell whether an index entry is an image for this machine."""
    wanted = document.dictionary(entry.get('platform'), 'platform')
    return not wanted or (
        wanted.get('os') in ('linux', None)
        and wanted.get('architecture') in (config.architecture(), None))


def _reference(entry: models.Json) -> str:
    """Give the familiar name of an index entry, '' when it has none.

    The spec's annotation often holds a mere tag, which names nothing.
    """
    notes = document.dictionary(entry.get('annotations'), 'annotations')
    for key in _NAME_ANNOTATIONS:
        text = document.text(notes.get(key), key)
        if ':' in text or '/' in text:
            return str(reference.parse_tagged(text))
    return ''


def _digest_of(descriptor: object, what: str) -> str:
    found = document.dictionary(descriptor, f'the descriptor of {what}')
    return digest.check(found.get('digest'), f'the digest of {what}')


def _blob(documents: Mapping[str, bytes], name: str, what: str) -> bytes:
    return _document(documents, blob_name(name), what)


def _document(documents: Mapping[str, bytes], name: str,
              what: str) -> bytes:
    data = documents.get(name)
    if data is None:
        raise exception.InvalidRequest(
            f'the {what} {name[:300]!r} is not in the archive, or not a '
            'regular file of JSON', 'image.missing_member')
    return data


def _clean(name: str) -> str:
    return name.removeprefix('./')
