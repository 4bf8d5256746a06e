"""Starting conmon for a further process in a container that runs.

Called by ``engine.execs``.  Calls conmon(8), ``engine.conmon`` for what both
ways to start it share.

The protocol, with ``--exec-attach``: conmon waits for a byte on
``_OCI_STARTPIPE`` and detaches; makes its attach socket and says so on
``_OCI_ATTACHPIPE``; waits for a second byte; runs the OCI runtime's ``exec``
and reports the pid on ``_OCI_SYNCPIPE``.  So nothing that the process writes
is lost to who is attached by then.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import pathlib
import signal

from novacontainer.runtime.engine import conmon
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import records
from novacontainer.runtime import exception
from novacontainer.runtime.host import processes


def execute(binary: pathlib.Path, runtime: oci_runtime.OciRuntime,
            files: records.ExecFiles, *, cgroup: str, terminal: bool,
            attach: Callable[[], None]) -> int:
    """Start a conmon that runs a process, and return the process's pid.

    :param files: ``files.process`` is there.
    :param cgroup: of the conmon.
    :param attach: called when the attach socket is there, and before the
        process is.
    :raises CreateFailed: the OCI runtime refused the process.
    :raises Internal: conmon itself failed, or did not answer in time.
    """
    with contextlib.ExitStack() as stack:
        sync_read, sync_write = conmon.pipe(stack)
        attach_read, attach_write = conmon.pipe(stack)
        go_read, go_write = conmon.pipe(stack)
        process = conmon.spawn(
            arguments(binary, runtime, files, terminal), files.conmon_log, {
                '_OCI_SYNCPIPE': sync_write, '_OCI_ATTACHPIPE': attach_write,
                '_OCI_STARTPIPE': go_read})
        stack.callback(process.wait)
        stack.callback(process.kill)
        for end in (sync_write, attach_write, go_read):
            end.close()
        with _killed_on_failure(files):
            conmon.release(process.pid, cgroup, go_write)
            if not conmon.answer(attach_read).endswith(b'\n'):
                raise exception.Internal(
                    f'conmon failed: {_said(files)}', 'engine.failed')
            attach()
            # A conmon that has just been killed is seen at the next step.
            with contextlib.suppress(BrokenPipeError):
                go_write.write(b'.')
            report = conmon.answer(sync_read)
            return _pid(report, files)


def arguments(binary: pathlib.Path, runtime: oci_runtime.OciRuntime,
              files: records.ExecFiles, terminal: bool) -> list[str]:
    """Return conmon's command line."""
    name = files.container_id
    words = [
        str(binary), '--api-version', '1', '--exec', '--exec-attach',
        '--exec-process-spec', str(files.process),
        '--cid', name, '--cuuid', name, '--name', name,
        '--runtime', str(runtime.binary),
        '--bundle', str(files.home), '--full-attach',
        '--container-pidfile', str(files.pid),
        '--conmon-pidfile', str(files.conmon_pid),
        '--exit-dir', str(files.home),
        '--log-path', 'off', '--log-level', 'error', '--no-sync-log',
    ]
    words.extend(f'--runtime-arg={argument}' for argument
                 in runtime.global_arguments(files.runtime_log))
    # Without --stdin the process would have the host's own /dev/null, which
    # crun gives away (see host.devices); a pipe at its end reads the same.
    words.append('--terminal' if terminal else '--stdin')
    return words


def _pid(report: bytes, files: records.ExecFiles) -> int:
    if not report and (refused := oci_runtime.said(files.runtime_log)):
        # It ended in silence because the OCI runtime was silent to it.
        raise conmon.CreateFailed(refused)
    return conmon.reported_pid(report, files.conmon_log, files.runtime_log)


@contextlib.contextmanager
def _killed_on_failure(files: records.ExecFiles) -> Iterator[None]:
    """Kill a conmon that has detached, when what follows fails."""
    try:
        yield
    except BaseException:
        pid = records.read_pid(files.conmon_pid)
        processes.send_signal(
            pid, processes.start_ticks(pid), signal.SIGKILL)
        raise


def _said(files: records.ExecFiles) -> str:
    words = files.conmon_log.read_text(errors='replace').strip()
    return words or 'it said nothing'
