"""Bytes as images brought them, by the digest of their content.

Called by the image services; calls the file system.  A blob is written under
a temporary name and appears under its digest whole and read-only.
"""

from collections.abc import Iterator
import hashlib
import pathlib

from novacontainer.runtime.host import filesystem
from novacontainer.runtime.store import atomicfile

_ALGORITHM = 'sha256'


class BlobWriter:
    """A blob that is being written; close it with one of the last two."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._file = atomicfile.AtomicFile(directory)
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def path(self) -> pathlib.Path:
        """Where the bytes are for now; readable while it grows."""
        return self._file.path

    @property
    def digest(self) -> str:
        """Digest of what has been written so far."""
        return f'{_ALGORITHM}:{self._hash.hexdigest()}'

    def write(self, data: bytes | memoryview) -> None:
        """Append all of ``data``."""
        self._file.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def close(self) -> None:
        """Release the descriptor after the last write."""
        self._file.close()

    def publish(self) -> None:
        """Give the blob its place; one that is there already is equal.

        It is durable after the next :meth:`Blobs.sync`.
        """
        self._file.publish(
            self._directory / self.digest.partition(':')[2])

    def discard(self) -> None:
        """Forget the bytes; harmless after :meth:`publish`."""
        self._file.discard()


class Blobs:
    """The blob store.

    :param root: its own directory; made when it is missing.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self._directory = root / _ALGORITHM
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        self._directory.mkdir(exist_ok=True)

    def path(self, digest: str) -> pathlib.Path:
        """Give the file of a blob."""
        return self._directory / digest.removeprefix(f'{_ALGORITHM}:')

    def writer(self) -> BlobWriter:
        """Begin a blob."""
        return BlobWriter(self._directory)

    def sync(self) -> None:
        """Make every published blob durable.

        :raises OSError: the disk failed.
        """
        filesystem.sync(self._directory)

    def remove(self, digest: str) -> None:
        """Delete a blob; a missing one is fine."""
        self.path(digest).unlink(missing_ok=True)

    def detach(self, digest: str) -> pathlib.Path:
        """Take a blob out of its place, at once; give its new name.

        The file at that name, if there was a blob, is to be deleted, which
        may take long.
        """
        path = self.path(digest)
        aside = path.with_name(f'{atomicfile.TEMPORARY}{path.name}')
        try:
            path.rename(aside)
        except FileNotFoundError:
            pass
        return aside

    def stored(self) -> Iterator[str]:
        """Yield the digests of all files, recorded or not."""
        for path in self._directory.iterdir():
            if not path.name.startswith(atomicfile.TEMPORARY):
                yield f'{_ALGORITHM}:{path.name}'

    def remove_temporary(self) -> None:
        """Delete what a crash left; nothing may be in the making."""
        for path in self._directory.glob(f'{atomicfile.TEMPORARY}*'):
            path.unlink()
