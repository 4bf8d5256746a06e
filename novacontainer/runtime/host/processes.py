"""Processes, told apart from later ones that reuse their pid.

Called by ``engine``, ``service`` (recovery).  Calls /proc and pidfd_open(2).
"""

import os
import select
import signal
import time


def start_ticks(pid: int) -> int:
    """Return when a process started, in clock ticks since boot.

    Field 22 of ``/proc/PID/stat`` (proc(5)); 0 when there is no such
    process.  Together with the pid it names a process for good.
    """
    fields = _stat_fields(pid)
    return int(fields[19]) if fields else 0


def alive(pid: int, ticks: int) -> bool:
    """Say whether the process that started at ``ticks`` still runs.

    A zombie does not run.
    """
    if pid <= 0:
        return False
    fields = _stat_fields(pid)
    return bool(fields) and fields[0] not in ('Z', 'X') \
        and int(fields[19]) == ticks


def is_busy(pid: int) -> bool:
    """Say whether a process computes or waits for a disk just now."""
    return _stat_fields(pid)[:1] in (['R'], ['D'])


def name(pid: int) -> str:
    """Return what a process calls itself, its ``comm``; '' when it is gone.

    The process chooses it: what is not printable is replaced.
    """
    try:
        with open(f'/proc/{pid}/comm', encoding='utf-8',
                  errors='replace') as comm:
            text = comm.read().rstrip('\n')
    except (FileNotFoundError, ProcessLookupError):
        return ''
    return ''.join(
        letter if letter.isprintable() else '?' for letter in text)


def send_signal(pid: int, ticks: int, number: signal.Signals | int) -> bool:
    """Send a signal to exactly that process.

    :returns: False when it has gone already.
    :raises OSError: EINVAL for a number that is no signal.
    """
    fd = open_pidfd(pid, ticks)
    if fd is None:
        return False
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)
    return True


def open_pidfd(pid: int, ticks: int) -> int | None:
    """Return a pidfd of the process, or None when it has gone.

    The descriptor becomes readable when the process ends; the process need
    not be a child of ours (pidfd_open(2)).
    """
    if pid <= 0:
        return None
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    # Compared after opening: from here on the descriptor cannot come to
    # mean another process.
    if alive(pid, ticks):
        return fd
    os.close(fd)
    return None


def wait_gone(pid: int, ticks: int, timeout_s: float) -> bool:
    """Wait until the process has ended; False when the time ran out."""
    fd = open_pidfd(pid, ticks)
    if fd is None:
        return True
    deadline = time.monotonic() + timeout_s
    try:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        left_ms = max(0, int((deadline - time.monotonic()) * 1000))
        return bool(poller.poll(left_ms))
    finally:
        os.close(fd)


def _stat_fields(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` from the third (state) on."""
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii',
                  errors='replace') as stat:
            text = stat.read()
    except (FileNotFoundError, ProcessLookupError):
        return []
    # The second field is the command in brackets, which may hold anything.
    return text.rpartition(')')[2].split()
