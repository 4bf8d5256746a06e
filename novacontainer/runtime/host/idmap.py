"""A user namespace as the carrier of an id map, for idmapped mounts.

Called by ``storage.layering`` and ``storage.btrfs``.  Calls
``host.namespaces``.
"""

from collections.abc import Iterator
import contextlib
import os
import pathlib

from novacontainer.runtime.host import namespaces
from novacontainer.runtime import models


@contextlib.contextmanager
def user_namespace(id_map: models.IdMap, pin: pathlib.Path | None = None,
                   with_root: bool = False) -> Iterator[int]:
    """Yield a descriptor of a user namespace that maps as ``id_map`` says.

    :param pin: a pinned user namespace with the same map, if there may be
        one: using it saves a fork.
    :param with_root: the host's root is mapped too, to the id after the
        last, so that it can make files on the mount; not with a pin.
    :raises OSError: the kernel refused to make one.
    """
    fd = _open_pin(pin) if pin is not None else None
    if fd is None:
        with namespaces.hold(
                namespaces.CLONE_NEWUSER, id_map, with_root) as pid:
            fd = os.open(f'/proc/{pid}/ns/user', os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _open_pin(pin: pathlib.Path) -> int | None:
    try:
        fd = os.open(pin, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if os.fstat(fd).st_dev == os.stat('/proc/self/ns/user').st_dev:
        return fd
    # A leftover file that nothing is mounted on.
    os.close(fd)
    return None
