"""Keep what was a container's log before it started anew.

Called by ``service.preparation`` and, for what an earlier daemon left,
``service.containers``.  Calls ``host.watching``.

conmon gives a log that has become too large a new beginning: another file is
moved over it, and what was written before would be gone.  So each such log
has a second name, ``log.0``; when conmon is seen to move a file there, what
was ``log.0`` becomes ``log.1``, and so on.  A beginning that nobody saw, as
while there is no daemon, costs what lay between.
"""

import contextlib
import os
import pathlib
import threading

from oslo_log import log as logging

from novacontainer.runtime.host import watching

LOG = logging.getLogger(__name__)


class LogKeeper:
    """Keeps earlier logs of any number of containers; thread-safe."""

    def __init__(self) -> None:
        self._watcher = watching.Watcher()
        self._lock = threading.Lock()
        #: By number of the directory: the log, and how many files it has.
        self._logs: dict[int, tuple[pathlib.Path, int]] = {}
        self._closed = False
        self._thread = threading.Thread(
            target=self._run, name='logs', daemon=True)

    def open(self) -> None:
        """Begin to notice."""
        self._thread.start()

    def close(self) -> None:
        """Notice no more."""
        self._closed = True
        self._watcher.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._watcher.close()

    def keep(self, log: pathlib.Path, files: int) -> None:
        """Keep what a log was, as long as its directory is there.

        :param log: conmon writes it.
        :param files: of them in all, at least 2.
        """
        try:
            with self._lock:
                self._logs[self._watcher.add(log.parent)] = log, files
            turn(log, files)
        except OSError as error:
            LOG.warning('Only the newest log in %s is kept: %s',
                        log.parent, error)

    def _run(self) -> None:
        while not self._closed:
            for number, name in self._watcher.wait():
                with self._lock:
                    log, files = (self._logs.get(number, (None, 0)) if name
                                  else self._logs.pop(number, (None, 0)))
                if log is not None and name == log.name:
                    try:
                        turn(log, files)
                    except OSError as error:
                        LOG.warning('What %s was before is not kept: %s',
                                    log, error)


def turn(log: pathlib.Path, files: int) -> None:
    """Give a log that has begun anew its second name.

    :raises OSError: the file system failed.
    """
    second = _numbered(log, 0)
    with contextlib.suppress(FileNotFoundError):
        if second.samefile(log):
            return
        for number in range(files - 2, -1, -1):
            with contextlib.suppress(FileNotFoundError):
                _numbered(log, number).rename(_numbered(log, number + 1))
    with contextlib.suppress(FileNotFoundError, FileExistsError):
        os.link(log, second)


def earlier(log: pathlib.Path) -> list[pathlib.Path]:
    """Return what is kept of a log, oldest first."""
    found: list[pathlib.Path] = []
    while (path := _numbered(log, len(found) + 1)).exists():
        found.append(path)
    return found[::-1]


def _numbered(log: pathlib.Path, number: int) -> pathlib.Path:
    return log.with_name(f'{log.name}.{number}')
