"""Record that a container's process has ended, and how.

Called by the exit monitor (through ``service.containers``), by
``service.removal`` and by ``service.recovery``.  Calls ``engine``,
``service.preparation`` (to let go), the registry, events and waiters.

conmon writes the exit code and then ends; its end is what we notice.  When
it was itself killed, nobody knows the code, and the container, which cannot
write to anyone any more, is ended too.
"""

import datetime

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime.engine import cgroups
from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from novacontainer.runtime.service import events
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state
from novacontainer.runtime.service import waiters

LOG = logging.getLogger(__name__)

MONITOR_LOST = ('its monitor (conmon) was killed, so the container was '
                'ended and its exit code is lost')
HOST_RESTARTED = 'the host was restarted while the container ran'


class Endings:
    """Turns the end of a process into a record, an event and a result."""

    def __init__(
        self, *, settings: preparation.Settings,
        registry: registry.Registry,
        engine: engine_base.Engine,
        prepare: preparation.Preparation,
        hub: events.EventHub,
        locks: locks.Locks,
        waiters: waiters.Waiters,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._engine = engine
        self._prepare = prepare
        self._hub = hub
        self._locks = locks
        self._waiters = waiters

    def noticed(self, container_id: str) -> models.Container | None:
        """Deal with the end of a container's monitor.

        :return: the container as it now is; None when there was nothing to
            do, because someone else has dealt with it.
        """
        with self._locks.hold(container_id):
            container = self._registry.find(container_id)
            if container is None or not container.conmon_pid:
                return None
            if processes.alive(container.conmon_pid,
                               container.conmon_started):
                # Started again meanwhile: this is another monitor.
                return None
            if state.is_live(container):
                return self.conclude(container)
            return self.release(container, MONITOR_LOST)

    def conclude(self, container: models.Container,
                 unseen: str = MONITOR_LOST) -> models.Container:
        """Record the end of a started container, under its lock.

        Ends what may still run of it.

        :param unseen: why nobody knows the exit code, if so.
        """
        oom_killed = cgroups.oom_killed(
            self._settings.cgroup_path(container.id))
        code, error = self._clean(container), ''
        if code is None:
            error = unseen
            code = (state.UNKNOWN if unseen is HOST_RESTARTED
                    else state.KILLED)
        ended = state.exited(container, datetime.datetime.now(datetime.UTC),
                             code, oom_killed, error)
        self._registry.save(ended)
        LOG.info('Container %s (%s) exited with %d%s', ended.id, ended.name,
                 code, ', out of memory' if oom_killed else '')
        if oom_killed:
            self._hub.publish(events.container_event(ended, 'oom'))
        self._hub.publish(events.container_event(
            ended, 'die', {'exitCode': str(code),
                           'execDuration': str(_ran_s(ended))}))
        self._prepare.unmounted(ended)
        self._waiters.exited(ended.id, code)
        return ended

    def release(self, container: models.Container,
                error: str = '') -> models.Container:
        """Undo the init of a container that was not started, under its lock.

        :param error: why, when nobody asked for it.
        """
        self._clean(container)
        released = state.released(container)
        if error:
            released = state.not_started(
                released, exception.Internal(error))
        self._registry.save(released)
        self._prepare.unmounted(released)
        LOG.info('Container %s (%s) is no longer initialised%s',
                 released.id, released.name, f': {error}' if error else '')
        return released

    def _clean(self, container: models.Container) -> int | None:
        """Remove the process's remains; return its exit code, if known.

        The record must say that the container has ended even when a step
        fails: the next start, the removal or recovery tries it again.
        """
        code = None
        try:
            # Waits for the monitor, so that the code is there after it.
            self._engine.delete(container.id, force=True)
            code = self._engine.exit_code(container.id)
            self._prepare.let_go(container.id)
        except exception.RuntimeFault as fault:
            LOG.warning('Container %s (%s) left something behind: %s',
                        container.id, container.name, fault)
        return code


def _ran_s(container: models.Container) -> int:
    """Return how many whole seconds the process ran."""
    if container.started is None or container.finished is None:
        return 0
    ran = container.finished - container.started
    return max(0, int(ran.total_seconds()))
