"""The directory that each container has in a storage driver, and its mount.

Called by the drivers.  Calls ``host.mounts``, ``host.trees``,
``storage.diskimage``, ``storage.disksizes``.

``<data root>/<driver>/<container id>/`` holds what the driver keeps, and
``merged``, on which the root file system is mounted.  Where the size of the
root disk is limited by a disk image, that is the file ``disk.img``, mounted
at ``disk`` for as long as the root is.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import errno
import functools
import os
import pathlib
import stat

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import trees
from novacontainer.runtime import models
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import disksizes

_IMAGE = 'disk.img'
_DISK = 'disk'
_MERGED = 'merged'
_NEXT = '.next'
_RESTRICTIONS = mounts.MS_NODEV | mounts.MS_NOSUID | mounts.MS_NOEXEC


class Homes:
    """The homes of one driver.

    :param data_root: the daemon's data directory; made traversable (0711)
        here, so that mapped roots reach their root file systems.
    """

    def __init__(self, data_root: pathlib.Path, driver: str) -> None:
        top = data_root / driver
        top.mkdir(mode=0o711, parents=True, exist_ok=True)
        for directory in (data_root, top):
            directory.chmod(directory.stat().st_mode | 0o711)
        #: Without links, as there are none in the kernel's list of mounts.
        self.top = top.resolve()

    def path(self, container_id: str) -> pathlib.Path:
        """Return the home of a container, made or not."""
        return self.top / container_id

    def make(self, container_id: str,
             id_map: models.IdMap | None) -> pathlib.Path:
        """Make a home with a place to mount on, and return it.

        :raises Conflict: the container has one already.
        """
        home = self.path(container_id)
        try:
            home.mkdir(mode=0o700)
        except FileExistsError as error:
            raise exception.Conflict(
                f'Container {container_id} already has a writable layer.',
                'storage.exists') from error
        # Of those who are not root only this container's own may pass, by
        # its group: its files, setuid ones too, are nobody else's.
        os.chown(home, 0, owner(id_map))
        home.chmod(0o710)
        make_directory(home / _MERGED, 0o711)
        return home

    def existing(self, container_id: str) -> pathlib.Path:
        """Return the home of a container that has one.

        :raises NotFound: it has none.
        """
        home = self.path(container_id)
        if not merged(home).is_dir():
            raise nothing_prepared(container_id)
        return home

    def unmounted(self, container_id: str) -> pathlib.Path:
        """Return the home of a container of which nothing is mounted.

        :raises NotFound: it has none.
        :raises Conflict: its root is mounted.
        """
        home = self.existing(container_id)
        if os.path.ismount(merged(home)):
            raise exception.Conflict(
                f'The root of {container_id} is mounted; stop the container '
                'first.', 'storage.mounted')
        return home

    def unmount(self, container_id: str) -> None:
        """Unmount the root, and the disk below it; fine when it is not."""
        home = self.path(container_id)
        unmount(merged(home))
        unmount(home / _DISK)

    def mounted(self) -> Iterator[str]:
        """Yield the ids of containers that have something mounted."""
        found = set()
        for target in mounts.mount_points(self.top):
            path = pathlib.Path(target)
            if (path.name in (_MERGED, _DISK)
                    and path.parent.parent == self.top):
                found.add(path.parent.name)
        yield from found


def owner(id_map: models.IdMap | None) -> int:
    """Return the host's id of a container's root."""
    return id_map.host_base if id_map else 0


def merged(home: pathlib.Path) -> pathlib.Path:
    """Return where the root file system is mounted."""
    return home / _MERGED


def image(home: pathlib.Path) -> pathlib.Path:
    """Return the disk image, which limited containers have."""
    return home / _IMAGE


def is_limited(home: pathlib.Path) -> bool:
    """Say whether what the container writes goes to a disk image."""
    return (home / _DISK).is_dir()


def writable(home: pathlib.Path) -> pathlib.Path:
    """Return where a driver's own directories are while it is mounted."""
    return home / _DISK if is_limited(home) else home


@contextlib.contextmanager
def limited(home: pathlib.Path, size_bytes: int) -> Iterator[pathlib.Path]:
    """Make what a new container writes to, and give it.

    :param size_bytes: of its disk image; 0: it has none.
    """
    if not size_bytes:
        yield home
        return
    diskimage.make(image(home), size_bytes)
    make_directory(home / _DISK, 0o700)
    with diskimage.mounted(image(home)) as disk:
        yield disk


def resize(home: pathlib.Path, size_bytes: int,
           names: Sequence[str]) -> None:
    """Give the disk image another size, or put there what had no limit.

    :param names: the driver's own directories in the home.
    """
    if is_limited(home):
        for place in (merged(home), home / _DISK):
            disown(place)
        disksizes.resize(image(home), size_bytes)
        return
    diskimage.check_size(size_bytes)
    disksizes.replace(image(home), size_bytes,
                      [home / name for name in names])
    # From here on it is limited.
    make_directory(home / _DISK, 0o700)
    for name in names:
        trees.remove(home / name)


def attach_disk(home: pathlib.Path, undo: contextlib.ExitStack) -> None:
    """Mount the disk image, if there is one and it is not mounted."""
    if is_limited(home):
        if not os.path.ismount(home / _DISK):
            diskimage.attach(image(home), home / _DISK)
        undo.callback(unmount, home / _DISK)


def attach_root(mount_fd: int, merged: pathlib.Path,
                id_map: models.IdMap | None) -> None:
    """Mount a clone of a tree as a root file system.

    Whatever the mount allows on which the data root lies, a root may hold
    setuid files and programs; a device node in an image of a container with
    a user namespace opens no device.
    """
    nodev = mounts.MS_NODEV if id_map else 0
    mounts.set_attributes(mount_fd, nodev, _RESTRICTIONS & ~nodev)
    mounts.attach(mount_fd, str(merged))


@contextlib.contextmanager
def opened(home: pathlib.Path, name: str) -> Iterator[pathlib.Path]:
    """Give a directory of a driver, whether the disk is mounted or not.

    :raises NotFound: it is not there.
    """
    place = writable(home) / name
    if place.is_dir():
        yield place
        return
    if not is_limited(home):
        raise nothing_prepared(home.name)
    with contextlib.ExitStack() as stack:
        with diskfaults.translated(
                f'Cannot open the disk of {home.name}'):
            disk = stack.enter_context(diskimage.mounted(image(home)))
        yield disk / name


def make_directory(path: pathlib.Path, mode: int) -> None:
    """Make a directory with these bits, whatever the umask."""
    path.mkdir()
    path.chmod(mode)


def unmount(target: pathlib.Path) -> None:
    """Unmount; fine when nothing is mounted there."""
    try:
        mounts.unmount(str(target))
    except OSError as error:
        if error.errno == errno.EBUSY:
            # Someone's shell stands in it; it goes when they leave.
            mounts.unmount(str(target), mounts.MNT_DETACH)
        elif error.errno not in (errno.EINVAL, errno.ENOENT):
            raise


def discard(home: pathlib.Path) -> None:
    """Delete a home, in which nothing is mounted any more."""
    mounts.vacate(functools.partial(trees.remove, home))


def disown(place: pathlib.Path) -> None:
    """Take what was mounted on a directory from those who have a copy.

    Where the host's mounts are private, as without systemd, whoever has got
    a mount namespace of its own since keeps what was unmounted here: each
    "ip netns exec", and so what Neutron's agents start for a network.  The
    kernel drops such a mount when its directory goes (Linux 3.18); another
    takes the place by a rename, so that there is always one.

    :raises OSError: it is mounted here, or not empty.
    """
    known = place.stat()
    new = place.with_name(place.name + _NEXT)
    new.mkdir(exist_ok=True)
    os.chown(new, known.st_uid, known.st_gid)
    new.chmod(stat.S_IMODE(known.st_mode))
    mounts.vacate(functools.partial(os.rename, new, place))


def nothing_prepared(container_id: str) -> exception.NotFound:
    """Return the error of a container without a writable layer."""
    return exception.NotFound(
        f'Container {container_id} has no writable layer.',
        'storage.not_found')
