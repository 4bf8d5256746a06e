"""An engine without processes, for tests of what stands above it.

It passes ``tests.contract.engine``.  The command decides what becomes of a
container, as far as a test needs it:

* a command that ends in ``exit N`` ends with N when it is started, and
  ``echo WORDS;`` before it writes the words to the log and to who is
  attached;
* ``/no…`` and ``no…`` are not in the image, ``/etc…`` is not executable;
* ``trap "exit N" TERM`` ends with N on SIGTERM;
* everything else runs until it is killed, or :meth:`FakeEngine.finish`.

``faults`` maps a verb to the exception that it raises next.
"""

import dataclasses
import itertools
import re
import signal as signals

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.contract import fake_execs

_EXIT = re.compile(r'exit (\d+)$')
_ECHO = re.compile(r'echo ([^;]+);')
_TRAP = re.compile(r'trap "exit (\d+)" TERM')


@dataclasses.dataclass
class FakeContainer:
    """What the fake kernel knows of a container."""

    bundle: models.Bundle
    pid: int
    started: bool = False
    paused: bool = False
    pending: int = 0
    streams: fake_execs.FakeStreams = None
    execs: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class FakeState:
    """What outlives an engine: share it to play a restarted daemon."""

    containers: dict = dataclasses.field(default_factory=dict)
    exits: dict = dataclasses.field(default_factory=dict)
    exec_exits: dict = dataclasses.field(default_factory=dict)
    pids: itertools.count = dataclasses.field(
        default_factory=lambda: itertools.count(100_001))


class FakeEngine(fake_execs.FakeExecs):
    """See :class:`novacontainer.runtime.engine.base.Engine`."""

    name = 'fake'
    version = '1.0'

    def __init__(self, state=None):
        self.state = state or FakeState()
        self.calls = []
        self.faults = {}

    def create(self, bundle):
        self._called('create', bundle.id)
        if bundle.id in self.state.containers:
            raise exception.Conflict('It exists.', 'container.exists')
        command = bundle.spec['process']['args'][0]
        fake_execs.check_command(command)
        self.state.exits.pop(bundle.id, None)
        container = FakeContainer(bundle, next(self.state.pids))
        container.streams = fake_execs.FakeStreams(
            bundle.spec['process']['args'], bundle.stdin_once)
        container.streams.on_exit = (
            lambda code: self.finish(bundle.id, code))
        self.state.containers[bundle.id] = container
        bundle.log_path.parent.mkdir(parents=True, exist_ok=True)
        bundle.log_path.touch()
        return models.Created(container.pid, next(self.state.pids), 1)

    def start(self, container_id):
        self._called('start', container_id)
        container = self._running(container_id)
        if container.started:
            raise exception.Conflict(
                'It is running.', 'container.not_created')
        container.started = True
        script = ' '.join(container.bundle.spec['process']['args'])
        if match := _ECHO.search(script):
            self.write(container_id, match.group(1))
            container.streams.write(f'{match.group(1)}\n'.encode())
        if match := _EXIT.search(script):
            self.finish(container_id, int(match.group(1)))

    def started(self, container_id):
        container = self.state.containers.get(container_id)
        return self.pid(container_id) is not None and container.started

    def kill(self, container_id, signal, all=False):
        self._called('kill', container_id, signal, all)
        container = self._running(container_id)
        if not 0 < signal <= signals.SIGRTMAX:
            raise exception.InvalidRequest(
                f'There is no signal {signal}.', 'container.signal')
        if container.paused and signal != signals.SIGKILL:
            container.pending = signal
        else:
            self._deliver(container, signal)

    def pause(self, container_id):
        self._called('pause', container_id)
        self._running(container_id).paused = True

    def reclaim(self, container_id):
        self._called('reclaim', container_id)
        self._running(container_id)
        return 4096

    def resume(self, container_id):
        self._called('resume', container_id)
        container = self._running(container_id)
        container.paused = False
        if container.pending:
            self._deliver(container, container.pending)

    def update(self, container_id, resources):
        self._called('update', container_id, resources)
        self._running(container_id)

    def delete(self, container_id, force=False):
        self._called('delete', container_id, force)
        if self.pid(container_id) is not None:
            if not force:
                raise exception.Conflict('It runs.', 'container.running')
            self.finish(container_id, 128 + signals.SIGKILL)
        self.state.containers.pop(container_id, None)

    def pid(self, container_id):
        container = self.state.containers.get(container_id)
        if container is None or container_id in self.state.exits:
            return None
        return container.pid

    def exit_code(self, container_id):
        return self.state.exits.get(container_id)

    def forget(self, container_id):
        self._called('forget', container_id)
        self._forget_execs(container_id)
        self.state.exits.pop(container_id, None)

    def finish(self, container_id, exit_code):
        """Let the container's process end."""
        self.state.exits[container_id] = exit_code
        self._finish_execs(container_id, 128 + signals.SIGKILL)
        # Another thread may delete it at any moment.
        container = self.state.containers.get(container_id)
        if container is not None:
            container.streams.end()

    def write(self, container_id, line, stream='stdout'):
        """Let the container write a line, as conmon logs it."""
        log = self.state.containers[container_id].bundle.log_path
        with log.open('a') as file:
            file.write(f'2026-01-01T00:00:00.000000001+00:00 {stream} F '
                       f'{line}\n')

    def _deliver(self, container, signal):
        script = ' '.join(container.bundle.spec['process']['args'])
        trap = _TRAP.search(script)
        if signal == signals.SIGKILL:
            self.finish(container.bundle.id, 128 + signal)
        elif signal == signals.SIGTERM and trap:
            self.finish(container.bundle.id, int(trap.group(1)))

    def _running(self, container_id):
        if container_id not in self.state.containers:
            raise exception.NotFound(
                f'No such container: {container_id}', 'container.not_found')
        if container_id in self.state.exits:
            raise exception.Conflict(
                f'Container {container_id} is not running',
                'container.not_running')
        return self.state.containers[container_id]

    def _called(self, verb, *args):
        self.calls.append((verb, *args))
        fault = self.faults.pop(verb, None)
        if fault is not None:
            raise fault
