"""Health checks: which containers are checked, and what was found.

Called by ``service.containers`` and, through the event hub, by whatever
starts, pauses and ends containers.  Calls ``service.healthwatch`` to check
one, ``service.healthcheck`` for the rules, and ``store.healths``, so that
another daemon goes on where this one ended.
"""

import dataclasses
import functools
import queue
import threading

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import events
from novacontainer.runtime.service import execs
from novacontainer.runtime.service import healthcheck
from novacontainer.runtime.service import healthwatch
from novacontainer.runtime.service import registry
from novacontainer.runtime.store import containers as container_records
from novacontainer.runtime.store import database
from novacontainer.runtime.store import healths

LOG = logging.getLogger(__name__)

#: How many checks can be starting at once, whatever images ask for.
_STARTERS = 4
_ACTIONS = frozenset(('start', 'unpause', 'pause', 'die', 'destroy'))


class Healths:
    """The health of one daemon's containers; thread-safe."""

    def __init__(self, *, db: database.Database,
                 registry: registry.Registry, execs: execs.Execs,
                 hub: events.EventHub) -> None:
        self._database = db
        self._registry = registry
        self._execs = execs
        self._hub = hub
        self._lock = threading.Lock()
        self._found: dict[str, models.Health] = {}
        self._starting = threading.Semaphore(_STARTERS)
        # Who publishes an event must not wait: it is dealt with later, and
        # in order.  (container id, action); None: it is over.
        self._turns: queue.SimpleQueue[tuple[str, str] | None] = (
            queue.SimpleQueue())
        # Used by the thread only.
        self._watches: dict[str, healthwatch.Watch] = {}
        self._thread = threading.Thread(
            target=self._run, name='health', daemon=True)

    def open(self) -> None:
        """Go on checking what runs, and begin with what is started."""
        running = {container.id for container in self._registry.select(
            container_records.Criteria(statuses=(models.Status.RUNNING,)))}
        with self._database.reading() as connection:
            self._found = {
                container_id: (found if container_id in running
                               else _unchecked(found))
                for container_id, found
                in healths.all_of(connection).items()}
        for container_id in running:
            self._turns.put((container_id, 'resume'))
        self._hub.subscribe(self._happened)
        self._thread.start()

    def close(self) -> None:
        """Check no more; what was found stays."""
        self._turns.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def of(self, container: models.Container) -> models.Health | None:
        """Return the health of a container; None: it was never checked."""
        found = self._get(container.id)
        if (found is None and container.status is models.Status.RUNNING
                and healthcheck.of(container.config) is not None):
            # It was started a moment ago.
            return healthcheck.begun(None)
        return found

    def _get(self, container_id: str) -> models.Health | None:
        with self._lock:
            return self._found.get(container_id)

    def _happened(self, event: models.Event) -> None:
        if event.type == 'container' and event.action in _ACTIONS:
            self._turns.put((event.actor_id, event.action))

    def _run(self) -> None:
        while (turn := self._turns.get()) is not None:
            self._turn(*turn)
        watches = tuple(self._watches.values())
        for watch in watches:
            watch.stop()
        for watch in watches:
            watch.join()

    def _turn(self, container_id: str, action: str) -> None:
        """Begin or end to check a container."""
        watch = self._watches.pop(container_id, None)
        if watch is not None:
            watch.stop()
            watch.join()
        if action == 'destroy':
            with self._lock:
                self._found.pop(container_id, None)
        elif action in ('pause', 'die'):
            found = self._get(container_id)
            if found is not None:
                self._note(container_id, _unchecked(found))
        else:
            self._begin(container_id, anew=action == 'start')

    def _begin(self, container_id: str, anew: bool) -> None:
        container = self._registry.find(container_id)
        if (container is None
                or container.status is not models.Status.RUNNING):
            return
        check = healthcheck.of(container.config)
        if check is None:
            return
        before = self._get(container_id)
        if anew or before is None:
            self._note(container_id, healthcheck.begun(before))
        watch = healthwatch.Watch(
            container, check, execs=self._execs, starting=self._starting,
            find=functools.partial(self._known, container_id),
            take=functools.partial(self._take, container, check))
        self._watches[container_id] = watch
        watch.start()

    def _known(self, container_id: str) -> models.Health:
        return self._get(container_id) or healthcheck.begun(None)

    def _take(self, container: models.Container,
              check: healthcheck.Check, probe: models.Probe) -> None:
        before = self._known(container.id)
        found = healthcheck.judged(
            before, probe, check, container.started or probe.start)
        self._note(container.id, found)
        if found.status != before.status:
            LOG.info('Container %s (%s) is %s', container.id,
                     container.name, found.status)
            self._hub.publish(events.container_event(
                container, f'health_status: {found.status}'))

    def _note(self, container_id: str, found: models.Health) -> None:
        with self._lock:
            self._found[container_id] = found
        try:
            with self._database.transaction() as connection:
                healths.put(connection, container_id, found)
        except exception.Unavailable as fault:
            LOG.warning('The health of container %s was not recorded: %s',
                        container_id, fault)


def _unchecked(found: models.Health) -> models.Health:
    """Return what Docker says of whatever is no longer checked."""
    return dataclasses.replace(found, status='unhealthy')
