"""A file that appears whole or not at all.

Called by ``store.blobs``; calls the file system.
"""

import io
import os
import pathlib
import tempfile

#: Names that begin so are unfinished; recovery may delete them.
TEMPORARY = '.tmp-'


def sync_directory(path: pathlib.Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class AtomicFile:
    """A file under construction in the directory where it will stay.

    It has no place in the store until :meth:`publish`; :meth:`discard` or a
    crash before that leaves at most a name that begins with
    :data:`TEMPORARY`.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=directory)
        self.path = pathlib.Path(name)
        self._file = io.FileIO(handle, 'wb')

    def fileno(self) -> int:
        """Descriptor, open for writing."""
        return self._file.fileno()

    def write(self, data: bytes | memoryview) -> None:
        """Append all of ``data``."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view):]

    def publish(self, target: pathlib.Path, *, flush: bool = True) -> None:
        """Flush to disk, make read-only and give it its final name.

        An existing ``target`` is replaced in one step.

        :param flush: False leaves it to the caller to make the file and its
            name durable.
        """
        os.fchmod(self.fileno(), 0o400)
        if flush:
            os.fsync(self.fileno())
        self._file.close()
        os.rename(self.path, target)
        if flush:
            sync_directory(target.parent)

    def discard(self) -> None:
        """Forget the file; harmless after :meth:`publish`."""
        self._file.close()
        self.path.unlink(missing_ok=True)
