"""Long-running processes: started once, found again, ended by identity.

A process is known by its pid *and* its start time (proc(5), stat field 22),
so that a pid which the kernel gave to somebody else is never signalled.
Every process carries a mark in its environment, which its children inherit:
what an agent leaves behind (dnsmasq, haproxy) is found by that mark.

Called by ``cloud`` and ``cleaning``; knows nothing of what it runs.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time

from demo import directory as directories
from demo import errors

#: Environment variable that marks our processes; its value is the directory.
MARK = 'NOVACONTAINER_DEMO_PROCESS'


@dataclasses.dataclass(frozen=True)
class Process:
    """What is to run.

    :param user: account it runs as; root when None.
    :param inputs: files that it reads once at its start: when one has
        changed, the process is started anew.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    user: str | None = None
    inputs: tuple[pathlib.Path, ...] = ()

    def digest(self) -> str:
        """A name for this exact way to run it."""
        state = hashlib.sha256(json.dumps(
            [self.argv, sorted(self.environment.items()), self.user]
        ).encode())
        for path in self.inputs:
            state.update(path.read_bytes())
        return state.hexdigest()


class Supervisor:
    """Starts and ends the demo's processes; pid files are its memory."""

    def __init__(self, directory: directories.Directory) -> None:
        self._directory = directory
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def log(self, name: str) -> pathlib.Path:
        """Where a process' output goes."""
        return self._directory.log / f'{name}.log'

    def alive(self, name: str) -> bool:
        """Whether the process that we started by this name still runs."""
        # A child that has ended stays a zombie until it is asked for.
        if name in self._children:
            self._children[name].poll()
        record = self._record(name)
        started = _started(record['pid']) if record else 0
        return bool(started) and started == record['started']

    def runs(self, process: Process) -> bool:
        """Whether a process runs already, just so."""
        return (self.alive(process.name) and
                self._record(process.name)['digest'] == process.digest())

    def start(self, process: Process) -> bool:
        """Start a process unless it runs already, just so.

        :returns: whether it had to be started.
        """
        if self.runs(process):
            return False
        self.stop([process.name])
        environment = {**process.environment,
                       MARK: str(self._directory.root)}
        with self.log(process.name).open('ab') as log:
            try:
                child = subprocess.Popen(
                    process.argv, env=environment, cwd='/',
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True, umask=0o022, user=process.user,
                    group=process.user,
                    extra_groups=() if process.user else None)
            except FileNotFoundError as error:
                raise errors.DemoError(
                    f'{process.argv[0]} is missing.') from error
        self._children[process.name] = child
        self._pid_file(process.name).write_text(json.dumps({
            'pid': child.pid, 'started': _started(child.pid),
            'digest': process.digest()}))
        return True

    def wait_ready(self, name: str, probe: Callable[[], bool],
                   timeout_s: float = 90) -> None:
        """Wait until a started process does what it is for.

        :raises DemoError: it ended, or is not ready in time.
        """
        deadline = time.monotonic() + timeout_s
        while not probe():
            if not self.alive(name):
                raise errors.DemoError(
                    f'{name} ended instead of becoming ready.',
                    [self.log(name)])
            if time.monotonic() > deadline:
                raise errors.DemoError(
                    f'{name} was not ready after {timeout_s:.0f} s.',
                    [self.log(name)])
            time.sleep(0.1)

    def names(self) -> list[str]:
        """Processes that were ever started and not ended by us."""
        return sorted(path.stem for path in self._directory.run.glob('*.pid'))

    def stop(self, names: Iterable[str], grace_s: float = 5) -> list[str]:
        """End processes with all their children: ask, wait, then kill.

        :returns: the names of those that were running.
        """
        running = [name for name in names if self.alive(name)]
        groups = [self._record(name)['pid'] for name in running]
        for group in groups:
            _signal_group(group, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline and any(
                self.alive(name) for name in running):
            time.sleep(0.05)
        for group in groups:
            _signal_group(group, signal.SIGKILL)
        for name in running:
            self._reap(name)
            self._pid_file(name).unlink(missing_ok=True)
        return running

    def kill(self, name: str, timeout_s: float = 10) -> None:
        """End a process as the kernel does for want of memory.

        Its children are left to notice by themselves.

        :raises DemoError: it does not run.
        """
        if not self.alive(name):
            raise errors.DemoError(f'{name} does not run.', [self.log(name)])
        os.kill(self._record(name)['pid'], signal.SIGKILL)
        deadline = time.monotonic() + timeout_s
        while self.alive(name):
            if time.monotonic() > deadline:
                raise errors.DemoError(f'{name} cannot be killed.')
            time.sleep(0.02)
        self._reap(name)

    def stop_marked(self, grace_s: float = 3) -> list[str]:
        """End whatever else carries our mark.

        :returns: the names of the programs that were found.
        """
        found = dict(_marked(str(self._directory.root)))
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + grace_s
            while time.monotonic() < deadline and any(
                    _started(pid) for pid in found):
                time.sleep(0.05)
            found_again = dict(_marked(str(self._directory.root)))
            if not found_again:
                break
        return sorted(found.values())

    def _reap(self, name: str) -> None:
        child = self._children.pop(name, None)
        if child:
            child.wait(timeout=10)

    def _pid_file(self, name: str) -> pathlib.Path:
        return self._directory.run / f'{name}.pid'

    def _record(self, name: str) -> dict:
        path = self._pid_file(name)
        return json.loads(path.read_text()) if path.exists() else {}


def _started(pid: int) -> int:
    """Start time of a live process in clock ticks since boot; 0: none."""
    try:
        stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    # The command, field 2, is in parentheses and may contain anything.
    fields = stat.rpartition(')')[2].split()
    return 0 if fields[0] in 'ZX' else int(fields[19])


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _marked(root: str) -> Iterator[tuple[int, str]]:
    """Pids and programs of the processes that carry our mark.

    Another demo may run in a container with a namespace of pids of its own,
    whose processes are seen from here: they are not ours.
    """
    mark = f'{MARK}={root}'.encode()
    ours = os.readlink('/proc/self/ns/pid')
    for entry in pathlib.Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark not in (entry / 'environ').read_bytes().split(b'\0'):
                continue
            if os.readlink(entry / 'ns' / 'pid') != ours:
                continue
            program = (entry / 'comm').read_text().strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        yield int(entry.name), program
