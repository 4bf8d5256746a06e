"""What a failing disk means, in the runtime's kinds.

Called by the services and the storage drivers, which write files of their own.
Calls nothing.
"""

from collections.abc import Iterator
import contextlib
import errno

from novacontainer.runtime import exception

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn ``OSError`` into a fault.

    :param what: begins the message: ``Cannot write …``.
    :raises Unavailable: the disk is full.
    :raises Internal: anything else.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise exception.Unavailable(
                f'{what}: the disk is full; remove images or containers '
                'that are no longer needed', 'storage.full') from error
        raise exception.Internal(
            f'{what}: {error}', 'storage.failed') from error
