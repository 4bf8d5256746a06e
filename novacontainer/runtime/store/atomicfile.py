"""A file that appears whole or not at all.

Called by ``store.blobs``; calls the file system.
"""

import io
import os
import pathlib
import tempfile

#: Names that begin so are unfinished; recovery may delete them.
TEMPORARY = '.tmp-'


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

    def close(self) -> None:
        """Release the descriptor after the last write."""
        self._file.close()

    def publish(self, target: pathlib.Path) -> None:
        """Make the file read-only and give it its final name.

        An existing ``target`` is replaced in one step.  Neither the bytes
        nor the name are durable before ``host.filesystem.sync``.
        """
        self.close()
        os.chmod(self.path, 0o400)
        os.rename(self.path, target)

    def discard(self) -> None:
        """Forget the file; harmless after :meth:`publish`."""
        self.close()
        self.path.unlink(missing_ok=True)
