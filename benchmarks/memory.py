"""Peak memory of a process and all that it started.

Called by: ``load``.
"""

import contextlib
import pathlib
import threading

#: Seconds between two looks.
TICK_S = 0.02


def tree(pid):
    """Yield a process and its descendants (proc(5), task/TID/children)."""
    yield pid
    for children in pathlib.Path(f'/proc/{pid}/task').glob('*/children'):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from tree(int(child))


def resident_mb(pid):
    """Return the resident memory of the tree in MB (2^20 bytes)."""
    total_kb = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            status = pathlib.Path(f'/proc/{member}/status').read_text()
            for line in status.splitlines():
                if line.startswith('VmRSS:'):
                    total_kb += int(line.split()[1])
    return total_kb / 1024


class Peak:
    """Watches a tree of processes while a with block runs."""

    def __init__(self, pid):
        self.pid = pid
        self.before_mb = self.mb = resident_mb(pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._end.set()
        self._thread.join()

    def _watch(self):
        while not self._end.wait(TICK_S):
            self.mb = max(self.mb, resident_mb(self.pid))
