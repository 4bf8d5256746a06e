"""Connections to a process's streams, and the size of its terminal.

Called by ``engine.supervised`` and ``engine.execs``.  Calls the attach
socket and the control fifo that conmon makes in one directory, the bundle or
an exec's own, and ``host.processes``.

Source: conmon(8) 2.1 and its ``conn_sock.c``, ``ctrl.c``.
"""

import errno
import fcntl
import os
import pathlib
import socket
import struct
import termios
import time

from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from novacontainer.runtime import models

#: Accepting takes conmon microseconds, unless it is stuck.
_CONNECT_S = 5.0
_SETTLE_S = 0.5
_TICK_S = 0.002

#: Largest number of rows or columns: struct winsize has unsigned shorts.
SIZE_MAX = 65535


def attach(directory: pathlib.Path, pid: int,
           started: int) -> models.Attachment:
    """Connect to the streams of a process.

    :param pid: of the process, which started at ``started`` (clock ticks).
    :raises Conflict: its monitor has ended.
    :raises Internal: its monitor does not answer.
    """
    connection = connect(directory)
    return models.Attachment(
        connection, processes.open_pidfd(pid, started))


def connect(directory: pathlib.Path) -> socket.socket:
    """Connect to the attach socket in a directory; raises as above."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.settimeout(_CONNECT_S)
        # The path may be longer than the 107 bytes of an address.
        parent = os.open(directory, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.connect(f'/proc/self/fd/{parent}/attach')
        finally:
            os.close(parent)
        _await_accepted(connection)
    except OSError as error:
        connection.close()
        raise _fault(directory, error) from error
    return connection


def _await_accepted(connection: socket.socket) -> None:
    """Wait a moment until conmon has taken the connection.

    Whom it has not taken when the process ends gets nothing of what that
    wrote.  It polls for connections: once it sleeps again none is left.
    """
    pid = struct.unpack('3i', connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize('3i')))[0]
    deadline = time.monotonic() + _SETTLE_S
    while processes.is_busy(pid) and time.monotonic() < deadline:
        time.sleep(_TICK_S)


def resize(directory: pathlib.Path, rows: int, columns: int) -> None:
    """Set the size of the terminal.

    conmon 2.1 reads what lies in a fifo at once and then acts on the first
    line only, so that this waits until the last one is gone.

    :raises InvalidRequest: a size that no terminal has.
    :raises Conflict: its monitor has ended.
    """
    if not (0 <= rows <= SIZE_MAX and 0 <= columns <= SIZE_MAX):
        raise exception.InvalidRequest(
            f'{rows} rows and {columns} columns are no size of a terminal; '
            f'each is between 0 and {SIZE_MAX}.', 'terminal.size')
    control = -1
    try:
        control = os.open(directory / 'ctl', os.O_WRONLY | os.O_NONBLOCK)
        _await_taken(directory, control)
        os.write(control, b'1 %d %d\n' % (rows, columns))
        _await_taken(directory, control)
    except OSError as error:
        raise _fault(directory, error) from error
    finally:
        if control >= 0:
            os.close(control)


def _await_taken(directory: pathlib.Path, control: int) -> None:
    """Wait a moment until conmon has acted on what it was told."""
    # It passes sizes on to itself through another fifo.
    relay = os.open(directory / 'winsz', os.O_RDONLY | os.O_NONBLOCK)
    try:
        deadline = time.monotonic() + _SETTLE_S
        while _queued(control) or _queued(relay):
            if time.monotonic() > deadline:
                # A terminal that is still being made: it is told later.
                return
            time.sleep(_TICK_S)
    finally:
        os.close(relay)


def _queued(fifo: int) -> int:
    """Return how many bytes lie in a fifo (pipe(7), FIONREAD)."""
    answer = fcntl.ioctl(fifo, termios.FIONREAD, struct.pack('i', 0))
    return int(struct.unpack('i', answer)[0])


def _fault(directory: pathlib.Path,
           error: OSError) -> exception.RuntimeFault:
    # ENXIO: nobody reads the fifo; ECONNREFUSED: nobody listens.
    if error.errno in (errno.ENOENT, errno.ENXIO, errno.ECONNREFUSED):
        return exception.Conflict(
            'The process is not running', 'container.not_running')
    return exception.Internal(
        f'conmon does not answer in {directory}: {error}',
        'engine.attach_failed')
