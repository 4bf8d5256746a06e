"""Image archives built in pure Python, for tests only.

Called by unit, functional and integration tests.  Everything is built in
memory and is deterministic: equal arguments give equal bytes.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile
import typing

CREATED = '2026-01-02T03:04:05Z'
MTIME = 1767323045
MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'
LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar'


def digest(data: bytes) -> str:
    """Give ``sha256:<hex>`` of ``data``."""
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def tar(members: Sequence[tuple[tarfile.TarInfo, bytes]],
        fmt: int = tarfile.PAX_FORMAT) -> bytes:
    """Write members, as they are, into an uncompressed tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w', format=fmt) as archive:
        for info, data in members:
            if info.type == tarfile.REGTYPE:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def member(name: str, type_: bytes = tarfile.REGTYPE, *, mode: int = 0o644,
           link: str = '', uid: int = 0, gid: int = 0,
           pax: Mapping[str, str] | None = None) -> tarfile.TarInfo:
    """Make one tar header."""
    info = tarfile.TarInfo(name)
    info.type = type_
    info.mode = mode
    info.linkname = link
    info.uid, info.gid = uid, gid
    info.mtime = MTIME
    info.pax_headers = dict(pax or {})
    return info


def layer(files: Mapping[str, bytes],
          symlinks: Mapping[str, str] | None = None) -> bytes:
    """Make a layer tar of regular files; parents are added by themselves.

    Files under a ``bin`` or ``sbin`` directory, scripts and ELF files are
    executable.
    """
    members: list[tuple[tarfile.TarInfo, bytes]] = []
    made: set[str] = set()

    def parents(name: str) -> None:
        for parent in reversed(pathlib.PurePosixPath(name).parents):
            path = str(parent)
            if path != '.' and path not in made:
                made.add(path)
                members.append((member(path + '/', tarfile.DIRTYPE,
                                       mode=0o755), b''))

    for name, data in files.items():
        name = name.strip('/')
        parents(name)
        folder = pathlib.PurePosixPath(name).parent.name
        runs = folder in ('bin', 'sbin') or data[:2] in (b'#!', b'\x7fE')
        members.append((member(name, mode=0o755 if runs else 0o644), data))
    for name, target in (symlinks or {}).items():
        name = name.strip('/')
        parents(name)
        members.append((member(name, tarfile.SYMTYPE, mode=0o777,
                               link=target), b''))
    return tar(members)


def config(diff_ids: Sequence[str], *, cmd: Sequence[str] | None = None,
           entrypoint: Sequence[str] | None = None,
           env: Sequence[str] | None = None,
           **extra: typing.Any) -> dict[str, typing.Any]:
    """Make an image config document; ``extra`` goes into its ``config``."""
    run: dict[str, typing.Any] = {
        'Env': list(env or ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'])}
    if cmd is not None:
        run['Cmd'] = list(cmd)
    if entrypoint is not None:
        run['Entrypoint'] = list(entrypoint)
    run.update(extra)
    return {
        'architecture': 'amd64', 'os': 'linux', 'created': CREATED,
        'config': run,
        'rootfs': {'type': 'layers', 'diff_ids': list(diff_ids)},
        'history': [{'created': CREATED, 'created_by': 'test'}
                    for _ in diff_ids],
    }


def pack(layers: Sequence[bytes], document: Mapping[str, typing.Any],
         tags: Sequence[str] = ('test:latest',), *, layout: str = 'new',
         stored: Sequence[bytes] | None = None) -> bytes:
    """Put layers and a config document into one archive.

    :param layout: ``new`` (Docker >= 25), ``old`` (before it) or ``oci``
        (no manifest.json).
    :param stored: the layers as the archive carries them, such as gzipped;
        default: as they are.
    """
    blobs = list(stored if stored is not None else layers)
    text = json.dumps(document).encode()
    if layout == 'old':
        return _pack_old(blobs, text, tags)
    return _pack_blobs(blobs, text, tags, with_manifest=layout == 'new')


def _pack_old(blobs: Sequence[bytes], text: bytes,
              tags: Sequence[str]) -> bytes:
    members = []
    paths = []
    for number, blob in enumerate(blobs):
        folder = hashlib.sha256(b'%d' % number + blob).hexdigest()
        members.append((member(folder + '/', tarfile.DIRTYPE, mode=0o755),
                        b''))
        members.append((member(folder + '/VERSION'), b'1.0'))
        members.append((member(folder + '/json'), b'{}'))
        members.append((member(folder + '/layer.tar'), blob))
        paths.append(folder + '/layer.tar')
    name = hashlib.sha256(text).hexdigest() + '.json'
    members.append((member(name), text))
    manifest = [{'Config': name, 'RepoTags': list(tags) or None,
                 'Layers': paths}]
    members.append((member('manifest.json'), json.dumps(manifest).encode()))
    return tar(members)


def _pack_blobs(blobs: Sequence[bytes], text: bytes, tags: Sequence[str],
                *, with_manifest: bool) -> bytes:
    content = {digest(data): data for data in (*blobs, text)}
    image = json.dumps({
        'schemaVersion': 2, 'mediaType': MANIFEST_TYPE,
        'config': _descriptor(CONFIG_TYPE, text),
        'layers': [_descriptor(LAYER_TYPE, blob) for blob in blobs],
    }).encode()
    content[digest(image)] = image
    entries = []
    for tag in tags or ('',):
        entry = _descriptor(MANIFEST_TYPE, image)
        if tag:
            entry['annotations'] = {
                'io.containerd.image.name': 'docker.io/library/' + tag,
                'org.opencontainers.image.ref.name': tag.rpartition(':')[2]}
        entries.append(entry)
    index = json.dumps({'schemaVersion': 2, 'manifests': entries}).encode()
    members = [(member('blobs/', tarfile.DIRTYPE, mode=0o755), b''),
               (member('blobs/sha256/', tarfile.DIRTYPE, mode=0o755), b'')]
    members += [(member(_blob_path(name)), data)
                for name, data in content.items()]
    members.append((member('index.json'), index))
    if with_manifest:
        manifest = [{'Config': _blob_path(digest(text)),
                     'RepoTags': list(tags) or None,
                     'Layers': [_blob_path(digest(blob)) for blob in blobs]}]
        members.append((member('manifest.json'),
                        json.dumps(manifest).encode()))
    members.append((member('oci-layout'),
                    b'{"imageLayoutVersion": "1.0.0"}'))
    return tar(members)


def _blob_path(name: str) -> str:
    return 'blobs/' + name.replace(':', '/')


def _descriptor(media_type: str, data: bytes) -> dict[str, typing.Any]:
    return {'mediaType': media_type, 'digest': digest(data),
            'size': len(data)}


def docker_archive(files: Mapping[str, bytes], *,
                   cmd: Sequence[str] | None,
                   entrypoint: Sequence[str] | None = None,
                   env: Sequence[str] | None = None,
                   tag: str | None = 'test:latest',
                   layout: str = 'new',
                   symlinks: Mapping[str, str] | None = None,
                   **extra: typing.Any) -> bytes:
    """Make a ``docker save`` archive with one layer of ``files``.

    :param tag: name in the archive; None: an image without a name.
    :param layout: ``new``, ``old`` or ``oci``, see :func:`pack`.
    :param extra: more keys of the config's ``config`` object (``User=…``).
    """
    content = layer(files, symlinks)
    document = config([digest(content)], cmd=cmd, entrypoint=entrypoint,
                      env=env, **extra)
    return pack([content], document, [tag] if tag else [], layout=layout)


def busybox_image(tag: str = 'busybox:test',
                  cmd: Sequence[str] | None = ('sh',), *,
                  layout: str = 'new',
                  files: Mapping[str, bytes] | None = None,
                  **extra: typing.Any) -> bytes:
    """Make an image of Debian's busybox-static with a link per applet.

    :param files: more files, such as ``{'etc/motd': b'hello'}``.
    """
    program = pathlib.Path('/bin/busybox').resolve()
    applets = subprocess.run([str(program), '--list'], check=True,
                             capture_output=True, text=True).stdout.split()
    content = {
        'bin/busybox': program.read_bytes(),
        'etc/passwd': (b'root:x:0:0:root:/root:/bin/sh\n'
                       b'www-data:x:33:33::/var/www:/bin/false\n'
                       b'nobody:x:65534:65534::/:/bin/false\n'),
        'etc/group': b'root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n',
        'root/.profile': b'',
        'tmp/.keep': b'',
    }
    content.update(files or {})
    links = {f'bin/{name}': 'busybox' for name in applets
             if name != 'busybox'}
    return docker_archive(content, cmd=cmd, tag=tag, layout=layout,
                          symlinks=links, **extra)
