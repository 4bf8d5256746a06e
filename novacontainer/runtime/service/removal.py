"""Remove containers: the record says so first, and goes last.

Called by ``service.containers``, ``service.lifecycle`` (AutoRemove) and
``service.recovery``, which finishes what a crash cut short.  Calls
``service.endings``, ``service.preparation``, ``storage``, the registry.
"""

import collections
from collections.abc import Iterator
import contextlib
import dataclasses
import signal
import threading

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime import models
from novacontainer.runtime.service import directories
from novacontainer.runtime.service import endings
from novacontainer.runtime.service import events
from novacontainer.runtime.service import idranges
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import rootmounts
from novacontainer.runtime.service import sandboxes
from novacontainer.runtime.service import state
from novacontainer.runtime.service import volumes
from novacontainer.runtime.service import waiters
from novacontainer.runtime.storage import base as storage_base

LOG = logging.getLogger(__name__)


class Removal:
    """Takes everything of a container away, in an order that can stop."""

    def __init__(
        self, *, registry: registry.Registry,
        places: directories.Directories,
        storage: storage_base.Storage,
        engine: engine_base.Engine,
        sandbox: sandboxes.Sandboxes,
        prepare: preparation.Preparation,
        roots: rootmounts.RootMounts,
        endings: endings.Endings,
        ranges: idranges.IdRanges,
        volumes: volumes.VolumeService,
        hub: events.EventHub,
        locks: locks.Locks,
        waiters: waiters.Waiters,
    ) -> None:
        self._registry = registry
        self._places = places
        self._storage = storage
        self._engine = engine
        self._sandboxes = sandbox
        self._prepare = prepare
        self._roots = roots
        self._endings = endings
        self._ranges = ranges
        self._volumes = volumes
        self._hub = hub
        self._locks = locks
        self._waiters = waiters
        self._guard = threading.Lock()
        # Of which container how many restarts are under way, and whether
        # it would have been removed meanwhile.
        self._restarts: collections.Counter[str] = collections.Counter()
        self._put_off: set[str] = set()

    def remove(self, container: models.Container, force: bool,
               volumes: bool = False) -> None:
        """See :meth:`service.containers.ContainerService.remove`."""
        with self._locks.hold(container.id):
            container = self._registry.current(container)
            state.check_remove(container, force)
            self._roots.check_unlent(container)
            if state.is_live(container):
                container = self._end(container)
            self.finish(container, volumes)

    def remove_automatically(self, container: models.Container) -> None:
        """Remove a container that asked to go with its process."""
        if not container.host_config.get('AutoRemove'):
            return
        with self._guard:
            if self._restarts[container.id]:
                self._put_off.add(container.id)
                return
        try:
            self.remove(container, force=False, volumes=True)
        except (exception.NotFound, exception.Conflict):
            # Removed, or started again, by someone else meanwhile.
            pass

    @contextlib.contextmanager
    def held_off(self, container: models.Container) -> Iterator[None]:
        """Keep AutoRemove from what ends only to be started again.

        Where it does not run afterwards, because it did not start or has
        ended once more, it is removed then.
        """
        with self._guard:
            self._restarts[container.id] += 1
        try:
            yield
        finally:
            with self._guard:
                self._restarts[container.id] -= 1
                # Without those at zero.
                self._restarts = +self._restarts
                due = (container.id in self._put_off
                       and not self._restarts[container.id])
                if due:
                    self._put_off.remove(container.id)
            if due:
                self.remove_automatically(container)

    def finish(self, container: models.Container,
               volumes: bool = False) -> None:
        """Remove a container that is not running, under its lock.

        Begins anew what an earlier removal did not finish.

        :param volumes: those that nobody named go with it.
        :raises Internal: something did not go; the container is ``dead``
            and can be removed again.
        """
        going = dataclasses.replace(
            container, status=models.Status.REMOVING)
        self._registry.condemn(going, volumes)
        try:
            # From now on nobody can be lent its root.
            self._roots.check_unlent(container)
            self.sweep(container.id)
            self._roots.give_back(container)
        except exception.RuntimeFault as fault:
            self._registry.save(dataclasses.replace(
                going, status=models.Status.DEAD, error=fault.message))
            LOG.error('Container %s (%s) could not be removed: %s',
                      container.id, container.name, fault)
            raise
        gone = self._registry.forget(container.id)
        if not container.borrows_ids:
            self._ranges.give_back(container.id_map)
        LOG.info('Container %s (%s) removed', container.id, container.name)
        self._hub.publish(events.container_event(container, 'destroy'))
        self._volumes.discard(gone)
        self._waiters.removed(container.id, container.exit_code)

    def sweep(self, container_id: str) -> None:
        """Remove whatever there is of a container beside its record.

        The directories go last, since recovery knows of the rest by them.
        Fine when there is nothing.

        :raises RuntimeFault: of the first step that failed.
        """
        with diskfaults.translated('Cannot remove the container'):
            self._prepare.let_go(container_id)
            self._storage.remove(container_id)
            self._sandboxes.remove(container_id)
            self._places.remove_home(container_id)
            self._places.remove_bundle(container_id)

    def _end(self, container: models.Container) -> models.Container:
        """Kill what runs, and record its end as that of any other."""
        self._hub.publish(events.container_event(
            container, 'kill', {'signal': str(int(signal.SIGKILL))}))
        with contextlib.suppress(exception.NotFound, exception.Conflict):
            self._engine.kill(container.id, signal.SIGKILL)
        return self._endings.conclude(container)
