"""Further processes in containers that run: exec.

Called by ``api.routes.execs``, through ``service.containers``.  Calls
``engine``, ``service.execspec`` for what is to be run, and
``service.exits``, since the monitor of an exec is noticed to end as a
container's is.

Records are kept in memory, as Docker keeps them: for a while after the
process's end, and not beyond the container or the daemon.  The process
itself outlives the daemon.
"""

import dataclasses
import signal
import threading
import time

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from novacontainer.runtime.service import events
from novacontainer.runtime.service import execspec
from novacontainer.runtime.service import exits
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state
from novacontainer.runtime.service import waiters

LOG = logging.getLogger(__name__)

#: How long the exit code of an exec can be asked for.
MEMORY_S = 300.0

#: Exit codes of what did not start, as a shell has them and Docker too.
NOT_EXECUTABLE, NOT_FOUND = 126, 127
#: A process that its container took with it.
KILLED = 128 + signal.SIGKILL


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """An exec that runs.

    :param attachment: to its streams; None when nobody looks.
    :param ended: the exit code, once its end is recorded.
    """

    attachment: models.Attachment | None
    ended: waiters.ExitFuture


@dataclasses.dataclass(slots=True)
class _Entry:
    record: models.Exec
    ended: waiters.ExitFuture = dataclasses.field(
        default_factory=waiters.ExitFuture)
    #: time.monotonic() of its end.
    over: float | None = None


class Execs:
    """All execs of one daemon; thread-safe."""

    def __init__(self, *, registry: registry.Registry,
                 spec: execspec.ExecSpecs, engine: engine_base.Engine,
                 hub: events.EventHub) -> None:
        self._registry = registry
        self._spec = spec
        self._engine = engine
        self._hub = hub
        # Never held while an event is published: _happened() takes it too.
        self._guard = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._resizing = locks.Locks()
        self._monitor = exits.ExitMonitor(self._ended)
        hub.subscribe(self._happened)

    def open(self) -> None:
        """Begin to notice ends."""
        self._monitor.start()

    def close(self) -> None:
        """Notice no more; processes run on."""
        self._monitor.stop()

    def create(self, name: str, body: models.Json) -> str:
        """Write down what is to be run in a container; return its id.

        :param body: of ``POST /containers/{id}/exec``, types checked.
        :raises NotFound: no such container.
        :raises Conflict: it does not run, or is paused.
        :raises InvalidRequest: a value makes no sense; names the field.
        :raises Forbidden: the operator does not allow it.
        """
        container = self._registry.get(name)
        state.check_exec(container)
        record = self._spec.requested(container, body)
        with self._guard:
            self._drop_old()
            self._entries[record.id] = _Entry(record)
        self._tell(container, record, 'exec_create')
        return record.id

    def get(self, exec_id: str) -> models.Exec:
        """Return one exec.

        :raises NotFound: there is none of this id, or its time is over.
        """
        with self._guard:
            return self._entry(exec_id).record

    def ids(self, container_id: str) -> tuple[str, ...]:
        """Return the ids of a container's execs, oldest first."""
        with self._guard:
            self._drop_old()
            return tuple(
                key for key, entry in self._entries.items()
                if entry.record.container_id == container_id)

    def check_start(self, exec_id: str) -> models.Exec:
        """Return an exec that can be started now.

        :raises NotFound: no such exec.
        :raises Conflict: it has been started, or its container does not run
            or is paused.
        """
        with self._guard:
            record = self._startable(exec_id).record
        state.check_exec(self._registry.get(record.container_id))
        return record

    def start(self, exec_id: str, *, detach: bool = False,
              console_size: tuple[int, int] = (0, 0)) -> Run:
        """Run it, once.

        That it does not start is an end too: it has an exit code then.

        :param detach: nobody looks: there is no attachment, and no input.
        :param console_size: rows and columns, in place of those given when
            it was created; 0: not said.
        :raises NotFound, Conflict: as :meth:`check_start`.
        :raises InvalidRequest: its command or user is not in the container.
        :raises Internal: the engine failed.
        """
        container = self._registry.get(
            self.check_start(exec_id).container_id)
        entry = self._begin(exec_id, console_size)
        self._tell(container, entry.record, 'exec_start')
        try:
            executed = self._execute(container, entry.record, detach)
        except exception.RuntimeFault as fault:
            LOG.warning('Exec %s in container %s (%s) did not start: %s',
                        exec_id, container.id, container.name, fault)
            self._conclude(entry, _code_of(fault))
            raise
        if detach:
            executed.attachment.close()
        self._watch(entry, executed)
        return Run(None if detach else executed.attachment, entry.ended)

    def resize(self, exec_id: str, rows: int, columns: int) -> None:
        """Set the size of its terminal, if it has one.

        :raises NotFound: no such exec.
        :raises Conflict: it does not run.
        :raises InvalidRequest: no terminal has that size.
        """
        record = self.get(exec_id)
        if not record.running:
            raise exception.Conflict(
                f'Exec {exec_id} is not running', 'exec.not_running')
        if record.terminal:
            with self._resizing.hold(exec_id):
                self._engine.resize_exec(
                    record.container_id, exec_id, rows, columns)

    def detached(self, exec_id: str) -> None:
        """Tell that someone has left with the detach keys."""
        record = self.get(exec_id)
        container = self._registry.find(record.container_id)
        if container is not None:
            self._hub.publish(events.container_event(
                container, 'exec_detach', {'execID': exec_id}))

    def _begin(self, exec_id: str, console_size: tuple[int, int]) -> _Entry:
        """Take the one start that an exec has."""
        with self._guard:
            entry = self._startable(exec_id)
            if console_size == (0, 0):
                console_size = entry.record.console_size
            entry.record = dataclasses.replace(
                entry.record, started=True, running=True,
                console_size=console_size)
        return entry

    def _startable(self, exec_id: str) -> _Entry:
        """Return an exec that was not started yet; under the guard."""
        entry = self._entry(exec_id)
        if entry.record.exit_code is not None:
            raise exception.Conflict(
                f'Error: Exec command {exec_id} has already run',
                'exec.already_run')
        if entry.record.started:
            raise exception.Conflict(
                f'Error: Exec command {exec_id} is already running',
                'exec.already_running')
        return entry

    def _execute(self, container: models.Container, record: models.Exec,
                 detach: bool) -> models.Executed:
        return self._engine.execute(models.Execution(
            record.id, container.id, self._spec.process(container, record),
            stdin_open='stdin' in record.streams and not detach))

    def _watch(self, entry: _Entry, executed: models.Executed) -> None:
        with self._guard:
            entry.record = dataclasses.replace(
                entry.record, pid=executed.pid)
        exec_id = entry.record.id
        pidfd = processes.open_pidfd(
            executed.conmon_pid, executed.conmon_started)
        if pidfd is None:
            self._ended(exec_id)
        else:
            self._monitor.watch(exec_id, pidfd)

    def _ended(self, exec_id: str) -> None:
        """Record how an exec ended; called when its monitor has."""
        with self._guard:
            entry = self._entries.get(exec_id)
        if entry is None:
            return
        record = entry.record
        code = self._exit_code(record)
        container = self._registry.find(record.container_id)
        if container is not None:
            self._hub.publish(events.container_event(
                container, 'exec_die',
                {'execID': exec_id, 'exitCode': str(code)}))
        self._conclude(entry, code)

    def _exit_code(self, record: models.Exec) -> int:
        """Return the exit code, and clean up where it was written."""
        code = None
        try:
            code = self._engine.exec_exit_code(
                record.container_id, record.id)
            self._engine.forget_exec(record.container_id, record.id)
        except exception.RuntimeFault as fault:
            LOG.warning('Exec %s left something behind: %s', record.id,
                        fault)
        # Without one, its container has taken it, and the code, with it.
        return KILLED if code is None else code

    def _conclude(self, entry: _Entry, code: int) -> None:
        with self._guard:
            entry.record = dataclasses.replace(
                entry.record, running=False, pid=0, exit_code=code)
            entry.over = time.monotonic()
        waiters.settle(entry.ended, code)

    def _entry(self, exec_id: str) -> _Entry:
        try:
            return self._entries[exec_id]
        except KeyError:
            raise exception.NotFound(
                f'No such exec instance: {exec_id}',
                'exec.not_found') from None

    def _drop_old(self) -> None:
        """Forget what ended long ago; under the guard."""
        limit = time.monotonic() - MEMORY_S
        for key in [key for key, entry in self._entries.items()
                    if entry.over is not None and entry.over < limit]:
            del self._entries[key]

    def _happened(self, event: models.Event) -> None:
        """Forget what can no longer be started, or asked for."""
        if event.type != 'container' or event.action not in (
                'die', 'destroy'):
            return
        with self._guard:
            for key, entry in list(self._entries.items()):
                if (entry.record.container_id == event.actor_id
                        and (event.action == 'destroy'
                             or not entry.record.started)):
                    del self._entries[key]

    def _tell(self, container: models.Container, record: models.Exec,
              action: str) -> None:
        LOG.info('Container %s (%s): %s %s', container.id, container.name,
                 action, record.id)
        self._hub.publish(events.container_event(
            container, f'{action}: {" ".join(record.args)}',
            {'execID': record.id}))


def _code_of(fault: exception.RuntimeFault) -> int:
    """Return the exit code of what did not start."""
    if fault.code == 'container.command_not_found':
        return NOT_FOUND
    return NOT_EXECUTABLE
