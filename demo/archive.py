"""Writing an image archive: a layer, and what ``docker save`` puts around it.

Called by ``webimage`` and ``debianimage``.  Written without any container
tool, from the formats' own descriptions: OCI image-spec 1.0 (image layout,
manifest, config) and the ``manifest.json`` of Docker's image-spec v1.2,
which Docker 25 and later write side by side.  No time and no owner of this
machine goes in, so equal content gives equal bytes.
"""

import hashlib
import io
import json
import os
import pathlib
import tarfile
import typing

_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
_CONFIG = 'application/vnd.oci.image.config.v1+json'
_LAYER = 'application/vnd.oci.image.layer.v1.tar'


class Layer:
    """A layer tar in the making; a context manager.

    Every name is relative to the root, without a leading slash.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._tar = tarfile.open(path, 'w', format=tarfile.PAX_FORMAT)
        self._names: set[str] = set()

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self._tar.close()

    def add(self, member: tarfile.TarInfo,
            content: typing.IO[bytes] | None = None) -> None:
        """Add a member, its directories before it; the first one stays."""
        if member.name in self._names or member.name in ('', '.'):
            return
        parent = member.name.rpartition('/')[0]
        if parent:
            self.add_directory(parent)
        self._names.add(member.name)
        member.mtime = 0
        member.uname = member.gname = ''
        member.pax_headers = {}
        self._tar.addfile(member, content)

    def add_directory(self, name: str, mode: int = 0o755) -> None:
        """Add a directory of root's."""
        member = tarfile.TarInfo(name)
        member.type = tarfile.DIRTYPE
        member.mode = mode
        self.add(member)

    def add_file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Add a regular file of root's."""
        member = tarfile.TarInfo(name)
        member.size = len(content)
        member.mode = mode
        self.add(member, io.BytesIO(content))

    def add_link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        member = tarfile.TarInfo(name)
        member.type = tarfile.SYMTYPE
        member.linkname = target
        member.mode = 0o777
        self.add(member)

    def add_tree(self, tree: pathlib.Path) -> None:
        """Add the files of a directory, as root's."""
        for path in sorted(tree.rglob('*')):
            if path.is_file():
                mode = 0o755 if os.access(path, os.X_OK) else 0o644
                self.add_file(str(path.relative_to(tree)), path.read_bytes(),
                              mode)


def write(path: pathlib.Path, layer: pathlib.Path, config: dict[str, object],
          architecture: str, reference: str) -> None:
    """Write an archive of one layer.

    :param config: the ``config`` object of the image config: Cmd, Env, …
    :param architecture: as Go and Debian name it, such as ``amd64``.
    :param reference: ``repository:tag`` in ``manifest.json``.
    """
    digest = _file_digest(layer)
    document = _document({
        'architecture': architecture, 'os': 'linux', 'config': config,
        'created': '1970-01-01T00:00:00Z',
        'rootfs': {'type': 'layers', 'diff_ids': [f'sha256:{digest}']},
        'history': [{'created': '1970-01-01T00:00:00Z',
                     'created_by': 'make demo'}]})
    manifest = _document({
        'schemaVersion': 2, 'mediaType': _MANIFEST,
        'config': _descriptor(_CONFIG, document),
        'layers': [{'mediaType': _LAYER, 'digest': f'sha256:{digest}',
                    'size': layer.stat().st_size}]})
    index = {'schemaVersion': 2, 'manifests': [
        _descriptor(_MANIFEST, manifest)]}
    listing = [{'Config': _blob(document), 'RepoTags': [reference],
                'Layers': [f'blobs/sha256/{digest}']}]
    with Layer(path) as outer:
        outer.add_file(_blob(document), document)
        outer.add_file(_blob(manifest), manifest)
        member = tarfile.TarInfo(f'blobs/sha256/{digest}')
        member.size = layer.stat().st_size
        with layer.open('rb') as content:
            outer.add(member, content)
        outer.add_file('index.json', _document(index))
        outer.add_file('manifest.json', _document(listing))
        outer.add_file('oci-layout',
                       _document({'imageLayoutVersion': '1.0.0'}))


def _document(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {'mediaType': media_type, 'size': len(content),
            'digest': f'sha256:{hashlib.sha256(content).hexdigest()}'}


def _blob(content: bytes) -> str:
    return f'blobs/sha256/{hashlib.sha256(content).hexdigest()}'


def _file_digest(path: pathlib.Path) -> str:
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
