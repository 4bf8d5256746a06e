"""Starting conmon, which watches one container for as long as it lives.

Called by ``engine.supervised``.  Calls conmon(8), ``engine.cgroups``,
``host.keyrings`` and ``host.processes``.

conmon runs the OCI runtime's ``create``, holds the container's standard
streams, writes its log and, at the end, its exit code.  It outlives this
daemon: it gets no descriptor of ours, a session and a cgroup of its own.

The protocol: conmon waits for a byte on ``_OCI_STARTPIPE``; then detaches by
a double fork; then reports ``{"data": PID}`` or ``{"data": -1, "message":
TEXT}`` on ``_OCI_SYNCPIPE``.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import io
import json
import os
import pathlib
import select
import signal
import subprocess
import time

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import records
from novacontainer.runtime import exception
from novacontainer.runtime.host import keyrings
from novacontainer.runtime.host import processes
from novacontainer.runtime import models

_CREATE_TIMEOUT_S = 120
_KILL_TIMEOUT_S = 10
_QUIET_LOOKS = 4
_LOOK_S = 0.005
_ENVIRONMENT = {
    'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}


class CreateFailed(Exception):
    """The OCI runtime refused; the text is what it said."""


def create(binary: pathlib.Path, runtime: oci_runtime.OciRuntime,
           bundle: models.Bundle, files: records.Files) -> models.Created:
    """Start a conmon that creates the container of a bundle.

    :raises CreateFailed: the OCI runtime refused the container.
    :raises Internal: conmon itself failed, or did not answer in time.
    """
    group = os.path.join(
        os.path.dirname(bundle.spec['linux']['cgroupsPath']), 'conmon')
    words = _arguments(binary, runtime, bundle, files)
    with contextlib.ExitStack() as stack:
        sync_read, sync_write = pipe(stack)
        go_read, go_write = pipe(stack)
        process = spawn(words, files.conmon_log, {
            '_OCI_SYNCPIPE': sync_write, '_OCI_STARTPIPE': go_read})
        stack.callback(process.wait)
        stack.callback(process.kill)
        sync_write.close()
        release(process.pid, group, go_write)
        report = answer(sync_read)
    pid = reported_pid(report, files.conmon_log, files.runtime_log)
    conmon_pid = files.read_pid(files.conmon_pid)
    return models.Created(
        pid=pid, conmon_pid=conmon_pid,
        conmon_started=processes.start_ticks(conmon_pid))


def spawn(words: Sequence[str], log: pathlib.Path,
          pipes: Mapping[str, io.FileIO]) -> subprocess.Popen[bytes]:
    """Start a conmon.

    :param log: takes its standard error.
    :param pipes: ends for it, by the variable that tells it their numbers.
    :raises Internal: there is no such program.
    """
    numbers = {name: end.fileno() for name, end in pipes.items()}
    environment = {**_ENVIRONMENT, **{
        name: str(number) for name, number in numbers.items()}}
    with open(log, 'wb') as output:
        try:
            return subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, pass_fds=tuple(numbers.values()), cwd='/',
                env=environment, start_new_session=True)
        except OSError as error:
            raise exception.Internal(
                f'Cannot run {words[0]}: {error}',
                'engine.failed') from error


def kill_unrecorded(binary: pathlib.Path, runtime: oci_runtime.OciRuntime,
                    container_id: str) -> None:
    """Kill whatever still works on a create that nobody waits for.

    A daemon that was killed in the middle of it knows no pids, so the
    processes are found by their command lines: conmon, and the OCI runtime
    that it started.
    """
    programs = {os.fsencode(binary), os.fsencode(runtime.binary)}
    deadline = time.monotonic() + _KILL_TIMEOUT_S
    # A process that forks and ends while /proc is read hides both itself
    # and its child, so one look that finds nobody proves little.
    quiet = 0
    while quiet < _QUIET_LOOKS:
        found = _working_on(container_id.encode(), programs)
        for pid, started in found:
            processes.send_signal(pid, started, signal.SIGKILL)
        quiet = 0 if found else quiet + 1
        if found and time.monotonic() > deadline:
            raise exception.Internal(
                f'Processes {[pid for pid, _ in found]} do not die.',
                'engine.unkillable')
        time.sleep(_LOOK_S)


def _working_on(container_id: bytes,
                programs: set[bytes]) -> list[tuple[int, int]]:
    """Return pid and start time of the processes for a container."""
    found = []
    for name in filter(str.isdecimal, os.listdir('/proc')):
        started = processes.start_ticks(int(name))
        try:
            with open(f'/proc/{name}/cmdline', 'rb') as file:
                words = file.read().split(b'\0')
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0] in programs and container_id in words:
            found.append((int(name), started))
    return found


def pipe(stack: contextlib.ExitStack) -> tuple[io.FileIO, io.FileIO]:
    """Return the two ends of a new pipe, which the stack closes."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    return (stack.enter_context(io.FileIO(read_end, 'r')),
            stack.enter_context(io.FileIO(write_end, 'w')))


def release(pid: int, group: str, start_pipe: io.FileIO) -> None:
    """Put the waiting conmon into its cgroup and let it go on.

    :raises Internal: the kernel refused.
    """
    try:
        cgroups.place(pid, group)
        start_pipe.write(b'.')
    except OSError as error:
        raise exception.Internal(
            f'Cannot put conmon into the control group {group}: {error}',
            'engine.cgroup') from error


def answer(sync_pipe: io.FileIO) -> bytes:
    """Return the line that conmon writes when a step has ended.

    :return: less than a line when it ended itself.
    :raises Internal: it does not come.
    """
    poller = select.poll()
    poller.register(sync_pipe, select.POLLIN)
    deadline = time.monotonic() + _CREATE_TIMEOUT_S
    line = b''
    while not line.endswith(b'\n'):
        left_ms = max(0, int((deadline - time.monotonic()) * 1000))
        if not poller.poll(left_ms):
            raise exception.Internal(
                f'conmon did not report within {_CREATE_TIMEOUT_S} s.',
                'engine.timeout')
        part = sync_pipe.read(65536)
        if not part:
            break
        line += part
    return line


def reported_pid(line: bytes, conmon_log: pathlib.Path,
                 runtime_log: pathlib.Path) -> int:
    """Return the pid in a report.

    :param line: with what may follow it, the exit code of a quick exec.
    :raises CreateFailed: the OCI runtime refused.
    :raises Internal: conmon itself failed.
    """
    try:
        report = json.loads(line.partition(b'\n')[0])
        pid = int(report['data'])
    except (ValueError, KeyError, TypeError) as error:
        words = conmon_log.read_text(errors='replace').strip()
        raise exception.Internal(
            f'conmon failed: {words or "it said nothing"}',
            'engine.failed') from error
    if pid <= 0:
        raise CreateFailed(oci_runtime.said(runtime_log)
                           or str(report.get('message', '')).strip())
    return pid


def _arguments(binary: pathlib.Path, runtime: oci_runtime.OciRuntime,
               bundle: models.Bundle, files: records.Files) -> list[str]:
    words = [
        str(binary), '--api-version', '1',
        '--cid', bundle.id, '--cuuid', bundle.id, '--name', bundle.id,
        '--runtime', str(runtime.binary),
        '--bundle', str(bundle.directory),
        '--container-pidfile', str(files.pid),
        '--conmon-pidfile', str(files.conmon_pid),
        '--exit-dir', str(files.exit.parent),
        '--socket-dir-path', str(files.sockets),
        '--log-path', ('off' if bundle.log_path is None
                       else f'k8s-file:{bundle.log_path}'),
        '--log-level', 'error', '--no-sync-log',
    ]
    words.extend(f'--runtime-arg={argument}' for argument
                 in runtime.global_arguments(files.runtime_log))
    if not keyrings.allowed():
        words.append('--no-new-keyring')
    if bundle.log_size_max_bytes:
        words += ['--log-size-max', str(bundle.log_size_max_bytes)]
    if bundle.terminal:
        words.append('--terminal')
    if bundle.stdin_open:
        words.append('--stdin')
        # A terminal is not ended by one client's leaving.
        if bundle.terminal or not bundle.stdin_once:
            words.append('--leave-stdin-open')
    return words
