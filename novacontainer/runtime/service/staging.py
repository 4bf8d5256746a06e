"""What is to be mounted into a container, as the container shall own it.

Called by ``service.preparation`` (to make a process), ``service.archives``
(to look into what does not run) and ``service.containers``.  Calls
``service.volumemounts``, ``host.mounts``, ``host.idmap``.

The files of volumes have the ids that they have in containers, root's being
0, while each container has host ids of its own.  So every container sees a
clone of the volume's mount that maps the one to the other (idmapped mounts,
``Documentation/filesystems/idmappings.rst``); so it is with binds whose
files it may own, see ``service.bindpolicy``.

Not every OCI runtime can make such mounts (runc 1.1.5 passes over the option
``idmap`` in silence).  So they are attached here, below ``<run
root>/staging/<container id>``, while the runtime makes the container, which
binds them from there, and are taken away again at once.
"""

from collections.abc import Iterable, Iterator, Sequence
import contextlib
import dataclasses
import errno
import os
import pathlib
import secrets
import stat

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import idmap
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import mountplan
from novacontainer.runtime.service import sandboxes
from novacontainer.runtime.service import volumemounts

LOG = logging.getLogger(__name__)

#: What the kernel says of a file system that knows no idmapped mounts, or
#: of a mount that is one already.
_CANNOT_MAP = (errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP)


@dataclasses.dataclass(frozen=True, slots=True)
class Clone:
    """A mount of a container, attached nowhere.

    :param mount: descriptor.
    """

    point: models.MountPoint
    mount: int

    @property
    def is_directory(self) -> bool:
        """Say whether it is to be mounted on a directory."""
        return stat.S_ISDIR(os.fstat(self.mount).st_mode)


class Staging:
    """Makes mounts for containers."""

    def __init__(self, run_root: pathlib.Path,
                 volumes: volumemounts.VolumeMounts,
                 policy: bindpolicy.Policy,
                 sandbox: sandboxes.Sandboxes) -> None:
        self._root = run_root / 'staging'
        self._volumes = volumes
        self._policy = policy
        self._sandboxes = sandbox

    @contextlib.contextmanager
    def staged(self, container: models.Container,
               ) -> Iterator[tuple[models.Mount, ...]]:
        """Attach what a container has mounted, and describe its mounts.

        :raises InvalidRequest: a source is not there.
        :raises Internal: the kernel refused.
        """
        place = self._root / container.id
        with contextlib.ExitStack() as stack:
            with diskfaults.translated('Cannot mount the volumes'):
                if not all(map(self._is_plain, container.mounts)):
                    stack.callback(self._unstage, place)
                    self._make(place)
                found = tuple(
                    self._stage(place / str(number), point, clone)
                    for number, (point, clone) in enumerate(
                        self._staged(container, stack)))
            yield found

    @contextlib.contextmanager
    def cloned(self, container: models.Container,
               ) -> Iterator[Sequence[Clone]]:
        """Make what a container has mounted, for a look from outside.

        :raises: as :meth:`staged`.
        """
        holder = f'{container.id} {secrets.token_hex(8)}'
        with contextlib.ExitStack() as stack:
            with diskfaults.translated('Cannot mount the volumes'):
                stack.callback(self._volumes.release, holder)
                with self._ids(container) as userns:
                    clones = [
                        self._clone(point, userns, holder, stack)
                        for point in container.mounts
                        if point.type != 'tmpfs']
            yield clones

    def leave(self, container_id: str) -> None:
        """Drop what is kept while a container runs; fine when it is not.

        :raises Internal: the kernel refused.
        """
        with diskfaults.translated('Cannot unmount the volumes'):
            self._volumes.release(container_id)
            _sweep(self._root / container_id)

    def tell(self, container: models.Container, action: str) -> None:
        """Publish that the volumes of a container were (un)mounted."""
        for point in container.mounts:
            if point.type == 'volume':
                more = {} if action == 'unmount' else {
                    'destination': point.target,
                    'read/write': str(point.writable).lower(),
                    'propagation': ''}
                self._volumes.tell(point.source, action, {
                    'container': container.id, **more})

    def open(self, running: Iterable[models.Container]) -> None:
        """Begin with what an earlier daemon has left."""
        self._volumes.resume(running)
        try:
            for place in self._root.glob('*'):
                _sweep(place)
        except OSError as error:
            LOG.error('Mounts below %s could not be removed: %s',
                      self._root, error)

    def _unstage(self, place: pathlib.Path) -> None:
        """Take away what is in the container by now."""
        try:
            _sweep(place)
        except OSError as error:
            # The end of the container tries again.
            LOG.warning('%s could not be unmounted: %s', place, error)

    def _staged(self, container: models.Container,
                stack: contextlib.ExitStack,
                ) -> Iterator[tuple[models.MountPoint, Clone | None]]:
        """Yield the mounts; those without a clone need nothing made."""
        with self._ids(container) as userns:
            for point in container.mounts:
                yield point, None if self._is_plain(point) else self._clone(
                    point, userns, container.id, stack)

    def _is_plain(self, point: models.MountPoint) -> bool:
        """Say whether the OCI runtime can make a mount by itself."""
        return point.type == 'tmpfs' or (
            point.type == 'bind' and not self._policy.owns(
                os.path.realpath(point.source), point.by_root))

    @contextlib.contextmanager
    def _ids(self, container: models.Container) -> Iterator[int | None]:
        """Yield the user namespace with a container's ids, if it has one."""
        if container.id_map is None or not container.mounts:
            yield None
            return
        pin = self._sandboxes.paths(container).userns
        with idmap.user_namespace(container.id_map, pin) as userns:
            yield userns

    def _clone(self, point: models.MountPoint, userns: int | None,
               holder: str, stack: contextlib.ExitStack) -> Clone:
        if point.type == 'bind':
            mount = self._bind(point, userns)
        else:
            mount = self._volume(point, userns, holder)
        stack.callback(os.close, mount)
        restrictions = 0 if point.writable else mounts.MOUNT_ATTR_RDONLY
        if userns is not None and point.type == 'volume':
            # Its file system belongs to the host's user namespace, where
            # device nodes are devices.
            restrictions |= mounts.MOUNT_ATTR_NODEV
        mounts.seclude(
            mount, mounts.MS_SLAVE if 'slave' in point.propagation
            else mounts.MS_PRIVATE)
        if restrictions:
            mounts.restrict(mount, restrictions, recursive=True)
        return Clone(point, mount)

    def _volume(self, point: models.MountPoint, userns: int | None,
                holder: str) -> int:
        try:
            mount = self._volumes.clone(
                self._volumes.get(point.source), point.subpath, holder)
        except exception.NotFound as error:
            raise exception.InvalidRequest(
                error.message, 'volume.not_found') from error
        if userns is not None:
            try:
                mounts.set_id_map(mount, userns, recursive=True)
            except OSError as error:
                os.close(mount)
                if error.errno not in _CANNOT_MAP:
                    raise
                raise exception.NotSupported(
                    f'volume {point.source} cannot be used with a user '
                    'namespace: the kernel cannot map the ids of its file '
                    'system (a tmpfs needs Linux 6.3)',
                    'volume.not_mappable') from error
        return mount

    def _bind(self, point: models.MountPoint, userns: int | None) -> int:
        try:
            handle = os.open(point.source, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise mountplan.no_source(point.source) from error
        try:
            opened = f'/proc/self/fd/{handle}'
            owned = self._policy.owns(os.readlink(opened), point.by_root)
            mount = mounts.clone_tree(opened, recursive=True)
        finally:
            os.close(handle)
        if owned and userns is not None:
            try:
                _map_what_can_be(mount, userns, point.source)
            except OSError:
                os.close(mount)
                raise
        return mount

    def _make(self, place: pathlib.Path) -> None:
        """Make a directory of which no other mount namespace learns."""
        self._root.mkdir(mode=0o711, exist_ok=True)
        self._root.chmod(0o711)
        _sweep(place)
        place.mkdir(mode=0o711)
        place.chmod(0o711)
        mounts.mount(str(place), str(place), flags=mounts.MS_BIND)
        mounts.mount('', str(place), flags=mounts.MS_PRIVATE)

    def _stage(self, place: pathlib.Path, point: models.MountPoint,
               clone: Clone | None) -> models.Mount:
        if point.type == 'tmpfs':
            return models.Mount('tmpfs', 'tmpfs', point.target, point.words)
        source = point.source
        if clone is not None:
            if clone.is_directory:
                place.mkdir(mode=0o711)
            else:
                place.touch(mode=0o600)
            mounts.attach(clone.mount, str(place))
            source = str(place)
        elif not os.path.exists(source):
            raise mountplan.no_source(source)
        options = ['rbind', point.propagation or 'rprivate',
                   'rw' if point.writable else 'ro']
        if clone is not None and point.type == 'volume':
            options.append('nodev')
        return models.Mount('bind', source, point.target, tuple(options))


def _map_what_can_be(mount: int, userns: int, path: str) -> None:
    """Map the ids of a bind, of what is mounted beneath it only if can be."""
    for recursive in (True, False):
        try:
            mounts.set_id_map(mount, userns, recursive)
            return
        except OSError as error:
            if error.errno not in _CANNOT_MAP:
                raise
    LOG.warning("The ids of %s cannot be mapped, so that its files are "
                "nobody's in the container", path)


def _sweep(place: pathlib.Path) -> None:
    """Take away what was staged for a container; fine when nothing was."""
    if not place.exists():
        return
    try:
        while True:
            # And with it what is attached below.
            mounts.unmount(str(place), mounts.MNT_DETACH)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    for path in list(place.iterdir()):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    place.rmdir()
