"""Control groups of containers: version 1, version 2, and both at once.

Called by ``engine.supervised``, ``engine.conmon``, ``engine.select``,
``service.containers`` (OOM kills).  Calls the cgroup file systems.

A cgroup path such as ``/novacontainer/<id>`` names a directory in every
hierarchy.  Sources: the kernel's ``admin-guide/cgroup-v2.rst`` and
``admin-guide/cgroup-v1/{freezer-subsystem,memory}.rst``.
"""

from collections.abc import Callable
import contextlib
import enum
import errno
import functools
import itertools
import os
import pathlib
import time

from novacontainer.runtime import exception
from novacontainer.runtime.host import processes

ROOT = pathlib.Path('/sys/fs/cgroup')

#: Long, because a process that waits for a busy disk neither freezes nor
#: leaves its group before it has been served.
_PATIENCE_S = 20.0
_TICK_S = 0.002
#: How much memory is taken at a time, and for how long.
_RECLAIM_BYTES = 64 << 20
_RECLAIM_S = 5.0
#: After how many of them what does not freeze is let go for a moment.
_TICKS_TO_THAW = 100


class Layout(enum.Enum):
    """How the host mounts its hierarchies."""

    V1 = 'v1'
    HYBRID = 'hybrid'
    V2 = 'v2'

    @property
    def version(self) -> int:
        """The version that limits are applied with."""
        return 2 if self is Layout.V2 else 1


def layout(root: pathlib.Path = ROOT) -> Layout:
    """Return the layout of this host.

    :raises NotSupported: no control groups are mounted.
    """
    if (root / 'cgroup.controllers').exists():
        return Layout.V2
    if (root / 'unified' / 'cgroup.controllers').exists():
        return Layout.HYBRID
    if hierarchies(root):
        return Layout.V1
    raise exception.NotSupported(
        f'No control groups are mounted at {root}; mount cgroup2 there.',
        'host.cgroups')


def hierarchies(root: pathlib.Path = ROOT) -> list[pathlib.Path]:
    """Return the top directory of every hierarchy."""
    if (root / 'cgroup.controllers').exists():
        return [root]
    with os.scandir(root) as entries:
        # Links are other names for joint hierarchies (cpu -> cpu,cpuacct).
        found = [pathlib.Path(entry.path) for entry in entries
                 if entry.is_dir(follow_symlinks=False)]
    return [path for path in found if (path / 'cgroup.procs').exists()]


def directories(cgroup_path: str,
                root: pathlib.Path = ROOT) -> list[pathlib.Path]:
    """Return the existing directories of a cgroup in all hierarchies."""
    relative = cgroup_path.lstrip('/')
    return [path for hierarchy in hierarchies(root)
            if (path := hierarchy / relative).is_dir()]


def place(pid: int, cgroup_path: str, root: pathlib.Path = ROOT) -> None:
    """Move a process into a cgroup, where service managers look for it.

    That is the version 2 hierarchy and systemd's named one; a controller's
    hierarchy would only charge it elsewhere, and each move costs time.

    :raises OSError: the kernel refused.
    """
    for hierarchy in hierarchies(root):
        if hierarchy == root or hierarchy.name in ('unified', 'systemd'):
            directory = hierarchy / cgroup_path.lstrip('/')
            directory.mkdir(parents=True, exist_ok=True)
            (directory / 'cgroup.procs').write_text(str(pid))


def freeze(cgroup_path: str, root: pathlib.Path = ROOT) -> None:
    """Freeze a cgroup and wait until everything in it stands still.

    :raises Internal: it does not come to rest, or cannot be frozen.
    """
    _set_frozen(cgroup_path, True, root)


def thaw(cgroup_path: str, root: pathlib.Path = ROOT) -> None:
    """Undo :func:`freeze`; fine when it was not frozen.

    :raises Internal: it cannot be thawed.
    """
    _set_frozen(cgroup_path, False, root)


class _Freezer:
    """The file that freezes a cgroup, and the one that tells of it."""

    def __init__(self, cgroup_path: str, root: pathlib.Path) -> None:
        relative = cgroup_path.lstrip('/')
        legacy = root / 'freezer' / relative / 'freezer.state'
        self._is_legacy = legacy.exists()
        self.control = (legacy if self._is_legacy else
                        _unified(root) / relative / 'cgroup.freeze')

    def set(self, frozen: bool) -> None:
        """Ask for a state; the kernel may take its time."""
        if self._is_legacy:
            self.control.write_text('FROZEN' if frozen else 'THAWED')
        else:
            self.control.write_text('1' if frozen else '0')

    def is_frozen(self) -> bool:
        """Say whether everything stands still."""
        if self._is_legacy:
            # Neither while it is FREEZING.
            return self.control.read_text().strip() == 'FROZEN'
        events = self.control.with_name('cgroup.events').read_text()
        return 'frozen 1' in events.splitlines()


def _set_frozen(cgroup_path: str, frozen: bool, root: pathlib.Path) -> None:
    freezer = _Freezer(cgroup_path, root)
    if not frozen and not freezer.control.exists():
        return
    ticks = itertools.count(1)

    def settled() -> bool:
        # A task that was just forked can hold version 1 at FREEZING:
        # writing again makes the kernel look again. One that waits for
        # another which stands still already goes on only if that one does.
        if frozen and not next(ticks) % _TICKS_TO_THAW:
            freezer.set(False)
            time.sleep(_TICK_S)
        freezer.set(frozen)
        return freezer.is_frozen() is frozen

    try:
        if _wait(settled):
            return
        freezer.set(False)
    except OSError as error:
        raise exception.Internal(
            f'Cannot write {freezer.control}: {error}',
            'engine.cgroup') from error
    raise exception.Internal(
        f'The processes in {cgroup_path} do not come to rest; one of '
        'them waits for the kernel.', 'engine.cgroup')


def reclaim(cgroup_path: str, root: pathlib.Path = ROOT) -> int:
    """Take memory from a cgroup, for a few seconds at most.

    ``memory.reclaim`` of version 2 (Linux 5.19), ``memory.force_empty`` of
    version 1.

    :return: bytes that it uses less; never negative.
    :raises NotSupported: the kernel has neither.
    """
    relative = cgroup_path.lstrip('/')
    legacy = root / 'memory' / relative
    if (legacy / 'memory.force_empty').exists():
        return _reclaim(legacy / 'memory.usage_in_bytes',
                        legacy / 'memory.force_empty', lambda used: '0')
    own = _unified(root) / relative
    if (own / 'memory.reclaim').exists():
        return _reclaim(own / 'memory.current', own / 'memory.reclaim',
                        lambda used: str(min(used, _RECLAIM_BYTES)))
    raise exception.NotSupported(
        'This kernel does not take memory back from what stands still: '
        'cgroup2 does, with its memory controller, since Linux 5.19.',
        'host.cgroups')


def _reclaim(usage: pathlib.Path, control: pathlib.Path,
             order: Callable[[int], str]) -> int:
    """Order the kernel to reclaim until it can, or will, do no more."""
    deadline = time.monotonic() + _RECLAIM_S
    # As when the group ends meanwhile; EAGAIN: it did not find as much.
    with contextlib.suppress(OSError):
        before = used = int(usage.read_text())
        while used and time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                control.write_text(order(used))
            left = int(usage.read_text())
            if left >= used:
                break
            used = left
        return max(0, before - used)
    return 0


def members(cgroup_path: str, root: pathlib.Path = ROOT) -> set[int]:
    """Return the pids in a cgroup and below it, in any hierarchy."""
    pids: set[int] = set()
    for top in directories(cgroup_path, root):
        for procs in top.rglob('cgroup.procs'):
            # A cgroup may go, and reading a threaded one is EOPNOTSUPP.
            with contextlib.suppress(OSError):
                pids.update(map(int, procs.read_text().split()))
    return pids


def signal_all(cgroup_path: str, signal: int,
               root: pathlib.Path = ROOT) -> None:
    """Send a signal to every process in a cgroup."""
    for pid in members(cgroup_path, root):
        processes.send_signal(pid, processes.start_ticks(pid), signal)


def remove(cgroup_path: str, root: pathlib.Path = ROOT) -> None:
    """Remove a cgroup from every hierarchy, with what is below it.

    Waits a moment for dying processes; fine when it does not exist.

    :raises Internal: something still runs in it.
    """
    for top in directories(cgroup_path, root):
        try:
            gone = _wait(functools.partial(_rmdir_tree, top))
        except OSError as error:
            raise exception.Internal(
                f'Cannot remove the control group {top}: {error}',
                'engine.cgroup') from error
        if not gone:
            raise exception.Internal(
                f'The control group {top} is still in use by '
                f'{sorted(members(cgroup_path, root))}.', 'engine.cgroup')


def _rmdir_tree(top: pathlib.Path) -> bool:
    """Remove directories bottom up; False when one is busy."""
    try:
        for path, _, _ in os.walk(top, topdown=False):
            os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError as error:
        # ENOTEMPTY: someone made a group in it just now.
        if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
            raise
        return False
    return True


def oom_killed(cgroup_path: str, root: pathlib.Path = ROOT) -> bool:
    """Say whether the kernel killed a process of the cgroup for memory.

    False when the cgroup has gone: ask before the container is deleted.
    """
    relative = cgroup_path.lstrip('/')
    for path in (root / 'memory' / relative / 'memory.oom_control',
                 _unified(root) / relative / 'memory.events'):
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        counts = dict(line.split() for line in lines)
        if int(counts.get('oom_kill', 0)):
            return True
    return False


def _unified(root: pathlib.Path) -> pathlib.Path:
    unified = root / 'unified'
    return unified if unified.is_dir() else root


def _wait(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_TICK_S)
    return True
