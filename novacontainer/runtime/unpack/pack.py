"""Write a path of a container's root as a tar, for people to take away.

Called by ``unpack.child``, confined to that root; calls ``unpack.produce``.
Unlike a layer it has no whiteouts, and begins wherever the client says.
"""

from collections.abc import Callable, Iterable, Iterator
import contextlib
import os

from novacontainer.runtime import exception
from novacontainer.runtime.unpack import produce

#: Ids that a container has.
_IDS = 65536


class Packer(produce.Producer):
    """One path of the current root, being written.

    It stays on the file system on which it begins, and those of volumes:
    what else is mounted below (/proc) is there as an empty directory.

    :param top: the path, relative to the root, without links.
    :param name: what it is called in the tar; '' leaves itself out.
    :param volumes: where there are other file systems to be written, too.
    """

    def __init__(self, write: Callable[[bytes], object], top: bytes,
                 name: bytes, max_bytes: int, max_entries: int,
                 volumes: Iterable[str] = ()) -> None:
        super().__init__(write, 0, _IDS, max_bytes, max_entries)
        self._top = top
        self._called = name
        self._devices = {os.lstat(top).st_dev}
        for volume in volumes:
            with contextlib.suppress(OSError):
                self._devices.add(os.stat(f'/{volume}').st_dev)

    def _paths(self) -> Iterator[bytes]:
        for path in produce.walk(self._top, devices=self._devices):
            if path != self._top or self._called:
                yield path

    def _name(self, path: bytes) -> bytes:
        below = path
        if self._top != b'.':
            below = path[len(self._top) + 1:]
        elif path in (b'.', b'./'):
            below = b''
        if not self._called:
            return below
        if path.rstrip(b'/') == self._top:
            return self._called + path[len(self._top):]
        return self._called.rstrip(b'/') + b'/' + below


def resolve(path: str) -> bytes:
    """Turn a client's path into one below the current root, without links.

    The last part may be a link unless the path ends in a slash or a dot: it
    is the link then that is meant.

    :raises NotFound: there is nothing.
    """
    if path.rstrip('/').endswith('/.') or path.endswith('/') or path == '.':
        found = os.path.realpath(f'/{path}')
    else:
        folder, _, base = f'/{path}'.rstrip('/').rpartition('/')
        found = os.path.join(os.path.realpath(folder or '/'), base)
    if not os.path.lexists(found):
        raise exception.NotFound(
            f'Could not find the file {path} in container', 'file.not_found')
    return os.fsencode(found.strip('/') or '.')
