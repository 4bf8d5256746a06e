"""What the engine writes down about a container, in files under /run.

Called by ``engine.supervised``, ``engine.conmon``.  Calls the file system.

The directories are on tmpfs: after a reboot there is nothing left to know.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil

#: How often a directory may go while something is put into it.
_TRIES = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """A container that was created, and not deleted since.

    Start times are clock ticks since boot, see ``host.processes``.  While
    the container is being created, pids are 0.
    """

    cgroup_path: str
    bundle: str
    pid: int = 0
    started: int = 0
    conmon_pid: int = 0
    conmon_started: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class _Watched:
    """The files of a process that a conmon watches.

    :param home: their directory.
    """

    home: pathlib.Path

    @property
    def pid(self) -> pathlib.Path:
        """Pid of the process, written by the OCI runtime."""
        return self.home / 'pid'

    @property
    def conmon_pid(self) -> pathlib.Path:
        """Pid of conmon, written by itself."""
        return self.home / 'conmon.pid'

    @property
    def runtime_log(self) -> pathlib.Path:
        """What the OCI runtime had to say, one JSON object per line."""
        return self.home / 'runtime.log'

    @property
    def conmon_log(self) -> pathlib.Path:
        """Standard error of conmon."""
        return self.home / 'conmon.log'


@dataclasses.dataclass(frozen=True, slots=True)
class Files(_Watched):
    """The engine's own files of one container.

    :param home: ``<run root>/engine/<id>``.
    :param exit: conmon writes the exit code here.
    :param sockets: conmon links ``<sockets>/<id>`` to the bundle, so that
        the path of the attach socket in there is short enough.
    """

    exit: pathlib.Path
    sockets: pathlib.Path
    container_id: str

    @classmethod
    def of(cls, run_root: pathlib.Path, container_id: str) -> 'Files':
        """Return where the files of a container are, made or not."""
        return cls(run_root / 'engine' / container_id,
                   run_root / 'exits' / container_id,
                   run_root / 'attach', container_id)

    @property
    def record(self) -> pathlib.Path:
        """The :class:`Record`, as JSON."""
        return self.home / 'record.json'

    @property
    def resources(self) -> pathlib.Path:
        """Limits for the OCI runtime to put into force."""
        return self.home / 'resources.json'

    def make(self) -> None:
        """Make the directories, and drop what an earlier run left."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.exit.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (self.exit, self.record, self.pid, self.conmon_pid,
                     self.runtime_log, self.conmon_log):
            path.unlink(missing_ok=True)

    def save(self, record: Record) -> None:
        """Write the record; a reader sees the old one or the new one."""
        temporary = self.record.with_suffix('.new')
        temporary.write_text(json.dumps(dataclasses.asdict(record)))
        os.replace(temporary, self.record)

    def load(self) -> Record | None:
        """Return the record, None when the container was not created."""
        try:
            text = self.record.read_text()
        except FileNotFoundError:
            return None
        return Record(**json.loads(text))

    def read_pid(self, path: pathlib.Path) -> int:
        """Return the number in a pid file, 0 when there is none."""
        return read_pid(path)

    def exit_code(self) -> int | None:
        """Return the exit code that conmon wrote, None before it did."""
        return read_exit_code(self.exit)

    def remove(self) -> None:
        """Delete all but the exit code; fine when there is nothing."""
        # conmon's link from the directory of sockets to the bundle.
        (self.sockets / self.container_id).unlink(missing_ok=True)
        if self.home.exists():
            shutil.rmtree(self.home)


@dataclasses.dataclass(frozen=True, slots=True)
class ExecFiles(_Watched):
    """The engine's own files of one further process of a container.

    :param home: ``<run root>/execs/<container id>/<exec id>``; its attach
        socket and control fifo are in here too.
    """

    container_id: str

    @classmethod
    def of(cls, run_root: pathlib.Path, container_id: str,
           exec_id: str) -> 'ExecFiles':
        """Return where the files of an exec are, made or not."""
        return cls(execs_of(run_root, container_id) / exec_id, container_id)

    @property
    def exit(self) -> pathlib.Path:
        """The exit code; conmon names the file after the container."""
        return self.home / self.container_id

    @property
    def process(self) -> pathlib.Path:
        """The runtime-spec's ``process``."""
        return self.home / 'process.json'

    def make(self) -> None:
        """Make the directory."""
        for last in (*[False] * _TRIES, True):
            try:
                # It may be going right now.
                with contextlib.suppress(FileExistsError):
                    self.home.parent.mkdir(
                        mode=0o700, parents=True, exist_ok=True)
                self.home.mkdir(mode=0o700)
            except FileNotFoundError:
                # The last other exec has taken the parent with it.
                if last:
                    raise
            else:
                return

    def remove(self) -> None:
        """Delete everything; fine when there is nothing."""
        _remove(self.home)
        try:
            self.home.parent.rmdir()
        except OSError:
            # Gone, or another exec is in it.
            pass


def execs_of(run_root: pathlib.Path, container_id: str) -> pathlib.Path:
    """Return the directory that has a directory for each exec."""
    return run_root / 'execs' / container_id


def remove_execs(run_root: pathlib.Path, container_id: str) -> None:
    """Delete the files of all execs of a container."""
    _remove(execs_of(run_root, container_id))


def read_pid(path: pathlib.Path) -> int:
    """Return the number in a pid file, 0 when there is none."""
    try:
        return int(path.read_text() or 0)
    except FileNotFoundError:
        return 0


def read_exit_code(path: pathlib.Path) -> int | None:
    """Return the exit code that conmon wrote, None before it did."""
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return None


def _remove(directory: pathlib.Path) -> None:
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        pass
