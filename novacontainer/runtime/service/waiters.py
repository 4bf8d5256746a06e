"""Those who wait for a container's end.

Called by ``service.containers`` (:meth:`Waiters.add`), and by
``service.endings`` and ``service.removal``, which know when it has come.
Calls nothing.
"""

import concurrent.futures
import contextlib
import threading

from novacontainer.runtime import exception

ExitFuture = concurrent.futures.Future[int]

#: Docker's conditions (``POST /containers/{id}/wait``, API 1.30).
NOT_RUNNING, NEXT_EXIT, REMOVED = CONDITIONS = (
    'not-running', 'next-exit', 'removed')


class Waiters:
    """Futures of exit codes, by container and condition; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[tuple[str, ExitFuture]]] = {}

    def add(self, container_id: str, condition: str) -> ExitFuture:
        """Return a future of the exit code; cancel it to stop waiting.

        :raises InvalidRequest: Docker has no such condition.
        """
        if condition not in CONDITIONS:
            raise exception.InvalidRequest(
                f'invalid condition: {condition!r}; it is one of '
                f'{", ".join(CONDITIONS)}', 'container.invalid_condition')
        future: ExitFuture = concurrent.futures.Future()
        with self._lock:
            self._waiting.setdefault(container_id, []).append(
                (condition, future))
        future.add_done_callback(
            lambda done: self._forget(container_id, done))
        return future

    def exited(self, container_id: str, code: int) -> None:
        """Tell those who wait for the end of a run."""
        self._resolve(container_id, code, (NOT_RUNNING, NEXT_EXIT))

    def removed(self, container_id: str, code: int) -> None:
        """Tell everyone: there will be no other end."""
        self._resolve(container_id, code, CONDITIONS)

    def abandon(self) -> None:
        """Tell everyone that they will not be told: the daemon ends."""
        with self._lock:
            futures = [future for waiting in self._waiting.values()
                       for _, future in waiting]
        for future in futures:
            with contextlib.suppress(concurrent.futures.InvalidStateError):
                future.set_exception(exception.Unavailable(
                    'the daemon is shutting down; the container goes on',
                    'daemon.stopping'))

    def __len__(self) -> int:
        """Return how many wait."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def _resolve(self, container_id: str, code: int,
                 conditions: tuple[str, ...]) -> None:
        with self._lock:
            waiting = list(self._waiting.get(container_id, ()))
        for condition, future in waiting:
            # A waiter may cancel, or be told already, at any moment.
            if condition in conditions:
                settle(future, code)

    def _forget(self, container_id: str, future: ExitFuture) -> None:
        with self._lock:
            left = [entry for entry in self._waiting.get(container_id, ())
                    if entry[1] is not future]
            if left:
                self._waiting[container_id] = left
            else:
                self._waiting.pop(container_id, None)


def settle(future: ExitFuture, code: int) -> None:
    """Give a future its result, unless it is cancelled or has one."""
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        future.set_result(code)
