"""Bring loaded images to the disk behind the caller's back.

Called by ``image_catalog`` after each change; calls the store.  Flushing a
gigabyte can take longer than loading it, and a tenant's boot would wait.  So
an image is usable at once, and its layers' records carry the id of this boot
until a flush has succeeded.  A crash of the daemon loses nothing, because
the kernel keeps what it was given.  After a crash of the host ``image_repair``
finds the marks of the former boot and looks into those layers.
"""

import logging
import pathlib
import threading

from novacontainer.runtime import exception
from novacontainer.runtime.store import blobs as blob_store
from novacontainer.runtime.store import database as store_database
from novacontainer.runtime.store import images
from novacontainer.runtime.store import layers as layer_store

LOG = logging.getLogger(__name__)

_BOOT_ID = pathlib.Path('/proc/sys/kernel/random/boot_id')


def boot_id() -> str:
    """Give the kernel's name for the current boot (random(4))."""
    return _BOOT_ID.read_text().strip()


class Settler:
    """Flushes in a thread of its own; at most one at a time."""

    def __init__(self, database: store_database.Database,
                 blobs: blob_store.Blobs,
                 layers: layer_store.Layers) -> None:
        self._database = database
        self._blobs = blobs
        self._layers = layers
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._again = False

    def begin(self) -> None:
        """Flush what is marked, soon."""
        with self._lock:
            if self._thread is not None:
                self._again = True
                return
            self._thread = threading.Thread(
                target=self._run, name='settle-images', daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait for a flush that is under way."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._settle()
            except (OSError, exception.RuntimeFault) as error:
                LOG.warning(
                    'Loaded images could not be flushed to disk, so they '
                    'will be checked if this host crashes: %s', error)
            with self._lock:
                if not self._again:
                    self._thread = None
                    return
                self._again = False

    def _settle(self) -> None:
        with self._database.reading() as connection:
            marked = [layer for layer, boot in images.unsettled(connection)
                      if boot == boot_id()]
        if not marked:
            return
        # The files had their names before the rows were written, so they
        # are among what is flushed now.
        self._blobs.sync()
        self._layers.sync()
        with self._database.transaction() as connection:
            images.settle(connection, marked)
