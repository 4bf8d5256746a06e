"""Archives that are read where they lie, instead of being sent.

Called by ``service.images``; calls ``host.importfiles``.  What is read is
hashed on its way, so that it does not matter who writes to the file
meanwhile: the image is what was expected, or there is none.
"""

from collections.abc import Sequence
import hashlib
import os
import pathlib
import re
import types

from novacontainer.runtime import exception
from novacontainer.runtime.host import importfiles

#: Algorithms of Glance's ``os_hash_algo`` (any that is sound), and that of
#: its older ``checksum``, with their digits.
_DIGITS = {'sha512': 128, 'sha384': 96, 'sha256': 64, 'md5': 32}
_CHECKSUM = re.compile(r'([a-z0-9]+):([0-9a-f]+)')
_CHUNK_BYTES = 1 << 20


class Archive:
    """An archive in a file, from which an image is loaded.

    :param path: absolute.
    :param checksum: ``algorithm:digits`` of the whole file.
    :param directories: where it may be.
    :raises InvalidRequest: that is no checksum.
    :raises Forbidden, NotFound, Internal: see ``host.importfiles``.
    """

    def __init__(self, path: str, checksum: str,
                 directories: Sequence[pathlib.Path]) -> None:
        algorithm, self._expected = _parsed(checksum)
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self._path = path
        self._is_abandoned = False
        #: How much was read so far, and how much there is.
        self.read_bytes = 0
        self._source = importfiles.opened(path, directories)
        self.size_bytes = os.fstat(self._source.fileno()).st_size

    def read(self, size: int, /) -> bytes:
        """Return 1..size bytes; b'' at the end.

        :raises Internal: the file system failed, or :meth:`abandon` was
            called.
        """
        if self._is_abandoned:
            raise exception.Internal(
                'The import was given up: its client went away.',
                'image.file')
        try:
            data = self._source.read(size)
        except OSError as error:
            raise exception.Internal(
                f'Cannot read {self._path}: {error.strerror}',
                'image.file') from error
        self._hash.update(data)
        self.read_bytes += len(data)
        return data

    def verify(self) -> None:
        """Read what is left of it, and compare.

        :raises Conflict: it is not what was expected.
        """
        while self.read(_CHUNK_BYTES):
            pass
        if self._hash.hexdigest() != self._expected:
            raise exception.Conflict(
                f'{self._path} is not the image that was meant: its '
                f'{self._hash.name} is {self._hash.hexdigest()}, not '
                f'{self._expected}', 'image.file_differs')

    def abandon(self) -> None:
        """Make the import fail; from any thread."""
        self._is_abandoned = True


    def close(self) -> None:
        """Give the file back."""
        self._source.close()

    def __enter__(self) -> 'Archive':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: types.TracebackType | None) -> None:
        self.close()


def _parsed(checksum: str) -> tuple[str, str]:
    match = _CHECKSUM.fullmatch(checksum)
    if match is None or _DIGITS.get(match[1]) != len(match[2]):
        raise exception.InvalidRequest(
            f'{checksum[:200]!r} is not a checksum: give algorithm and '
            f'digits, as sha512:…; known are {", ".join(_DIGITS)}',
            'image.invalid_checksum')
    return match[1], match[2]
