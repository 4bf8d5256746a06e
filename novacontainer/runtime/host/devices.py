"""Device nodes of the host: what they are, and one that gets given away.

Called by ``engine.supervised`` and ``service.isolation``.  Calls the file
system.
"""

from collections.abc import Iterator
import dataclasses
import os
import stat

from novacontainer.runtime import exception

#: Below /dev, but file systems of a container's own.
_OWN = frozenset(('pts', 'shm', 'mqueue', 'hugepages', 'console'))


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A device node; ``kind`` is ``c`` or ``b``, ``mode`` its bits."""

    kind: str
    major: int
    minor: int
    mode: int
    uid: int
    gid: int


def inspect(path: str) -> Node:
    """Return what a device node is.

    :raises InvalidRequest: there is none of this name.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise exception.InvalidRequest(
            'error gathering device information while adding custom device '
            f'"{path}": {error.strerror}',
            'container.invalid_device') from error
    node = _node(status)
    if node is None:
        raise exception.InvalidRequest(
            'error gathering device information while adding custom device '
            f'"{path}": not a device node', 'container.invalid_device')
    return node


def exists(path: str) -> bool:
    """Say whether there is a device node of this name."""
    try:
        return _node(os.stat(path)) is not None
    except OSError:
        return False


def listed(root: str = '/dev') -> Iterator[tuple[str, Node]]:
    """Yield path and description of every device node of the host."""
    for directory, names, files in os.walk(root):
        if directory == root:
            names[:] = [name for name in names if name not in _OWN]
        for name in files:
            path = os.path.join(directory, name)
            if directory == root and name in _OWN:
                continue
            try:
                node = _node(os.lstat(path))
            except FileNotFoundError:
                # Unplugged meanwhile.
                continue
            if node is not None:
                yield path, node


def _node(status: os.stat_result) -> Node | None:
    kinds = {stat.S_IFCHR: 'c', stat.S_IFBLK: 'b'}
    kind = kinds.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None
    return Node(kind, os.major(status.st_rdev), os.minor(status.st_rdev),
                stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def reclaim_null(path: str = '/dev/null') -> bool:
    """Give ``/dev/null`` back to the host's root; True when it was lost.

    crun before 1.23 chowns the standard streams of a container with a user
    namespace to the container's root, and a container without standard
    input has the host's own /dev/null there (crun issue 1845): its root
    could then take everybody's permissions away.  The process is held
    between create and start, so a chown before start closes the hole.

    :raises OSError: the device is missing or cannot be chowned.
    """
    status = os.stat(path)
    if status.st_uid == 0 and status.st_gid == 0:
        return False
    os.chown(path, 0, 0)
    return True
