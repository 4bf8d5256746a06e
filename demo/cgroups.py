"""Cgroups of the demo's containers, in every hierarchy.

Called by ``leaks`` and ``cleaning``.
"""

import contextlib
import os
import pathlib
import signal
import time

from demo import runtime

_ROOT = pathlib.Path('/sys/fs/cgroup')

_MONITORS = 'conmon'


def parents() -> list[pathlib.Path]:
    """Our top cgroup in each hierarchy: cgroup v1, v2 or both (hybrid)."""
    places = [_ROOT, *(path for path in _ROOT.iterdir() if path.is_dir())]
    return [place / runtime.CGROUP_PARENT for place in places
            if (place / runtime.CGROUP_PARENT).is_dir()]


def listed() -> set[str]:
    """The containers' cgroups; that of the monitors outlives them."""
    return {str(path) for parent in parents() for path in parent.iterdir()
            if path.is_dir() and path.name != _MONITORS}


def kill() -> list[str]:
    """Kill what runs in them, and return the pids."""
    pids: set[str] = set()
    for parent in parents():
        for path in (parent, *parent.rglob('*')):
            if path.name == 'cgroup.procs':
                pids.update(path.read_text().split())
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    return sorted(pids)


def remove(timeout_s: float = 5) -> list[str]:
    """Remove them, the innermost first, and return our top ones."""
    removed = []
    for parent in parents():
        below = [path for path in parent.rglob('*') if path.is_dir()]
        for path in (*sorted(below, reverse=True), parent):
            _remove(path, timeout_s)
        removed.append(str(parent))
    return removed


def _remove(path: pathlib.Path, timeout_s: float) -> None:
    """Remove one cgroup; it stays busy until its last process is reaped."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            path.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
