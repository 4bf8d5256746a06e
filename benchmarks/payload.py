"""Images to load: a tiny one that runs, and big ones of this host's files.

Called by: ``lifecycle``, ``load``.
"""

import hashlib
import json
import os
import pathlib
import tarfile

from tests import archives

#: Where the files of a big image come from: what every Debian has.
SOURCE = pathlib.Path('/usr')
#: Bytes.  With larger files an image would hold few, unlike real ones.
FILE_LIMIT = 1024 ** 2


def tiny(directory, tag):
    """Write an image of busybox alone; return the archive's path."""
    path = pathlib.Path(directory) / 'tiny.tar'
    path.write_bytes(archives.busybox_image(tag, layout='old'))
    return path


def big(directory, tag, size_bytes, layers=4):
    """Write an image of about ``size_bytes``; return what was written.

    :returns: (path of the archive, paths of its layer tars, bytes in the
        layers, files in them).
    """
    directory = pathlib.Path(directory)
    files = _files()
    paths, names, diff_ids, total, count = [], [], [], 0, 0
    for number in range(layers):
        path = directory / f'layer-{number}.tar'
        taken = _layer(path, files, size_bytes // layers, f'top{number}')
        total, count = total + path.stat().st_size, count + taken
        paths.append(path)
        diff_ids.append('sha256:' + _sha256(path))
        # As docker save of old named them: any 64 hexadecimal digits.
        names.append(f'{diff_ids[-1].removeprefix("sha256:")}/layer.tar')
    document = json.dumps(archives.config(diff_ids, cmd=['true'])).encode()
    manifest = [{'Config': 'config.json', 'RepoTags': [tag],
                 'Layers': names}]
    archive = directory / 'big.tar'
    with tarfile.open(archive, 'w') as out:
        for path, name in zip(paths, names, strict=True):
            out.add(path, name)
        _add(out, 'config.json', document, directory)
        _add(out, 'manifest.json', json.dumps(manifest).encode(), directory)
    return archive, paths, total, count


def _add(out, name, data, directory):
    path = pathlib.Path(directory) / name
    path.write_bytes(data)
    out.add(path, name)
    path.unlink()


def _sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def _files():
    """Yield regular files below SOURCE in a stable order."""
    for folder, folders, names in os.walk(SOURCE):
        folders.sort()
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if path.is_file() and not path.is_symlink() and (
                    path.stat().st_size <= FILE_LIMIT):
                yield path


def _layer(path, files, size_bytes, top):
    """Fill one layer tar from the iterator; return how many files."""
    written = count = 0
    with tarfile.open(path, 'w') as out:
        for file in files:
            out.add(file, top + str(file))
            written += file.stat().st_size
            count += 1
            if written >= size_bytes:
                break
    return count
