"""What the runtime could not be told to remove, because it went away.

Called by ``containerops`` and ``snapshotops``, which note it, and by
``lifecycle`` when the runtime is back; calls the client through what they
give.

A build that fails takes back what it has made, and a snapshot its copy.  If
the runtime is away they cannot: a half-made container would take memory that
Nova gives to others, and a hard reboot would run it as if it were whole.
"""

from collections.abc import Callable
import contextlib
import threading

from oslo_log import log as logging

from novacontainer.client import exceptions

LOG = logging.getLogger(__name__)


class Leftovers:
    """Names of what shall not be, and how to remove it."""

    def __init__(self) -> None:
        # Held while one is removed: nobody takes it for whole meanwhile.
        self._lock = threading.Lock()
        self._removals: dict[str, Callable[[str], None]] = {}

    def note(self, name: str, remove: Callable[[str], None]) -> None:
        """Have something removed as soon as that can be."""
        with self._lock:
            self._removals[name] = remove

    def remove(self, name: str) -> None:
        """Remove it now, if it is one of these.

        :raises ClientError: when the runtime does not do it.
        """
        with self._lock:
            remove = self._removals.get(name)
            if remove is None:
                return
            with contextlib.suppress(exceptions.NotFound):
                remove(name)
                LOG.info('Removed %s, which the runtime had been away for.',
                         name)
            del self._removals[name]

    def remove_all(self) -> None:
        """Try it for all of these; those that stay are tried again."""
        for name in tuple(self._removals):
            try:
                self.remove(name)
            except exceptions.ClientError as error:
                LOG.warning('%s remains: %s', name, error)
