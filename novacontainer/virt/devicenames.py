"""Names of block devices inside containers; pure.

Called by ``virt.driver``.  Nova stores the name and hands it on with every
attachment.
"""

from collections.abc import Iterable
import itertools
import re
import string

from nova import exception

#: What Nova is told of the root disk, which is no device in a container.
ROOT = '/dev/vda'

_PREFIX = '/dev/vd'
_NAME = re.compile(r'/dev/([A-Za-z0-9][A-Za-z0-9._+-]{0,62})')
#: What every container has in its /dev (runtime-spec, Default Devices).
_RESERVED = frozenset((
    'console', 'core', 'fd', 'full', 'fuse', 'mqueue', 'null', 'ptmx',
    'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom',
    'zero'))


def choose(taken: Iterable[str | None], asked: str | None = None,
           limit: int = -1) -> str:
    """Return the name for one more device.

    :param taken: the names there are, with or without ``/dev/``; None for
        what has none yet.
    :param asked: what the user wishes.
    :param limit: how many devices there may be; -1 is no limit.
    :raises: exception.InvalidDevicePath, DevicePathInUse,
        TooManyDiskDevices
    """
    names = {_full(name) for name in taken if name} | {ROOT}
    if -1 < limit < len(names) + 1:
        raise exception.TooManyDiskDevices(maximum=limit)
    if asked:
        name = _full(asked)
        match = _NAME.fullmatch(name)
        if match is None or match[1] in _RESERVED:
            raise exception.InvalidDevicePath(path=asked)
        if name in names:
            raise exception.DevicePathInUse(path=asked)
        return name
    return next(name for name in _series() if name not in names)


def _full(name: str) -> str:
    return name if name.startswith('/') else f'/dev/{name}'


def _series() -> Iterable[str]:
    """Yield vda … vdz, vdaa …: the kernel's own order."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase,
                                         repeat=length):
            yield _PREFIX + ''.join(letters)
