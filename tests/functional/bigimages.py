"""The driver loads an image that is made up as it is read, or saves it.

Used by: ``test_image_memory``, as a program, because memory is counted and
limited by process: ``python -m tests.functional.bigimages SOCKET MB MORE``.
From when everything is imported it may have so many MB more than then.
"""

import os
import pathlib
import resource
import sys
import tarfile
import types

from novacontainer import client
from novacontainer.virt import imageops
from tests import instances

PIECE_BYTES = 1 << 20
_END = bytes(2 * tarfile.BLOCKSIZE)


def pieces(size_mb):
    """Yield the tar of a root file system with one file in it."""
    member = tarfile.TarInfo('data')
    member.size = size_mb * PIECE_BYTES
    yield member.tobuf()
    piece = os.urandom(PIECE_BYTES)
    for _ in range(size_mb):
        yield piece
    yield _END


def limit(pid, more_mb):
    """Let a process have so much more memory.

    Only the soft limit: the process that unpacks has one of its own, and may
    not be able to raise a hard one.
    """
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    has_kb = int(status.partition('VmData:')[2].split()[0])
    most = (has_kb << 10) + (more_mb << 20)
    _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
    resource.prlimit(pid, resource.RLIMIT_DATA, (most, hard))


def main(socket, size_mb, more_mb):
    """Load an image as for a new instance, and read it back."""
    imageops.IMAGE_API = types.SimpleNamespace(
        download=lambda context, image_id: pieces(int(size_mb)))
    runtime = client.Client(socket)
    limit(os.getpid(), int(more_mb))
    image = imageops.ImageOps(runtime).ensure(
        None, instances.instance(), instances.image_meta())
    with runtime.images.save(image.references[0]) as download:
        print(sum(map(len, download)))


if __name__ == '__main__':
    main(*sys.argv[1:])
