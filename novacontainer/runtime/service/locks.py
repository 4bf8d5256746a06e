"""One lock per container, there only while someone needs it.

Called by every service that changes a container.  Calls nothing.

Rules that keep this free of deadlock: a thread holds the lock of one
container at a time, takes no lock of another kind before it, and does not
wait for a container's end while it holds that container's lock, because the
end is recorded under it.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import threading


@dataclasses.dataclass(slots=True)
class _Entry:
    lock: threading.Lock
    users: int = 0


class Locks:
    """Locks by container id."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    @contextlib.contextmanager
    def hold(self, container_id: str) -> Iterator[None]:
        """Hold the lock of one container; not reentrant."""
        with self._guard:
            entry = self._entries.setdefault(
                container_id, _Entry(threading.Lock()))
            entry.users += 1
        try:
            with entry.lock:
                yield
        finally:
            with self._guard:
                entry.users -= 1
                if not entry.users:
                    del self._entries[container_id]

    def __len__(self) -> int:
        """Return how many containers are locked or waited for."""
        with self._guard:
            return len(self._entries)
