"""Init, start, stop, kill, restart, pause and unpause.

Called by ``service.containers``.  Calls ``service.preparation``, ``engine``,
``service.state`` for what is allowed, the registry, events and waiters.

Nothing here waits for the end of a process under the container's lock: the
end is recorded under it, by ``service.endings``.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import signal as std_signal

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import attachments
from novacontainer.runtime.service import events
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import removal
from novacontainer.runtime.service import restarts
from novacontainer.runtime.service import signals
from novacontainer.runtime.service import state
from novacontainer.runtime.service import waiters

LOG = logging.getLogger(__name__)

#: How long the kernel may take to end what was sent SIGKILL.
KILL_PATIENCE_S = 30.0


class Lifecycle:
    """Moves containers from state to state, one lock each.

    :param stop_timeout_s: grace of a stop when nobody says otherwise.
    """

    def __init__(
        self, *, registry: registry.Registry,
        engine: engine_base.Engine,
        prepare: preparation.Preparation,
        removal: removal.Removal,
        restarts: restarts.Restarts,
        attachments: attachments.Attachments,
        hub: events.EventHub,
        locks: locks.Locks,
        waiters: waiters.Waiters,
        stop_timeout_s: int,
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._prepare = prepare
        self._removal = removal
        self._restarts = restarts
        self._attachments = attachments
        self._hub = hub
        self._locks = locks
        self._waiters = waiters
        self._stop_timeout_s = stop_timeout_s

    def init(self, container: models.Container) -> None:
        """See :meth:`service.containers.ContainerService.init`."""
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check(now, state.Wish.INIT)
            with self._noting_failure(now):
                with self._prepare.held(now) as held:
                    self._registry.save(held)
            self._tell(held, 'init')

    def start(self, container: models.Container) -> None:
        """See :meth:`service.containers.ContainerService.start`."""
        try:
            self._restarts.forget(container.id)
            with self._locks.hold(container.id):
                self._start(self._registry.current(container))
        except (exception.InvalidRequest, exception.Internal,
                exception.NotFound, exception.Forbidden,
                exception.Unavailable):
            # Why it did not start matters more than that it stays.
            with contextlib.suppress(exception.RuntimeFault):
                self._removal.remove_automatically(container)
            raise

    def start_again(self, container: models.Container) -> None:
        """Start what has ended, as its restart policy says.

        Nothing happens where a person was quicker.
        """
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            if (now.status is models.Status.EXITED
                    and now.stopped_by_hand == container.stopped_by_hand):
                self._start(now, again=True)

    def stop(self, container: models.Container, timeout_s: int | None,
             signal: str | None) -> None:
        """See :meth:`service.containers.ContainerService.stop`."""
        self._take_down(container, timeout_s, signal, self._by_hand)

    def end(self, container: models.Container) -> None:
        """Stop it because the host goes down: nobody wants it to stay so.

        :raises NotModified: it does not run.
        :raises Internal: it does not end, not even by SIGKILL.
        """
        self._take_down(container, None, None, self._registry.current)

    def _take_down(self, container: models.Container, timeout_s: int | None,
                   signal: str | None,
                   look: Callable[[models.Container],
                                  models.Container | None]) -> None:
        """Ask it to end, and kill it when it does not.

        :param look: says how it is now, under its lock; None: it is down.
        """
        config = container.config
        number = signals.number(
            signal or config.get('StopSignal') or 'TERM')
        if timeout_s is None:
            timeout_s = config.get('StopTimeout')
        if timeout_s is None:
            timeout_s = self._stop_timeout_s
        with contextlib.ExitStack() as stack:
            with self._locks.hold(container.id):
                now = look(container)
                if now is None:
                    return
                state.check(now, state.Wish.STOP)
                ended = self._waiters.add(now.id, waiters.NEXT_EXIT)
                stack.callback(ended.cancel)
                self._signal(now, number)
            if not _happens(ended, None if timeout_s < 0 else timeout_s):
                self._put_down(now, ended)
        self._tell(now, 'stop')

    def kill(self, container: models.Container, signal: str) -> None:
        """See :meth:`service.containers.ContainerService.kill`."""
        number = signals.number(signal or 'KILL')
        with contextlib.ExitStack() as stack:
            with self._locks.hold(container.id):
                now = self._by_hand(container)
                if now is None:
                    return
                state.check(now, state.Wish.KILL)
                ended = self._waiters.add(now.id, waiters.NEXT_EXIT)
                stack.callback(ended.cancel)
                self._signal(now, number)
            if number == std_signal.SIGKILL:
                self._await(now, ended)

    def restart(self, container: models.Container, timeout_s: int | None,
                signal: str | None) -> None:
        """See :meth:`service.containers.ContainerService.restart`."""
        with self._removal.held_off(container):
            with contextlib.suppress(exception.NotModified):
                self.stop(container, timeout_s, signal)
            with contextlib.suppress(exception.NotModified):
                self.start(container)
            self._tell(self._registry.get(container.id), 'restart')

    def pause(self, container: models.Container,
              reclaim: bool = False) -> None:
        """See :meth:`service.containers.ContainerService.pause`."""
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check(now, state.Wish.PAUSE)
            self._engine.pause(now.id)
            self._save(now, models.Status.PAUSED)
            self._tell(now, 'pause')
        if reclaim:
            # It takes its time, and nobody else has to wait for it.
            self._reclaim(now)

    def _reclaim(self, paused: models.Container) -> None:
        """Take the memory of what stands still, as far as that is easy."""
        try:
            given_back = self._engine.reclaim(paused.id)
        except exception.RuntimeFault as fault:
            LOG.warning('Container %s (%s) keeps its memory: %s', paused.id,
                        paused.name, fault)
        else:
            LOG.info('Container %s (%s) gave back %d bytes of memory',
                     paused.id, paused.name, given_back)

    def unpause(self, container: models.Container) -> None:
        """See :meth:`service.containers.ContainerService.unpause`."""
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check(now, state.Wish.UNPAUSE)
            self._engine.resume(now.id)
            self._save(now, models.Status.RUNNING)
            self._tell(now, 'unpause')

    def _by_hand(self,
                 container: models.Container) -> models.Container | None:
        """Note that a person wants it down, under its lock.

        :return: the container; None when it only waited to be started again,
            and no longer does.
        """
        waited = self._restarts.forget(container.id)
        now = self._registry.current(container)
        if restarts.has_policy(now) and (waited or state.is_live(now)):
            now = dataclasses.replace(now, stopped_by_hand=True)
            self._registry.save(now)
        return None if waited and not state.is_live(now) else now

    def _start(self, now: models.Container, again: bool = False) -> None:
        state.check(now, state.Wish.START)
        with self._noting_failure(now):
            with self._ready(now) as held:
                # Now, so that they see all that the process writes.
                self._attachments.connect(now.id)
                self._engine.start(now.id)
                running = state.started(
                    held, datetime.datetime.now(datetime.UTC), again)
                self._registry.save(running)
        self._tell(running, 'start')

    @contextlib.contextmanager
    def _ready(self, now: models.Container) -> Iterator[models.Container]:
        """Hold a process, the one there is or a new one; undo on failure."""
        if state.is_held(now) and self._engine.pid(now.id) is not None:
            with preparation.undoing() as undo:
                undo(self._prepare.let_go, now.id)
                yield now
            return
        # A held process that was killed is replaced: its bundle, which is
        # still there, has the remains of it cleaned up first.
        with self._prepare.held(now) as held:
            yield held

    @contextlib.contextmanager
    def _noting_failure(self, now: models.Container) -> Iterator[None]:
        """Keep in the record why a container did not start."""
        try:
            yield
        except exception.RuntimeFault as fault:
            LOG.warning('Container %s (%s) did not start: %s', now.id,
                        now.name, fault)
            self._registry.save(state.not_started(now, fault))
            self._attachments.give_up(now.id, fault.message)
            raise

    def _signal(self, now: models.Container, number: int) -> None:
        """Send a signal, which a paused container gets by being resumed."""
        self._tell(now, 'kill', {'signal': str(number)})
        # It may have ended a moment ago: then the end is on its way.
        with contextlib.suppress(exception.Conflict, exception.NotFound):
            self._engine.kill(now.id, number)
            if now.status is models.Status.PAUSED:
                self._engine.resume(now.id)
                self._save(now, models.Status.RUNNING)

    def _put_down(self, run: models.Container,
                  ended: waiters.ExitFuture) -> None:
        """Kill this run of the container, and wait until that is recorded."""
        with self._locks.hold(run.id):
            now = self._registry.find(run.id)
            if now is not None and state.is_live(now) and _same_run(run, now):
                self._signal(now, std_signal.SIGKILL)
        self._await(run, ended)

    def _await(self, run: models.Container,
               ended: waiters.ExitFuture) -> None:
        """Wait until the end of what was sent SIGKILL is recorded.

        :raises Internal: it does not end.
        """
        if not _happens(ended, KILL_PATIENCE_S):
            raise exception.Internal(
                f'Container {run.id} does not end, not even by SIGKILL: a '
                'process of it waits for the kernel', 'container.unkillable')

    def _save(self, now: models.Container, status: models.Status) -> None:
        self._registry.save(dataclasses.replace(now, status=status))

    def _tell(self, container: models.Container, action: str,
              attributes: dict[str, str] | None = None) -> None:
        LOG.info('Container %s (%s): %s%s', container.id, container.name,
                 action, f' {attributes}' if attributes else '')
        self._hub.publish(
            events.container_event(container, action, attributes))


def _happens(ended: waiters.ExitFuture, timeout_s: float | None) -> bool:
    try:
        ended.result(timeout_s)
    except TimeoutError:
        return False
    return True


def _same_run(one: models.Container, other: models.Container) -> bool:
    return ((one.conmon_pid, one.conmon_started)
            == (other.conmon_pid, other.conmon_started))
