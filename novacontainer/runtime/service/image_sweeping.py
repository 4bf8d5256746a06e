"""Delete images' files behind the caller's back.

Called by ``image_catalog`` with what it has taken out of its place; calls the
store.  On a busy disk the files of a large image take seconds to delete, and
nobody needs to wait for that: under their temporary names nothing finds them
any more.  What a crash or the daemon's end leaves is deleted when it starts.
"""

from collections.abc import Callable
from collections.abc import Iterable
import logging
import pathlib
import queue
import threading

from novacontainer.runtime import exception
from novacontainer.runtime.host import trees

LOG = logging.getLogger(__name__)


class Sweeper:
    """Deletes trees and files in a thread that ends with its work.

    :param swept: called by the thread when all is deleted that it had.
    """

    def __init__(self, swept: Callable[[], None] = lambda: None) -> None:
        self._swept = swept
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[pathlib.Path] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def begin(self, paths: Iterable[pathlib.Path]) -> None:
        """Delete these, soon; a missing one is fine."""
        with self._lock:
            for path in paths:
                self._waiting.put(path)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name='sweep-images', daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Wait until all is deleted."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Wait for what is being deleted, and leave the rest."""
        with self._lock:
            self._closed = True
        self.wait()

    def _run(self) -> None:
        told = True
        while True:
            with self._lock:
                empty = self._waiting.empty()
                if self._closed or (empty and told):
                    self._thread = None
                    return
                path = None if empty else self._waiting.get()
            told = path is None
            if path is None:
                self._tell()
                continue
            try:
                trees.remove(path)
            except OSError as error:
                LOG.warning('%s of a removed image could not be deleted, '
                            'and will be at the next start: %s', path, error)

    def _tell(self) -> None:
        try:
            self._swept()
        except exception.RuntimeFault as fault:
            LOG.warning('What was made of removed images could not be '
                        'deleted, and will be at the next start: %s', fault)
