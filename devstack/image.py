#!/usr/bin/env python3
"""Builds an image for the DevStack that this plugin is part of.

``image.py web|ssh DIRECTORY`` writes ``web.tar`` or ``ssh.tar.zst`` there,
unless it lies there already.  Called by ``devstack/lib/novacontainer`` as
root, with the Python that OpenStack runs with and this checkout on its path;
calls the builders of the demo's images and of Tempest's guest.
"""

import os
import pathlib
import shutil
import sys

from demo import directory as directories
from demo import errors
from demo import webimage
from tests.tempest import guestimage

_USAGE = 'usage: image.py web|ssh DIRECTORY'


def web(path: pathlib.Path) -> None:
    """Build the web server's image, of this machine's busybox.

    :raises DemoError: busybox-static is not installed.
    """
    program = shutil.which('busybox')
    if program is None:
        raise errors.DemoError('busybox is missing: install busybox-static.')
    webimage.assemble(path, pathlib.Path(program).read_bytes())


def ssh(path: pathlib.Path) -> None:
    """Build the ssh server's image, of packages that apt fetches.

    Compressed, since Tempest is to upload it as well.

    :raises DemoError: packages cannot be fetched or read.
    """
    directory = directories.Directory(path.parent)
    for place in (directory.cache, directory.log):
        place.mkdir(exist_ok=True)
    archive = directory.cache / 'ssh.tar'
    guestimage.build(directory, archive)
    guestimage.compress(archive, path)
    shutil.rmtree(directory.cache)


#: Kind → (name of the file, what builds it).
_IMAGES = {'web': ('web.tar', web), 'ssh': ('ssh.tar.zst', ssh)}


def main(arguments: list[str]) -> int:
    """Build; return the exit status."""
    if len(arguments) != 2 or arguments[0] not in _IMAGES:
        print(_USAGE, file=sys.stderr)
        return 2
    directory = pathlib.Path(arguments[1])
    name, build = _IMAGES[arguments[0]]
    path = directory / name
    if path.exists():
        return 0
    directory.mkdir(parents=True, exist_ok=True)
    # Half an image would be taken for a whole one the next time.
    unfinished = directory / f'{name}.unfinished'
    try:
        build(unfinished)
    except errors.DemoError as error:
        print(f'{path}: {error.reason}', file=sys.stderr)
        return 1
    os.replace(unfinished, path)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
