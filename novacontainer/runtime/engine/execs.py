"""Further processes in containers, each watched by a conmon of its own.

Called by ``engine.supervised``.  Calls ``engine.conmon_exec``,
``engine.attachments`` and ``engine.records``.

No lock is held meanwhile, so that a process that does not come up holds
nothing else up.  A container that ends takes its processes with it; who is
starting one then fails, and cleans up after itself.
"""

import contextlib
import json
import logging
import os
import pathlib
import signal
import socket

from novacontainer.runtime.engine import attachments
from novacontainer.runtime.engine import conmon
from novacontainer.runtime.engine import conmon_exec
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import records
from novacontainer.runtime.host import devices
from novacontainer.runtime.host import processes
from novacontainer.runtime import models

LOG = logging.getLogger(__name__)

#: How long a monitor may take to end after its process.
_PATIENCE_S = 5.0


class Execs:
    """Runs processes in the containers of one engine.

    :param run_root: see :class:`engine.supervised.Supervised`.
    """

    def __init__(self, run_root: pathlib.Path, conmon_binary: pathlib.Path,
                 runtime: oci_runtime.OciRuntime) -> None:
        self._run_root = run_root
        self._conmon = conmon_binary
        self._runtime = runtime

    def execute(self, execution: models.Execution,
                cgroup_path: str) -> models.Executed:
        """See :meth:`engine.base.Engine.execute`.

        :param cgroup_path: of the container.
        """
        files = self._files(execution.container_id, execution.id)
        terminal = bool(execution.process.get('terminal'))
        with contextlib.ExitStack() as undo:
            undo.callback(files.remove)
            files.make()
            files.process.write_text(json.dumps(execution.process))
            connection = None

            def attach() -> None:
                nonlocal connection
                connection = attachments.connect(files.home)
                undo.callback(connection.close)
                if not (terminal or execution.stdin_open):
                    connection.shutdown(socket.SHUT_WR)

            try:
                pid = conmon_exec.execute(
                    self._conmon, self._runtime, files, terminal=terminal,
                    cgroup=os.path.join(
                        os.path.dirname(cgroup_path), 'conmon'),
                    attach=attach)
            except conmon.CreateFailed as error:
                raise oci_runtime.exec_fault(
                    str(error), execution.process['args'][0]) from error
            finally:
                devices.reclaim_null()
            undo.pop_all()
        assert connection is not None
        monitor = records.read_pid(files.conmon_pid)
        return models.Executed(
            pid=pid, conmon_pid=monitor,
            conmon_started=processes.start_ticks(monitor),
            attachment=models.Attachment(
                connection, processes.open_pidfd(
                    pid, processes.start_ticks(pid))))

    def exit_code(self, container_id: str, exec_id: str) -> int | None:
        """See :meth:`engine.base.Engine.exec_exit_code`."""
        return records.read_exit_code(
            self._files(container_id, exec_id).exit)

    def resize(self, container_id: str, exec_id: str, rows: int,
               columns: int) -> None:
        """See :meth:`engine.base.Engine.resize_exec`."""
        attachments.resize(
            self._files(container_id, exec_id).home, rows, columns)

    def forget(self, container_id: str, exec_id: str) -> None:
        """See :meth:`engine.base.Engine.forget_exec`."""
        self._files(container_id, exec_id).remove()

    def await_monitors(self, container_id: str) -> None:
        """Wait until nobody watches processes of a container any more.

        To be called when these have been killed: a monitor that does not end
        by itself is ended.
        """
        for home in self._homes(container_id):
            pid = records.read_pid(home / 'conmon.pid')
            monitor = pid, processes.start_ticks(pid)
            if not processes.wait_gone(*monitor, _PATIENCE_S):
                LOG.warning('conmon %d did not end with its process; '
                            'killing it', pid)
                processes.send_signal(*monitor, signal.SIGKILL)

    def forget_all(self, container_id: str) -> None:
        """Delete the files of all execs of a container."""
        records.remove_execs(self._run_root, container_id)

    def _homes(self, container_id: str) -> list[pathlib.Path]:
        try:
            return list(records.execs_of(
                self._run_root, container_id).iterdir())
        except FileNotFoundError:
            return []

    def _files(self, container_id: str, exec_id: str) -> records.ExecFiles:
        return records.ExecFiles.of(self._run_root, container_id, exec_id)
