"""What happens to the names in directories (inotify(7)).

Called by ``service.logkeeping``.  Calls the kernel.
"""

import os
import pathlib
import select
import struct

from novacontainer.runtime.host import syscalls

_IN_MOVED_TO = 0x80
_IN_ONLYDIR = 0x01000000
_IN_IGNORED = 0x8000
_HEADER = struct.Struct('iIII')
_BUFFER_BYTES = 65536


class Watcher:
    """Tells which files were given a name in any of many directories."""

    def __init__(self) -> None:
        self._inotify = syscalls.check(
            syscalls.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def add(self, directory: pathlib.Path) -> int:
        """Watch a directory, until it is removed; return its number.

        :raises OSError: it is not there, or the host watches as many as
            fs.inotify.max_user_watches allows.
        """
        return syscalls.check(syscalls.libc.inotify_add_watch(
            self._inotify, os.fsencode(directory),
            _IN_MOVED_TO | _IN_ONLYDIR), str(directory))

    def wait(self) -> list[tuple[int, str]]:
        """Wait for files that were given a name: (directory, name).

        A name of '' says that the directory's number means nothing more; no
        entries say that :meth:`wake` was called.
        """
        poll = select.poll()
        for fd in (self._inotify, self._wake):
            poll.register(fd, select.POLLIN)
        if any(fd == self._wake for fd, _ in poll.poll()):
            os.eventfd_read(self._wake)
            return []
        return _events(os.read(self._inotify, _BUFFER_BYTES))

    def wake(self) -> None:
        """Let who waits return."""
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Watch nothing more; nobody may be waiting."""
        os.close(self._inotify)
        os.close(self._wake)


def _events(data: bytes) -> list[tuple[int, str]]:
    found = []
    offset = 0
    while offset < len(data):
        number, mask, _, size = _HEADER.unpack_from(data, offset)
        offset += _HEADER.size
        name = os.fsdecode(data[offset:offset + size].rstrip(b'\0'))
        offset += size
        if mask & (_IN_MOVED_TO | _IN_IGNORED):
            found.append((number, name))
    return found
