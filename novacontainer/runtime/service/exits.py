"""Notice that a monitor has ended, whoever started it and when.

Called by ``service.preparation`` and ``service.recovery``
(:meth:`ExitMonitor.watch`).  Calls the function it was made with, in a
thread of a small pool.

A pidfd becomes readable when its process ends, need not belong to a child,
and never comes to mean another process (pidfd_open(2)).  One thread waits
for all of them, however many there are.
"""

from collections.abc import Callable
import concurrent.futures
import os
import select
import threading

from oslo_log import log as logging

LOG = logging.getLogger(__name__)

#: Ends that are worked on at the same time.
WORKERS = 8


class ExitMonitor:
    """Waits for any number of processes.

    :param on_exit: called with the key of the process that has ended.
    """

    def __init__(self, on_exit: Callable[[str], None]) -> None:
        self._on_exit = on_exit
        self._lock = threading.Lock()
        self._fds: dict[str, int] = {}
        self._keys: dict[int, str] = {}
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._stopping = False
        self._pool = concurrent.futures.ThreadPoolExecutor(
            WORKERS, thread_name_prefix='exit')
        self._thread = threading.Thread(
            target=self._run, name='exit-monitor', daemon=True)

    def start(self) -> None:
        """Begin to call ``on_exit``; what was watched before counts."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for the calls that are under way."""
        self._stopping = True
        os.eventfd_write(self._wake, 1)
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown()
        with self._lock:
            for fd in self._fds.values():
                os.close(fd)
            self._fds.clear()
            self._keys.clear()
            self._epoll.close()
            os.close(self._wake)

    def watch(self, key: str, fd: int) -> None:
        """Call ``on_exit(key)`` once ``fd`` is readable; takes over ``fd``.

        A process that was watched under this key before is forgotten.
        """
        with self._lock:
            self._drop(key)
            self._fds[key] = fd
            self._keys[fd] = key
            self._epoll.register(fd, select.EPOLLIN | select.EPOLLONESHOT)

    def forget(self, key: str) -> None:
        """Watch no longer; fine when it is not watched."""
        with self._lock:
            self._drop(key)

    def __len__(self) -> int:
        """Return how many processes are watched."""
        with self._lock:
            return len(self._fds)

    def _drop(self, key: str) -> None:
        fd = self._fds.pop(key, None)
        if fd is not None:
            del self._keys[fd]
            # Closing takes it out of the epoll set too.
            os.close(fd)

    def _run(self) -> None:
        while not self._stopping:
            for fd, _ in self._epoll.poll():
                if fd != self._wake:
                    self._ended(fd)

    def _ended(self, fd: int) -> None:
        with self._lock:
            # Between the poll and here the descriptor may have been
            # dropped, and its number given to another process.
            key = self._keys.get(fd)
            if key is None or not _is_readable(fd):
                return
            self._drop(key)
        self._pool.submit(self._on_exit, key).add_done_callback(_report)


def _is_readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _report(done: 'concurrent.futures.Future[None]') -> None:
    """Log what went wrong where nobody waits for the result."""
    error = done.exception()
    if error is not None:
        LOG.error('The end of a container could not be recorded',
                  exc_info=error)
