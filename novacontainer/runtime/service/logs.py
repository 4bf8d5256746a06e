"""Read the log of a container, from either end, while it grows.

Called by: ``api.routes.containers`` (``GET /containers/{id}/logs``).
Calls: ``service.logkeeping``; the file is written by conmon in its k8s-file
format, one record a line (conmon(8), ``--log-path``)::

    2026-11-20T23:39:00.123456789+00:00 stdout F text of a whole line
    2026-11-20T23:39:00.123456789+00:00 stderr P text that goes on in the n…

``P`` marks a piece of a line that was longer than conmon's buffer, or that
the container left without a newline.  conmon starts the file anew when it
reaches its largest size; a reader notices and goes on at the new beginning.
It begins with what is kept of earlier ones, see ``service.logkeeping``.
"""

import calendar
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import io
import os
import pathlib
import re
import typing

from novacontainer.runtime.service import logkeeping

BLOCK = 65536

#: Longest record that is believed; conmon's text buffer is 8 KiB.
RECORD_MAX = 64 * 1024

_STAMP = re.compile(
    rb'(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?'
    rb'(?:Z|([+-])(\d\d):(\d\d))')


@dataclasses.dataclass(frozen=True, slots=True)
class LogLine:
    """One record of the log.

    :param stream: ``stdout`` or ``stderr``.
    :param text: as the container wrote it, without the newline.
    :param partial: the line goes on in the next record of this stream.
    """

    time_ns: int
    stream: str
    text: bytes
    partial: bool


def parse(record: bytes) -> LogLine | None:
    """Parse one record without its newline; None when it is not one."""
    fields = record.split(b' ', 3)
    if len(fields) < 3:
        return None
    time_ns = _parse_time(fields[0])
    stream = {b'stdout': 'stdout', b'stderr': 'stderr'}.get(fields[1])
    if time_ns is None or stream is None or fields[2] not in (b'F', b'P'):
        return None
    text = fields[3] if len(fields) == 4 else b''
    return LogLine(time_ns, stream, text, fields[2] == b'P')


class Reader:
    """A place in one log file that moves forward; not thread-safe."""

    def __init__(
        self, path: pathlib.Path, tail: int | None,
        since_ns: int, until_ns: int,
    ) -> None:
        self._path = path
        self._since_ns = since_ns
        self._until_ns = until_ns
        self._rest = b''
        self._file: typing.BinaryIO | None = None
        self._earlier = _opened(logkeeping.earlier(path))
        self._reopen()
        if tail is not None:
            self._seek(tail)

    def read(self, limit: int) -> list[LogLine]:
        """Return up to ``limit`` records; none means none for now."""
        lines: list[LogLine] = []
        while len(lines) < limit:
            record = self._next_record()
            if record is None:
                if self._reopen():
                    continue
                break
            line = parse(record)
            if line is not None and self._wanted(line):
                lines.append(line)
        return lines

    def close(self) -> None:
        """Close the file; idempotent."""
        self._drop_earlier(len(self._earlier))
        if self._file is not None:
            self._file.close()
            self._file = None

    def _wanted(self, line: LogLine) -> bool:
        return (line.time_ns >= self._since_ns
                and (not self._until_ns or line.time_ns <= self._until_ns))

    def _next_record(self) -> bytes | None:
        """Return the next whole record, None when there is none yet."""
        while self._earlier:
            record = self._earlier[0].readline(RECORD_MAX)
            if record:
                return record.rstrip(b'\n')
            self._drop_earlier(1)
        if self._file is None:
            return None
        piece = self._file.readline(RECORD_MAX)
        if not piece:
            return None
        self._rest += piece
        if self._rest.endswith(b'\n'):
            record, self._rest = self._rest[:-1], b''
            return record
        if len(self._rest) >= RECORD_MAX:
            # Not conmon's: skip it rather than to hold it in memory.
            self._rest = b''
            return b''
        return None

    def _seek(self, lines: int) -> None:
        """Go where the last lines begin."""
        if self._file is not None:
            lines -= _seek_tail(self._file, lines)
        for number, file in reversed(list(enumerate(self._earlier))):
            if lines <= 0:
                self._drop_earlier(number + 1)
                return
            lines -= _seek_tail(file, lines)

    def _drop_earlier(self, files: int) -> None:
        """Close the oldest files."""
        for file in self._earlier[:files]:
            file.close()
        del self._earlier[:files]

    def _reopen(self) -> bool:
        """Open the file that now has the name, if it is another one.

        :return: whether there is a new file, or a new beginning, to read.
        """
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False
        if self._file is not None:
            mine = os.fstat(self._file.fileno())
            if (mine.st_dev, mine.st_ino) == (now.st_dev, now.st_ino):
                if now.st_size >= self._file.tell():
                    return False
                self._file.seek(0)
                self._rest = b''
                return True
            self._file.close()
        self._file = io.BufferedReader(io.FileIO(self._path))
        self._rest = b''
        return True


def open_log(
    path: pathlib.Path, *, tail: int | None, since_ns: int, until_ns: int,
) -> Reader:
    """Open a log; a file that is not there (yet) reads as empty.

    :param tail: start this many lines before the end; None: at the top.
    :param since_ns: leave out what is older; 0: nothing.
    :param until_ns: leave out what is younger; 0: nothing.
    """
    return Reader(path, tail, since_ns, until_ns)


class LogService:
    """What the API calls ``Logs``."""

    def open(
        self, path: pathlib.Path, *, tail: int | None, since_ns: int,
        until_ns: int,
    ) -> Reader:
        """See :func:`open_log`."""
        return open_log(
            path, tail=tail, since_ns=since_ns, until_ns=until_ns)


def _opened(paths: Sequence[pathlib.Path]) -> list[typing.BinaryIO]:
    files: list[typing.BinaryIO] = []
    for path in paths:
        # One that has been renamed meanwhile is found under its next name.
        with contextlib.suppress(FileNotFoundError):
            files.append(path.open('rb'))
    return files


def _seek_tail(file: typing.BinaryIO, lines: int) -> int:
    """Go where the last lines of a log begin; return how many there are."""
    offset, found = tail_offset(file, lines)
    file.seek(offset)
    return found


def tail_offset(file: typing.BinaryIO, lines: int) -> tuple[int, int]:
    """Find where the last ``lines`` lines of a log begin.

    Reads backwards, block by block, no more than is asked for.  The pieces
    of a long line count once.

    :param file: a log open for reading; its position is not kept.
    :return: offset in bytes, and how many lines there are from there.
    """
    end = file.seek(0, os.SEEK_END)
    if lines <= 0:
        return end, 0
    wholes = 0
    offset = end
    for start, record in _records_backwards(file, end):
        if _is_whole(record):
            wholes += 1
            if wholes > lines:
                return offset, lines
        elif offset == end:
            # The container ended within a line: it counts as one.
            wholes += 1
        offset = start
    return offset, wholes


def _is_whole(record: bytes) -> bool:
    fields = record.split(b' ', 3)
    return len(fields) < 3 or fields[2] != b'P'


def _records_backwards(
    file: typing.BinaryIO, end: int,
) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, record) from the last complete record to the first."""
    position = end
    held = b''
    while position > 0:
        size = min(BLOCK, position)
        position -= size
        file.seek(position)
        held = file.read(size) + held
        first, *records = held.split(b'\n')
        starts = []
        start = position + len(first) + 1
        for record in records[:-1]:
            starts.append((start, record))
            start += len(record) + 1
        yield from reversed(starts)
        # What is before the first newline may begin in an earlier block;
        # keep that newline, so that it ends a record there.
        held = first + b'\n' if records else first
    if held:
        yield 0, held.rstrip(b'\n')


def _parse_time(stamp: bytes) -> int | None:
    """Return nanoseconds since the epoch of an RFC 3339 time."""
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, hours, minutes = match.groups()[6:]
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    if sign:
        shift = int(hours) * 3600 + int(minutes) * 60
        seconds += -shift if sign == b'+' else shift
    return seconds * 10**9 + int((fraction or b'0').ljust(9, b'0'))
