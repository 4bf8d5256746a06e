"""Subvolumes, snapshots and quotas of btrfs.

Called by ``storage.btrfs`` and ``storage.chains``.  Calls the kernel
(``include/uapi/linux/btrfs.h``, ``btrfs_tree.h``; SNAP_DESTROY_V2 is in
Linux 5.7 and later).  Raises ``OSError``; callers translate.

A subvolume is what can be snapshotted, deleted at once whatever it holds,
and accounted for.  Whoever may make a directory may make a subvolume, so a
container may have made some inside its own: they go with it.
"""

from collections.abc import Iterator
import contextlib
import errno
import fcntl
import os
import pathlib
import struct

_SYNC = 0x9408
_TREE_SEARCH = 0xD0009411
_INO_LOOKUP = 0xD0009412
_SNAP_CREATE_V2 = 0x50009417
_SUBVOL_CREATE_V2 = 0x50009418
_QUOTA_CTL = 0xC0109428
_QGROUP_CREATE = 0x4010942A
_QGROUP_LIMIT = 0x8030942B
_QUOTA_RESCAN_WAIT = 0x942E
_SNAP_DESTROY_V2 = 0x5000943F

#: ``btrfs_ioctl_vol_args_v2``: descriptor, transaction, flags, unused, name.
_VOLUME_NAMED = struct.Struct('=qQQ32s4040s')
#: The same with an id in the place of the name.
_VOLUME_NUMBERED = struct.Struct('=qQQ32sQ4032x')
_SPEC_BY_ID = 1 << 4
#: ``btrfs_ioctl_ino_lookup_args``: tree, object, name.
_LOOKUP = struct.Struct('=QQ4080x')
#: ``btrfs_ioctl_search_args``: tree; smallest and largest object, offset and
#: transaction; smallest and largest type; number of items; reserved; items.
_SEARCH = struct.Struct('=QQQQQQQIII36x3992x')
_SEARCH_COUNT_AT = 64
_SEARCH_ITEMS_AT = 104
#: ``btrfs_ioctl_search_header``: transaction, object, offset, type, length.
_ITEM = struct.Struct('=QQQII')
#: ``btrfs_ioctl_quota_ctl_args``: command, status.
_QUOTA = struct.Struct('=QQ')
_QUOTA_ENABLE = 1
#: ``btrfs_ioctl_qgroup_create_args``: create or remove, id.
_GROUP = struct.Struct('=QQ')
#: ``btrfs_ioctl_qgroup_limit_args``: id, flags, and the limits: of what is
#: referred to, of what is exclusive, and reservations.
_LIMIT = struct.Struct('=QQQQQQ')
_LIMIT_EXCLUSIVE = 1 << 1

_ROOT_TREE = 1
_ROOT_REF = 156
_QUOTA_TREE = 8
_GROUP_INFO = 242
#: ``btrfs_qgroup_info_item``: generation; referred to, and the same
#: compressed; exclusive, and the same compressed.
_INFO = struct.Struct('<QQQQQ')
_FIRST_OBJECT = 256
_MOST = (1 << 64) - 1


def create(path: pathlib.Path) -> None:
    """Make an empty subvolume.

    :raises OSError: ENOTTY where the file system is not btrfs.
    """
    with _opened(path.parent) as parent:
        _named(parent, _SUBVOL_CREATE_V2, 0, path.name)


def snapshot(source: pathlib.Path, target: pathlib.Path) -> None:
    """Make a writable snapshot; takes as long for a file as for millions.

    :raises OSError: EINVAL where ``source`` is no subvolume.
    """
    with _opened(source) as origin, _opened(target.parent) as parent:
        _named(parent, _SNAP_CREATE_V2, origin, target.name)


def destroy(path: pathlib.Path) -> None:
    """Delete a subvolume and those inside it; fine when it is gone.

    The kernel gives the room back in the background.
    """
    try:
        number = subvolume_id(path)
    except FileNotFoundError:
        return
    with _opened(path.parent) as folder:
        # Outer ones cannot go before inner ones.
        pending, found = [number], []
        while pending:
            found.append(pending.pop())
            pending += _inside(folder, found[-1])
        for one in reversed(found):
            _fill(folder, _SNAP_DESTROY_V2, _VOLUME_NUMBERED.pack(
                0, 0, _SPEC_BY_ID, b'', one))
            _forget(folder, one)


def is_subvolume(path: pathlib.Path) -> bool:
    """Say whether a directory is the top of a subvolume."""
    try:
        return os.lstat(path).st_ino == _FIRST_OBJECT
    except FileNotFoundError:
        return False


def subvolume_id(path: pathlib.Path) -> int:
    """Return the number of the subvolume that holds a directory."""
    with _opened(path) as folder:
        answer = _fill(folder, _INO_LOOKUP, _LOOKUP.pack(0, _FIRST_OBJECT))
    number: int = _LOOKUP.unpack(answer)[0]
    return number


def limit(path: pathlib.Path, size_bytes: int) -> None:
    """Bound what a subvolume has for itself alone.

    What it shares with the snapshot that it was made from does not count.
    Turns the file system's quotas on when they are off, and waits until
    everything that is there has been counted.

    :param size_bytes: beyond it, writing fails with EDQUOT.
    """
    wanted = _LIMIT.pack(subvolume_id(path), _LIMIT_EXCLUSIVE, 0,
                         size_bytes, 0, 0)
    with _opened(path) as folder:
        try:
            _fill(folder, _QGROUP_LIMIT, wanted)
        except OSError as error:
            # ENOTCONN: there are no quotas.
            if error.errno != errno.ENOTCONN:
                raise
            _enable_quotas(folder)
            _fill(folder, _QGROUP_LIMIT, wanted)


def exclusive_bytes(path: pathlib.Path) -> int:
    """Return what a subvolume has for itself alone.

    Turns quotas on as :func:`limit` does.
    """
    number = subvolume_id(path)
    with _opened(path) as folder:
        # Counted when a transaction ends.
        fcntl.ioctl(folder, _SYNC)
        found = _items(folder, _QUOTA_TREE, 0, _GROUP_INFO, number, number)
        if not found:
            _enable_quotas(folder)
            found = _items(folder, _QUOTA_TREE, 0, _GROUP_INFO, number,
                           number)
        (_, data), = found
    exclusive: int = _INFO.unpack_from(data)[3]
    return exclusive


def _enable_quotas(folder: int) -> None:
    _fill(folder, _QUOTA_CTL, _QUOTA.pack(_QUOTA_ENABLE, 0))
    fcntl.ioctl(folder, _QUOTA_RESCAN_WAIT)


def _inside(folder: int, number: int) -> list[int]:
    """Return the subvolumes that are directly inside one."""
    found: list[int] = []
    first = 0
    while items := _items(folder, _ROOT_TREE, number, _ROOT_REF, first,
                          _MOST):
        found += [inner for inner, _ in items]
        first = found[-1] + 1
    return found


def _items(folder: int, tree: int, number: int, kind: int, first: int,
           last: int) -> list[tuple[int, bytes]]:
    """Return offset and data of some items of a tree, in order."""
    try:
        answer = _fill(folder, _TREE_SEARCH, _SEARCH.pack(
            tree, number, number, first, last, 0, _MOST, kind, kind, 64))
    except FileNotFoundError:
        # There is no such tree.
        return []
    found = []
    at = _SEARCH_ITEMS_AT
    count, = struct.unpack_from('=I', answer, _SEARCH_COUNT_AT)
    for _ in range(count):
        _, _, offset, _, length = _ITEM.unpack_from(answer, at)
        at += _ITEM.size
        found.append((offset, answer[at:at + length]))
        at += length
    return found


def _forget(folder: int, number: int) -> None:
    """Drop the quota group of a subvolume that is gone."""
    try:
        _fill(folder, _QGROUP_CREATE, _GROUP.pack(0, number))
    except OSError as error:
        # ENOTCONN: no quotas; ENOENT: no group; EBUSY: newer kernels do it
        # themselves, once they have given the room back.
        if error.errno not in (errno.ENOTCONN, errno.ENOENT, errno.EBUSY,
                               errno.EINVAL):
            raise


def _named(parent: int, request: int, origin: int, name: str) -> None:
    _fill(parent, request,
          _VOLUME_NAMED.pack(origin, 0, 0, b'', os.fsencode(name)))


def _fill(folder: int, request: int, argument: bytes) -> bytes:
    """Make a call whose argument the kernel may write to; return it."""
    buffer = bytearray(argument)
    fcntl.ioctl(folder, request, buffer)
    return bytes(buffer)


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                     | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)
