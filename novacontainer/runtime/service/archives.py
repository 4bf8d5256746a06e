"""Files in and out of containers: ``docker cp`` and ``docker export``.

Called by ``api.routes.files``.  Calls ``unpack`` (a confined process, in the
container's user namespace), ``host.inroot``, ``storage``,
``service.staging`` and the sandbox.

What runs is seen as it sees itself, with its mounts; of what does not run
the root is mounted for as long as it takes, and in a view of one's own
(``host.mountviews``) its volumes and binds.  Nobody waits for a slow client:
the container's lock is held only to begin and to end, and who starts or
removes the container meanwhile takes the root over.
"""

import collections
from collections.abc import Callable, Iterator, Sequence
import contextlib
import datetime
import os
import pathlib
import posixpath
import stat
import typing

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import inroot
from novacontainer.runtime.host import mountpoints
from novacontainer.runtime.host import mountviews
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime import models
from novacontainer.runtime.oci import users
from novacontainer.runtime.service import etcfiles
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import runspec
from novacontainer.runtime.service import sandboxes
from novacontainer.runtime.service import staging as stagings
from novacontainer.runtime.service import state
from novacontainer.runtime.storage import base as storage_base
from novacontainer.runtime.unpack import unpacker

_DIRECTORY = os.O_PATH | os.O_DIRECTORY


class Reader(typing.Protocol):
    """An upload."""

    def read(self, size: int, /) -> bytes:
        """Return 1..size bytes, b'' at the end."""


class Writer(typing.Protocol):
    """A download."""

    def write(self, data: bytes, /) -> object:
        """Take all of data."""


class Archives:
    """Tars from and for containers.

    :param layer_paths: gives the layers of an image, lowest first.
    """

    def __init__(
        self, *, registry: registry.Registry,
        storage: storage_base.Storage, sandbox: sandboxes.Sandboxes,
        staging: stagings.Staging,
        locks: locks.Locks, limits: image_limits.Limits,
        unpack: unpacker.Unpacker,
        layer_paths: Callable[[str], Sequence[pathlib.Path]],
    ) -> None:
        self._registry = registry
        self._storage = storage
        self._sandboxes = sandbox
        self._staging = staging
        self._locks = locks
        self._limits = limits
        self._unpack = unpack
        self._layer_paths = layer_paths
        # How often containers that do not run are looked into now; to be
        # used under their locks.
        self._visits: collections.Counter[str] = collections.Counter()

    def stat(self, name: str, path: str) -> models.PathStat:
        """Tell what is at a path; a link at its end is not followed.

        :raises NotFound: no such container, or nothing at the path.
        """
        with self._inside(name) as (_, place):
            return _stat(place.root, path)

    def read(self, name: str, path: str, sink: Writer) -> None:
        """Write a path of a container as a tar.

        :raises NotFound: no such container, or nothing at the path.
        """
        with self._inside(name) as (container, place):
            # The root keeps its name: clients put theirs before the slash.
            base = posixpath.basename(path.rstrip('/')) or '/'
            self._pack(place, path, base, sink, [
                point.target for point in container.mounts
                if point.type != 'tmpfs'])

    def export(self, name: str, sink: Writer) -> None:
        """Write the whole root, without what is mounted into it.

        :raises NotFound: there is no such container.
        """
        with self._inside(name, mounts=False) as (_, place):
            self._pack(place, '.', '', sink)

    def write(self, name: str, path: str, source: Reader, *,
              keep_kinds: bool, keep_owners: bool) -> None:
        """Put a tar, compressed or not, into a directory of a container.

        :param keep_kinds: never replace a directory by something else.
        :param keep_owners: everything becomes the container's user's.
        :raises NotFound: no such container, or nothing at the path.
        :raises InvalidRequest: the path is no directory, or the tar is bad.
        :raises Forbidden: the container's root is read-only.
        """
        with self._inside(name) as (container, place):
            _check_target(container, place.root, path)
            owner = (_user(container, place.root) if keep_owners else None)
            stream = chunks.ChunkStream(
                lambda: source.read(chunks.CHUNK_BYTES))
            kind = compression.detect(stream.peek(compression.MAGIC_BYTES))
            with contextlib.closing(self._unpack.extract(
                    place, path, kind, self._limits, owner=owner,
                    keep_kinds=keep_kinds)) as extraction:
                for data in stream.rest():
                    if not extraction.write(data):
                        break
                extraction.finish()

    def _pack(self, place: models.Inside, path: str, name: str,
              sink: Writer, volumes: Sequence[str] = ()) -> None:
        with contextlib.closing(self._unpack.pack(
                place, path, name, self._limits,
                volumes=volumes)) as production:
            while data := production.read(chunks.CHUNK_BYTES):
                sink.write(data)
            production.finish()

    @contextlib.contextmanager
    def _inside(self, name: str, mounts: bool = True,
                ) -> Iterator[tuple[models.Container, models.Inside]]:
        """Open the way into a container's files.

        :param mounts: with what is mounted there, if it runs.
        """
        container = self._registry.get(name)
        with contextlib.ExitStack() as stack:
            with (self._locks.hold(container.id),
                  diskfaults.translated('Cannot open the container')):
                now = self._registry.current(container)
                state.check_present(now, 'copy files of')
                if mounts and state.is_live(now):
                    root, space = _running_root(now), -1
                    stack.callback(os.close, root)
                else:
                    root, space = self._open_root(now, mounts, stack)
                place = models.Inside(
                    root, self._open_ids(now, stack), space)
            yield now, place

    def _open_root(self, now: models.Container, mounts: bool,
                   stack: contextlib.ExitStack) -> tuple[int, int]:
        """Open a root that no process has; and its mount namespace, or -1."""
        self._visits[now.id] += 1
        stack.callback(self._leave, now.id)
        self._sandboxes.ensure(now)
        rootfs = self._storage.mount(
            now.id, self._layer_paths(now.image_id), now.id_map)
        wanted = mounts and any(
            point.type != 'tmpfs' for point in now.mounts)
        clones: Sequence[stagings.Clone] = ()
        if wanted:
            clones = stack.enter_context(self._staging.cloned(now))
        if wanted or not now.started:
            # As they will be when it runs.
            mountpoints.prepare(
                rootfs,
                [*((clone.point.target, clone.is_directory)
                   for clone in clones),
                 *((f'/etc/{name}', False) for name in etcfiles.NAMES)],
                now.id_map, now.config.get('WorkingDir') or '/')
        if wanted:
            return stack.enter_context(mountviews.opened(
                rootfs, [(clone.point.target, clone.mount)
                         for clone in clones]))
        root = os.open(rootfs, _DIRECTORY)
        stack.callback(os.close, root)
        return root, -1

    def _leave(self, container_id: str) -> None:
        """Unmount what was mounted to look into it, as the last one."""
        with self._locks.hold(container_id):
            self._visits[container_id] -= 1
            if self._visits[container_id]:
                return
            del self._visits[container_id]
            now = self._registry.find(container_id)
            if now is not None and not now.pid:
                self._storage.unmount(container_id)

    def _open_ids(self, now: models.Container,
                  stack: contextlib.ExitStack) -> int:
        pin = self._sandboxes.paths(now).userns
        if pin is None:
            return -1
        handle = os.open(pin, os.O_RDONLY)
        stack.callback(os.close, handle)
        return handle


def _running_root(now: models.Container) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return os.open(f'/proc/{now.pid}/root', _DIRECTORY)
    raise exception.Conflict(
        f'Container {now.id} has just ended; try again',
        'container.not_running')


def _stat(root: int, path: str, follow: bool = False) -> models.PathStat:
    """Look at a path.

    :param follow: also a link at its end, as a slash there says.
    """
    folder, base = posixpath.split(path.rstrip('/') or '/')
    follow = (follow or path.endswith(('/', '/.'))
              or base in ('', '.', '..'))
    try:
        handle = inroot.open_path(
            root, path if follow else f'{folder}/{base}',
            os.O_PATH | (0 if follow else os.O_NOFOLLOW))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise exception.NotFound(
            f'Could not find the file {path} in container',
            'file.not_found') from error
    except OSError as error:
        raise exception.InvalidRequest(
            f'{path!r} cannot be opened: {error.strerror}',
            'file.invalid_path') from error
    try:
        status = os.fstat(handle)
        link = ''
        if stat.S_ISLNK(status.st_mode):
            link = posixpath.normpath(posixpath.join(
                '/', folder, os.readlink('', dir_fd=handle)))
    finally:
        os.close(handle)
    return models.PathStat(
        base or '/', status.st_size, status.st_mode,
        datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC), link)


def _check_target(container: models.Container, root: int,
                  path: str) -> None:
    if not stat.S_ISDIR(_stat(root, path, follow=True).mode):
        raise exception.InvalidRequest(
            f'extraction point is not a directory: {path}',
            'file.not_directory')
    handle = inroot.open_path(root, path, _DIRECTORY)
    try:
        on_root = mountpoints.mount_id(handle) == mountpoints.mount_id(root)
        readonly = os.fstatvfs(handle).f_flag & os.ST_RDONLY
    finally:
        os.close(handle)
    if on_root and container.host_config.get('ReadonlyRootfs'):
        raise exception.Forbidden(
            'container rootfs is marked read-only', 'file.read_only')
    if readonly:
        raise exception.Forbidden(
            'mounted volume is marked read-only', 'file.read_only')


def _user(container: models.Container, root: int) -> models.User:
    """Return the user that the container's process has."""
    place = pathlib.Path(f'/proc/self/fd/{root}')
    return users.resolve(
        container.config.get('User') or '',
        runspec.accounts(place, '/etc/passwd'),
        runspec.accounts(place, '/etc/group'))
