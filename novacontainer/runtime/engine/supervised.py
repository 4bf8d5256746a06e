"""The engine: an OCI runtime's containers, each watched by a conmon.

Called by ``service.containers`` through ``engine.base.Engine``; chosen by
``engine.select``.  Calls ``engine.{oci_runtime,conmon,cgroups,records}``, and
``engine.{attachments,execs}`` for what has parts of its own.

Signals and freezing go straight to the kernel: starting the OCI runtime for
them costs milliseconds and knows no more than we do.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import errno
import json
import logging
import pathlib
import signal as signals

from novacontainer.runtime.engine import attachments
from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import conmon
from novacontainer.runtime.engine import execs
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import records
from novacontainer.runtime.engine import seccomp_bpf
from novacontainer.runtime import exception
from novacontainer.runtime.host import capabilities
from novacontainer.runtime.host import devices
from novacontainer.runtime.host import processes
from novacontainer.runtime import models

LOG = logging.getLogger(__name__)

#: How long a killed process, or the monitor of one, may take to end.
_PATIENCE_S = 10.0
_BPF_ANNOTATION = 'run.oci.seccomp_bpf_data'
#: What conmon makes in the bundle directory.
_BUNDLE_FILES = ('attach', 'ctl', 'winsz', 'config.json')


class Supervised:
    """An :class:`engine.base.Engine` on an OCI runtime and conmon.

    :param run_root: state that ends with the boot is kept below it.
    :param runtime_binary: crun or runc.
    """

    def __init__(self, run_root: pathlib.Path,
                 runtime_binary: pathlib.Path,
                 conmon_binary: pathlib.Path) -> None:
        self._run_root = run_root
        self._conmon = conmon_binary
        self._runtime = oci_runtime.OciRuntime(
            runtime_binary, run_root / runtime_binary.name)
        self.name = self._runtime.name
        self.version = self._runtime.version()
        self._execs = execs.Execs(run_root, conmon_binary, self._runtime)
        self._capabilities = capabilities.bounding()

    def create(self, bundle: models.Bundle) -> models.Created:
        """See :meth:`engine.base.Engine.create`."""
        files = self._files(bundle.id)
        if files.load() is not None:
            raise exception.Conflict(
                f'Container {bundle.id} exists already.',
                'container.exists')
        record = records.Record(
            cgroup_path=bundle.spec['linux']['cgroupsPath'],
            bundle=str(bundle.directory))
        with _translated(bundle.id), contextlib.ExitStack() as undo:
            undo.callback(self._abandon, bundle.id)
            files.make()
            # Before there is anything to clean: a crash from here on leaves
            # a record by which delete() finds it.
            files.save(record)
            created = self._create_held(bundle, files)
            self._conclude(files, record, created)
            undo.pop_all()
        return created

    def start(self, container_id: str) -> None:
        """See :meth:`engine.base.Engine.start`."""
        self._running(container_id)
        with _translated(container_id):
            devices.reclaim_null()
        log = self._files(container_id).runtime_log
        try:
            self._runtime.start(container_id, log)
        except exception.Internal as error:
            state = self._runtime.state(container_id, log)
            if state == 'created':
                raise
            raise exception.Conflict(
                f'Container {container_id} cannot be started: it is '
                f'{state}.', 'container.not_created') from error

    def started(self, container_id: str) -> bool:
        """See :meth:`engine.base.Engine.started`."""
        if self.pid(container_id) is None:
            return False
        log = self._files(container_id).runtime_log
        return self._runtime.state(container_id, log) != 'created'

    def kill(self, container_id: str, signal: int,
             all: bool = False) -> None:
        """See :meth:`engine.base.Engine.kill`."""
        record = self._running(container_id)
        if not 0 < signal < signals.NSIG:
            raise exception.InvalidRequest(
                f'There is no signal {signal}.', 'container.signal')
        with _translated(container_id):
            if all:
                cgroups.signal_all(record.cgroup_path, signal)
            elif not processes.send_signal(
                    record.pid, record.started, signal):
                raise _not_running(container_id)

    def pause(self, container_id: str) -> None:
        """See :meth:`engine.base.Engine.pause`."""
        cgroups.freeze(self._running(container_id).cgroup_path)

    def reclaim(self, container_id: str) -> int:
        """See :meth:`engine.base.Engine.reclaim`."""
        return cgroups.reclaim(self._running(container_id).cgroup_path)

    def resume(self, container_id: str) -> None:
        """See :meth:`engine.base.Engine.resume`."""
        cgroups.thaw(self._running(container_id).cgroup_path)

    def update(self, container_id: str, resources: models.Json) -> None:
        """See :meth:`engine.base.Engine.update`."""
        self._running(container_id)
        files = self._files(container_id)
        with _translated(container_id):
            files.resources.write_text(json.dumps(resources))
        try:
            self._runtime.update(
                container_id, files.resources, files.runtime_log)
        finally:
            files.resources.unlink(missing_ok=True)

    def delete(self, container_id: str, force: bool = False) -> None:
        """See :meth:`engine.base.Engine.delete`."""
        files = self._files(container_id)
        record = files.load()
        if record is None:
            return
        with _translated(container_id):
            if _alive(record):
                if not force:
                    raise exception.Conflict(
                        f'Container {container_id} is running; stop it '
                        'first.', 'container.running')
                _put_down(record)
            self._clear(record, files, force)

    def pid(self, container_id: str) -> int | None:
        """See :meth:`engine.base.Engine.pid`."""
        record = self._files(container_id).load()
        return record.pid if record and _alive(record) else None

    def exit_code(self, container_id: str) -> int | None:
        """See :meth:`engine.base.Engine.exit_code`."""
        return self._files(container_id).exit_code()

    def forget(self, container_id: str) -> None:
        """See :meth:`engine.base.Engine.forget`."""
        files = self._files(container_id)
        with _translated(container_id):
            self._execs.forget_all(container_id)
            files.remove()
            files.exit.unlink(missing_ok=True)

    def attach(self, container_id: str) -> models.Attachment:
        """See :meth:`engine.base.Engine.attach`."""
        record = self._running(container_id)
        return attachments.attach(
            pathlib.Path(record.bundle), record.pid, record.started)

    def resize(self, container_id: str, rows: int, columns: int) -> None:
        """See :meth:`engine.base.Engine.resize`."""
        bundle = pathlib.Path(self._running(container_id).bundle)
        with _translated(container_id):
            document = json.loads((bundle / 'config.json').read_text())
        # conmon would keep, and choke on, sizes that no terminal takes.
        if document['process']['terminal']:
            attachments.resize(bundle, rows, columns)

    def execute(self, execution: models.Execution) -> models.Executed:
        """See :meth:`engine.base.Engine.execute`."""
        record = self._running(execution.container_id)
        with _translated(execution.container_id):
            try:
                return self._execs.execute(
                    self._reachable(execution, record), record.cgroup_path)
            except (exception.Internal, OSError) as fault:
                if _alive(record):
                    raise
                # It ended meanwhile, and may be half removed.
                raise _not_running(execution.container_id) from fault

    def exec_exit_code(self, container_id: str, exec_id: str) -> int | None:
        """See :meth:`engine.base.Engine.exec_exit_code`."""
        return self._execs.exit_code(container_id, exec_id)

    def resize_exec(self, container_id: str, exec_id: str, rows: int,
                    columns: int) -> None:
        """See :meth:`engine.base.Engine.resize_exec`."""
        self._execs.resize(container_id, exec_id, rows, columns)

    def forget_exec(self, container_id: str, exec_id: str) -> None:
        """See :meth:`engine.base.Engine.forget_exec`."""
        with _translated(container_id):
            self._execs.forget(container_id, exec_id)

    def _reachable(self, execution: models.Execution,
                   record: records.Record) -> models.Execution:
        """Return the process with what the container may have at most."""
        config = pathlib.Path(record.bundle, 'config.json').read_text()
        document = _within_reach(
            {**json.loads(config), 'process': execution.process},
            self._capabilities)
        return dataclasses.replace(execution, process=document['process'])

    def _clear(self, record: records.Record, files: records.Files,
               force: bool) -> None:
        """Remove what is left of a container whose process has ended."""
        if record.pid:
            self._execs.await_monitors(files.container_id)
            _await_monitor(record)
        else:
            # A create that failed, or that a crash cut short.
            conmon.kill_unrecorded(
                self._conmon, self._runtime, files.container_id)
            cgroups.signal_all(record.cgroup_path, signals.SIGKILL)
        with contextlib.suppress(exception.NotFound):
            self._runtime.delete(
                files.container_id, files.runtime_log, force)
        cgroups.remove(record.cgroup_path)
        for name in _BUNDLE_FILES:
            pathlib.Path(record.bundle, name).unlink(missing_ok=True)
        files.remove()

    def _create_held(self, bundle: models.Bundle,
                     files: records.Files) -> models.Created:
        document = _within_reach(bundle.spec, self._capabilities)
        if self.name == 'crun':
            document = _precompiled(document)
        bundle.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (bundle.directory / 'config.json').write_text(json.dumps(document))
        try:
            return conmon.create(self._conmon, self._runtime, bundle, files)
        except conmon.CreateFailed as error:
            process = document['process']
            raise oci_runtime.create_fault(
                str(error), process['args'][0],
                [limit['type'].removeprefix('RLIMIT_').lower()
                 for limit in process.get('rlimits', ())]) from error

    def _conclude(self, files: records.Files, record: records.Record,
                  created: models.Created) -> None:
        """Write down what was made."""
        devices.reclaim_null()
        files.save(dataclasses.replace(
            record, pid=created.pid,
            started=processes.start_ticks(created.pid),
            conmon_pid=created.conmon_pid,
            conmon_started=created.conmon_started))

    def _abandon(self, container_id: str) -> None:
        """Clean up after a failed create, without hiding why it failed."""
        try:
            self.delete(container_id, force=True)
            self.forget(container_id)
        except exception.RuntimeFault as fault:
            LOG.warning('Container %s was not made, and cleaning up after '
                        'it failed: %s', container_id, fault)

    def _running(self, container_id: str) -> records.Record:
        record = self._files(container_id).load()
        if record is None:
            raise exception.NotFound(
                f'No such container: {container_id}', 'container.not_found')
        if not _alive(record):
            raise _not_running(container_id)
        return record

    def _files(self, container_id: str) -> records.Files:
        return records.Files.of(self._run_root, container_id)


@contextlib.contextmanager
def _translated(container_id: str) -> Iterator[None]:
    """Turn errors of the host into the runtime's, once."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind = exception.Unavailable if full else exception.Internal
        raise kind(f'The host failed container {container_id}: {error}',
                   'engine.host') from error


def _alive(record: records.Record) -> bool:
    return processes.alive(record.pid, record.started)


def _not_running(container_id: str) -> exception.Conflict:
    return exception.Conflict(
        f'Container {container_id} is not running', 'container.not_running')


def _put_down(record: records.Record) -> None:
    """Kill the first process, and with it its pid namespace."""
    processes.send_signal(record.pid, record.started, signals.SIGKILL)
    # In a version 1 cgroup even SIGKILL waits until the process is thawed.
    cgroups.thaw(record.cgroup_path)
    if not processes.wait_gone(record.pid, record.started, _PATIENCE_S):
        raise exception.Internal(
            f'Process {record.pid} does not die; it waits for the kernel.',
            'engine.unkillable')


def _await_monitor(record: records.Record) -> None:
    """Wait for conmon to note the exit code and leave; or put it down."""
    monitor = record.conmon_pid, record.conmon_started
    if not processes.wait_gone(*monitor, _PATIENCE_S):
        LOG.warning('conmon %d did not end with its container; killing it',
                    record.conmon_pid)
        processes.send_signal(*monitor, signals.SIGKILL)


def _precompiled(document: models.Json) -> models.Json:
    """Return the document with its filter compiled, in crun's annotation."""
    linux = dict(document['linux'])
    rules = linux.pop('seccomp', None)
    if rules is None:
        return document
    annotations = dict(document.get('annotations', {}))
    annotations[_BPF_ANNOTATION] = seccomp_bpf.compiled(rules)
    return {**document, 'linux': linux, 'annotations': annotations}


def _within_reach(document: models.Json,
                  reach: frozenset[str]) -> models.Json:
    """Drop the capabilities that this daemon does not have itself.

    Only without a user namespace: a new one comes with all of them.
    """
    held = document['process']['capabilities']
    kinds = {entry['type'] for entry in document['linux']['namespaces']}
    if 'user' in kinds or reach.issuperset(held['bounding']):
        return document
    kept = {name: sorted(reach.intersection(names))
            for name, names in held.items()}
    return {**document,
            'process': {**document['process'], 'capabilities': kept}}
