"""Attach to containers, those that are yet to be started included.

Called by ``api.routes.attach``, through ``service.containers``, and by
``service.lifecycle`` between a container's creation and its start.  Calls
``engine``.

``docker run`` attaches first and starts then, and wants all output.  So who
attaches to a container without a process waits, without a thread, until
there is one; it is connected while the process is still held.
"""

import concurrent.futures
import threading

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import detachkeys
from novacontainer.runtime.service import events
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state

LOG = logging.getLogger(__name__)

AttachFuture = concurrent.futures.Future[models.Attachment]


class Attachments:
    """Those who are attached, or wait to be."""

    def __init__(self, *, registry: registry.Registry,
                 engine: engine_base.Engine, hub: events.EventHub,
                 shared_locks: locks.Locks) -> None:
        self._registry = registry
        self._engine = engine
        self._hub = hub
        self._locks = shared_locks
        self._resizing = locks.Locks()
        self._guard = threading.Lock()
        self._waiting: dict[str, list[AttachFuture]] = {}
        hub.subscribe(self._happened)

    def attach(self, name: str, detach_keys: str = '') -> AttachFuture:
        """Return a future of the attachment; cancel it to stop waiting.

        It fails with Conflict when the container does not start, or goes.

        :param detach_keys: see ``service.detachkeys``.
        :raises NotFound: no such container.
        :raises Conflict: it is paused, or being removed.
        :raises InvalidRequest: these are no keys.
        """
        detachkeys.parse(detach_keys)
        container = self._registry.get(name)
        future: AttachFuture = concurrent.futures.Future()
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_attach(now)
            if state.is_live(now) or state.is_held(now):
                self._settle(now.id, future)
            else:
                with self._guard:
                    self._waiting.setdefault(now.id, []).append(future)
                future.add_done_callback(
                    lambda done: self._forget(now.id, done))
        self._hub.publish(events.container_event(now, 'attach'))
        return future

    def connect(self, container_id: str) -> None:
        """Attach those who wait; under the container's lock.

        A process must be held, so that they miss nothing of what it writes.
        """
        for future in self._taken(container_id):
            self._settle(container_id, future)

    def give_up(self, container_id: str, reason: str) -> None:
        """Tell those who wait that there will be no process."""
        for future in self._taken(container_id):
            if future.set_running_or_notify_cancel():
                future.set_exception(exception.Conflict(
                    reason, 'container.not_running'))

    def detached(self, container: models.Container) -> None:
        """Tell that someone has left with the detach keys."""
        self._hub.publish(events.container_event(container, 'detach'))

    def resize(self, name: str, rows: int, columns: int) -> None:
        """Set the size of a container's terminal, if it has one.

        :raises NotFound: no such container.
        :raises Conflict: it does not run.
        :raises InvalidRequest: no terminal has that size.
        """
        container = self._registry.get(name)
        if not (state.is_live(container) or state.is_held(container)):
            raise exception.Conflict(
                f'Container {container.id} is not running',
                'container.not_running')
        with self._resizing.hold(container.id):
            self._engine.resize(container.id, rows, columns)
        self._hub.publish(events.container_event(
            container, 'resize',
            {'height': str(rows), 'width': str(columns)}))

    def __len__(self) -> int:
        """Return how many wait for a process."""
        with self._guard:
            return sum(map(len, self._waiting.values()))

    def _settle(self, container_id: str, future: AttachFuture) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(self._engine.attach(container_id))
        except exception.RuntimeFault as fault:
            LOG.warning('Nobody could be attached to container %s: %s',
                        container_id, fault)
            future.set_exception(fault)

    def _taken(self, container_id: str) -> list[AttachFuture]:
        with self._guard:
            return self._waiting.pop(container_id, [])

    def _forget(self, container_id: str, future: AttachFuture) -> None:
        with self._guard:
            left = [entry for entry in self._waiting.get(container_id, ())
                    if entry is not future]
            if left:
                self._waiting[container_id] = left
            else:
                self._waiting.pop(container_id, None)

    def _happened(self, event: models.Event) -> None:
        if event.type == 'container' and event.action == 'destroy':
            self.give_up(event.actor_id, 'The container has been removed')
