"""Volumes: files that outlive containers.

Called by ``api.routes.volumes``, ``service.pruning`` and the services of
containers.  Calls ``service.volumespec`` for the request, ``store.volumes``
for the records and ``store.volumefiles`` for the files.

A volume is made files first, record last, and removed record first, files
last; :meth:`VolumeService.recover` removes files without a record.  One
lock for each name keeps making and removing apart; a container that is being
made has those of all its volumes, in the order of their names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
import contextlib
import datetime
import pathlib
import re

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime import models
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import events
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import mounts
from novacontainer.runtime.service import names
from novacontainer.runtime.service import usage
from novacontainer.runtime.service import volumespec
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.store import database
from novacontainer.runtime.store import volumefiles
from novacontainer.runtime.store import volumes

LOG = logging.getLogger(__name__)

Filters = Mapping[str, Sequence[str]]
Test = Callable[[models.Volume], bool]
_BOOLEANS = {'1': True, 't': True, 'true': True,
             '0': False, 'f': False, 'false': False}


class VolumeService:
    """The volumes of one daemon."""

    def __init__(self, *, db: database.Database,
                 files: volumefiles.VolumeFiles,
                 policy: bindpolicy.Policy, hub: events.EventHub) -> None:
        self._database = db
        self._files = files
        self._policy = policy
        self._hub = hub
        #: By name of the volume.
        self.locks = locks.Locks()

    def recover(self) -> None:
        """Remove what a crash left; what fails is logged and left alone."""
        with self._database.reading() as connection:
            known = {one.name for one in volumes.select(connection)}
        try:
            for name in set(self._files.names()) - known:
                LOG.info('Volume %s has no record and is removed', name)
                self._files.remove(name)
            self._files.sweep()
            for name in self._files.half_filled():
                self._drop_half(name)
        except (OSError, exception.RuntimeFault) as error:
            LOG.error('Volumes could not be recovered: %s', error)

    def create(self, body: models.Json, by_root: bool) -> models.Volume:
        """Make a volume, or return the one that has the name already.

        :param body: of ``POST /volumes/create``, types checked.
        :param by_root: the client is root of the host.
        :raises InvalidRequest: a value makes no sense.
        :raises NotFound: no such driver.
        :raises Forbidden: a directory of the host that it may not have.
        :raises NotSupported: another kind of file system.
        :raises Unavailable: the disk is full.
        """
        if body.get('ClusterVolumeSpec'):
            raise exception.NotSupported(
                'cluster volumes are not supported: they are of Swarm',
                'volume.cluster')
        labels = dict(body.get('Labels') or {})
        name = body.get('Name') or ''
        if not name:
            name = names.new_id()
            labels[volumespec.ANONYMOUS] = ''
        return self.ensure(
            name, body.get('Driver') or '',
            dict(body.get('DriverOpts') or {}), labels, by_root)

    def ensure(self, name: str, driver: str, options: Mapping[str, str],
               labels: Mapping[str, str], by_root: bool) -> models.Volume:
        """Return the volume of this name, made now if there is none.

        :raises: as :meth:`create`.
        """
        volumespec.check_name(name)
        volumespec.check_driver(name, driver)
        with self.locks.hold(name):
            found = self.find(name)
            if found is not None:
                return found
            volume = self.describe(name, options, labels, by_root)
            with contextlib.ExitStack() as undo:
                undo.callback(self.discard_files, name)
                self.make_files(volume)
                with self._database.transaction() as connection:
                    volumes.insert(connection, volume)
                undo.pop_all()
        self.tell(volume.name, 'create')
        return volume

    @contextlib.contextmanager
    def claimed(self, wishes: Iterable[mounts.Wish], by_root: bool,
                ) -> 'Iterator[list[models.Volume]]':
        """Keep the volumes of a container that is being made.

        :return: those that have files, but no record yet: the body is to
            write it, together with the container's.  Where it raises they
            go again.
        :raises: as :meth:`create`.
        """
        wanted = {wish.point.source: wish for wish in wishes
                  if wish.point.type == 'volume'}
        fresh: list[models.Volume] = []
        with contextlib.ExitStack() as stack:
            for name in sorted(wanted):
                stack.enter_context(self.locks.hold(name))
            with contextlib.ExitStack() as undo:
                for name, wish in wanted.items():
                    volumespec.check_name(name)
                    volumespec.check_driver(name, wish.driver)
                    found = self.find(name)
                    if found is None:
                        found = self._wished(wish, by_root)
                        undo.callback(self.discard_files, name)
                        self.make_files(found)
                        fresh.append(found)
                    if wish.point.subpath:
                        volumespec.check_subpath(found)
                yield fresh
                undo.pop_all()
        for volume in fresh:
            self.tell(volume.name, 'create')

    def _wished(self, wish: mounts.Wish, by_root: bool) -> models.Volume:
        labels = dict(wish.labels)
        if wish.point.anonymous:
            labels[volumespec.ANONYMOUS] = ''
        return self.describe(
            wish.point.source, wish.options, labels, by_root)

    def describe(self, name: str, options: Mapping[str, str],
                 labels: Mapping[str, str], by_root: bool) -> models.Volume:
        """Return a record that is not there yet.

        :raises: as :meth:`create`.
        """
        volumespec.check_options(options)
        if device := volumespec.device(options):
            self._policy.check_device(device, by_root)
        return models.Volume(
            name, datetime.datetime.now(datetime.UTC), labels, options,
            by_root)

    def make_files(self, volume: models.Volume) -> None:
        """Make the directory of a volume that has no record yet."""
        with diskfaults.translated('Cannot make the volume'):
            self._files.make(volume.name)
            if size := volumespec.size_bytes(volume.options):
                disk = self._files.disk(volume.name)
                diskimage.make(disk, size)
                with diskimage.mounted(disk) as top:
                    # A volume is empty at first, and belongs to root.
                    volumefiles.empty(top)
                    top.chmod(0o755)

    def discard_files(self, name: str) -> None:
        """Delete the files of a volume that has no record (any more)."""
        try:
            self._files.remove(name)
        except OSError as error:
            LOG.error('The files of volume %s could not be deleted, the '
                      'next start of the daemon will try again: %s', name,
                      error)

    def find(self, name: str) -> models.Volume | None:
        """Return the volume of this name, None when there is none."""
        with self._database.reading() as connection:
            return volumes.find(connection, name)

    def get(self, name: str) -> models.Volume:
        """Return the volume of this name.

        :raises NotFound: there is none.
        """
        found = self.find(name)
        if found is None:
            raise volumes.not_found(name)
        return found

    def list(self, filters: Filters) -> 'list[models.Volume]':
        """Return volumes, sorted by name.

        :param filters: ``name`` (patterns), ``label``, ``driver``,
            ``dangling``.
        :raises InvalidRequest: a value makes no sense.
        """
        tests = [
            _by_name(filters.get('name') or ()),
            _by_dangling(filters.get('dangling') or ())]
        drivers = filters.get('driver') or (volumespec.DRIVER,)
        wanted = [text.partition('=') for text in filters.get('label') or ()]
        with self._database.reading() as connection:
            found = volumes.select(connection)
        return [
            one for one in found
            if volumespec.DRIVER in drivers
            and all(test(one) for test in tests)
            and all(key in one.labels
                    and (not equals or one.labels[key] == value)
                    for key, equals, value in wanted)]

    def remove(self, name: str, force: bool = False) -> None:
        """Remove a volume that no container has.

        :param force: fine when there is none.
        :raises NotFound: there is none.
        :raises Conflict: containers have it; names them.
        """
        with self.locks.hold(name):
            try:
                with self._database.transaction() as connection:
                    volumes.delete(connection, name)
            except exception.NotFound:
                if force:
                    return
                raise
            self.discard_files(name)
        self.tell(name, 'destroy')

    def discard(self, gone: Iterable[str]) -> None:
        """Delete the files of volumes whose records have just gone."""
        for name in gone:
            with self.locks.hold(name):
                if self.find(name) is None:
                    self.discard_files(name)
            self.tell(name, 'destroy')

    def path(self, name: str) -> pathlib.Path:
        """Return where its files are on the host."""
        return self._files.path(name)

    def disk(self, name: str) -> pathlib.Path:
        """Return its disk, where its size is limited."""
        return self._files.disk(name)

    def size_bytes(self, volume: models.Volume) -> int:
        """Return the disk space that it takes; 0 for what is not ours."""
        if volumespec.size_bytes(volume.options):
            return usage.file_bytes(self.disk(volume.name))
        if volume.options:
            return 0
        return usage.tree_bytes(self.path(volume.name))

    @contextlib.contextmanager
    def filling(self, volume: models.Volume,
                data: pathlib.Path) -> Iterator[None]:
        """Put the first files into an empty volume; all of them, or none.

        :param data: directory of its files, empty, under its lock.
        """
        self._files.begin(volume.name)
        try:
            yield
        except BaseException:
            # What is used by others may have files of theirs by now.
            if not volume.users:
                volumefiles.empty(data)
            raise
        finally:
            self._files.finish(volume.name)

    def _drop_half(self, name: str) -> None:
        """Empty a volume that a crash left half filled."""
        volume = self.get(name)
        if not volume.users and not volumespec.device(volume.options):
            LOG.info('Volume %s was being filled and is emptied', name)
            if volumespec.size_bytes(volume.options):
                with diskimage.mounted(self.disk(name)) as data:
                    volumefiles.empty(data)
            else:
                volumefiles.empty(self.path(name))
        self._files.finish(name)

    def tell(self, name: str, action: str,
             attributes: Mapping[str, str] | None = None) -> None:
        """Publish what happened to a volume."""
        LOG.info('Volume %s: %s', name, action)
        self._hub.publish(events.volume_event(
            name, action, {'driver': volumespec.DRIVER,
                           **(attributes or {})}))


def _by_name(words: Sequence[str]) -> Test:
    try:
        patterns = [re.compile(word) for word in words]
    except re.error as error:
        raise _invalid('name', words[0]) from error
    return lambda volume: not patterns or any(
        pattern.search(volume.name) for pattern in patterns)


def _by_dangling(words: Sequence[str]) -> Test:
    for word in words:
        if word.lower() not in _BOOLEANS:
            raise _invalid('dangling', word)
    wanted = {_BOOLEANS[word.lower()] for word in words}
    return lambda volume: not wanted or (not volume.users) in wanted


def _invalid(name: str, word: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        f"invalid filter '{name}={word[:80]}'", 'filter.invalid')
