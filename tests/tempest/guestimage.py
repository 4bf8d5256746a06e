"""The guest of Tempest's tests: the demo's Debian, and what they run in it.

Called by ``tests.tempest.__main__`` and by ``devstack/image.py``.
"""

import pathlib

import zstandard

from demo import debianimage
from demo import debs
from demo import directory as directories
from demo import images

#: Two images of the same content: tests rebuild from one to the other.
NAMES = ('tempest', 'tempest-alt')
#: Lets root in while a guest has no key and no other password.
PASSWORD = 'tempest'

_ROOTFS = pathlib.Path(__file__).with_name('rootfs')
_MORE = ('curl', 'e2fsprogs', 'mount', 'netcat-openbsd', 'procps', 'sudo')


def provide(directory: directories.Directory) -> list[str]:
    """Have both images in Glance, and return their ids.

    :raises DemoError: packages cannot be fetched, or the upload failed.
    """
    archive = path(directory)
    build(directory, archive)
    compress(archive, compressed_path(directory))
    return [images.publish(directory, name, archive) for name in NAMES]


def build(directory: directories.Directory, archive: pathlib.Path) -> None:
    """Write the archive; packages are fetched into the directory's cache.

    :raises DemoError: packages cannot be fetched or read.
    """
    packages = debs.fetch(directory, (*debianimage.PACKAGES, *_MORE))
    debianimage.build(archive, packages, _ROOTFS, passwords=True)


def compress(archive: pathlib.Path, compressed: pathlib.Path) -> None:
    """Write the same for tests that upload it.

    Tempest looks for a kernel in whatever it knows for a tar file.
    """
    with archive.open('rb') as whole, compressed.open('wb') as less:
        zstandard.ZstdCompressor().copy_stream(whole, less)


def path(directory: directories.Directory) -> pathlib.Path:
    """Where the archive lies."""
    return directory.cache / 'tempest.tar'


def compressed_path(directory: directories.Directory) -> pathlib.Path:
    """Where the compressed one lies."""
    return directory.cache / 'tempest.tar.zst'
