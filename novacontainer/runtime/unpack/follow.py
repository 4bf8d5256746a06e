"""Read a file while another process still writes it.

Called by ``unpack.child``; calls the file system.  The daemon writes a
layer's bytes into the blob store and the child applies them from there: the
page cache is the buffer between the two, so neither waits for the other and
the bytes are passed once.  A byte on the control pipe says "there is more",
the byte :data:`END` "that was all"; end of file without it means that the
daemon gave up.
"""

import errno
import os

from novacontainer.runtime.image import chunks

MORE = b'm'
END = b'e'

#: From here on the kernel copies, instead of a read and a write.
_KERNEL_COPY_BYTES = 128 << 10
_CONTROL_BYTES = 4096
#: This pair of file systems can't do copy_file_range(2).
_CANNOT_COPY = (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)


class Abandoned(Exception):
    """The daemon closed the control pipe without :data:`END`."""


class GrowingFile(chunks.ChunkStream):
    """Stream of a file's bytes, up to the end that the writer announces.

    :param handle: the file, opened for reading by this process alone.
    :param control: read end of the control pipe.
    """

    def __init__(self, handle: int, control: int) -> None:
        super().__init__(self._read)
        self._handle = handle
        self._control = control
        self._complete = False
        self._kernel_copies = True

    def copy(self, handle: int, size: int) -> None:
        """Write the next ``size`` bytes to a descriptor."""
        buffered = len(self._chunk) - self._at
        if (size - buffered < _KERNEL_COPY_BYTES
                or not self._kernel_copies):
            super().copy(handle, size)
            return
        if buffered:
            super().copy(handle, buffered)
            size -= buffered
        while size:
            try:
                done = os.copy_file_range(self._handle, handle, size)
            except OSError as error:
                if error.errno not in _CANNOT_COPY:
                    raise
                self._kernel_copies = False
                super().copy(handle, size)
                return
            if not done and not self._grown():
                raise chunks.truncated()
            size -= done

    def _read(self) -> bytes:
        while True:
            data = os.read(self._handle, chunks.CHUNK_BYTES)
            if data or not self._grown():
                return data

    def _grown(self) -> bool:
        """Wait until there may be more; False: there will be none."""
        if self._complete:
            return False
        signs = os.read(self._control, _CONTROL_BYTES)
        if not signs:
            raise Abandoned
        self._complete = signs.endswith(END)
        return True
