"""One container that is checked: again and again, in a thread of its own.

Called by ``service.health``.  Calls ``service.execs`` to run the check, and
tells each result to the function that it is given.

Images say how often they are checked, and starting a process costs the host:
a container takes no more of it than a small part of the time (:data:`REST`).
"""

from collections.abc import Callable, Iterator
import contextlib
import datetime
import math
import signal
import socket
import threading
import time

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import execs
from novacontainer.runtime.service import healthcheck

#: How much of what a check writes is kept.
OUTPUT_BYTES = 4096
#: After a check has started, at least so many times as long as that took
#: pass before the next one does.
REST = 9
_PACKET_BYTES = 8193
#: How long a process that was killed may take to end.
_KILL_PATIENCE_S = 10.0
#: More than a year; the kernel cannot wait for what images may ask.
_WAIT_MAX_S = 3e7


class Watch:
    """Checks one run of a container until it is stopped.

    :param starting: held while a check starts, which is what costs.
    :param find: returns what is known of the container's health.
    :param take: is told every result.
    """

    def __init__(self, container: models.Container,
                 check: healthcheck.Check, *, execs: execs.Execs,
                 starting: threading.Semaphore,
                 find: Callable[[], models.Health],
                 take: Callable[[models.Probe], None]) -> None:
        self._container = container
        self._check = check
        self._execs = execs
        self._starting = starting
        self._find = find
        self._take = take
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._attachment: models.Attachment | None = None
        self._thread = threading.Thread(
            target=self._run, name=f'health {container.name}', daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Check no more; whatever is being run goes on."""
        with self._lock:
            self._stopped.set()
            if self._attachment is not None:
                _cut(self._attachment)

    def join(self) -> None:
        """Wait until it has stopped."""
        self._thread.join()

    def _run(self) -> None:
        rest_s = 0.0
        while not self._wait(max(self._pause_s(), rest_s)):
            before_s = time.monotonic()
            begun = datetime.datetime.now(datetime.UTC)
            try:
                with self._starting:
                    run = self._start()
            except exception.RuntimeFault as fault:
                code, output = -1, fault.message
            else:
                rest_s = REST * (time.monotonic() - before_s)
                code, output = self._outcome(run)
            if not self._stopped.is_set():
                self._take(models.Probe(
                    begun, datetime.datetime.now(datetime.UTC), code,
                    output))

    def _pause_s(self) -> float:
        now = datetime.datetime.now(datetime.UTC)
        up = now - (self._container.started or now)
        return self._check.pause_s(self._find(), up.total_seconds())

    def _wait(self, pause_s: float) -> bool:
        """Let time pass; say whether it was stopped."""
        return self._stopped.wait(min(pause_s, _WAIT_MAX_S))

    def _start(self) -> execs.Run:
        return self._execs.start(self._execs.create(self._container.id, {
            'Cmd': list(self._check.args), 'AttachStdout': True,
            'AttachStderr': True}))

    def _outcome(self, run: execs.Run) -> tuple[int, str]:
        """Return exit code and output of a check, whatever it does."""
        assert run.attachment is not None
        with contextlib.closing(run.attachment), self._open(run.attachment):
            until_s = time.monotonic() + self._check.timeout_s
            kept = bytearray()
            try:
                _keep(run.attachment, kept, until_s)
                if self._stopped.is_set():
                    return -1, ''
                return run.ended.result(_left_s(until_s)), _text(kept)
            except TimeoutError:
                self._kill(run)
        said = f': {_text(kept)}' if kept else ''
        return -1, ('Health check exceeded timeout '
                    f'({self._check.timeout_s:g}s){said}')

    @contextlib.contextmanager
    def _open(self, attachment: models.Attachment) -> Iterator[None]:
        """Let :meth:`stop` interrupt what is read."""
        with self._lock:
            self._attachment = attachment
            if self._stopped.is_set():
                _cut(attachment)
        try:
            yield
        finally:
            with self._lock:
                self._attachment = None

    def _kill(self, run: execs.Run) -> None:
        assert run.attachment is not None
        with contextlib.suppress(ProcessLookupError):
            if run.attachment.process is not None:
                signal.pidfd_send_signal(
                    run.attachment.process, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            run.ended.result(_KILL_PATIENCE_S)


def _keep(attachment: models.Attachment, kept: bytearray,
          until_s: float) -> None:
    """Read what a process writes to its end, and keep the beginning.

    :raises TimeoutError: it does not end by then.
    """
    connection = attachment.connection
    connection.settimeout(_left_s(until_s))
    with contextlib.suppress(ConnectionResetError):
        while packet := connection.recv(_PACKET_BYTES):
            kept.extend(packet[1:OUTPUT_BYTES + 2 - len(kept)])
            connection.settimeout(_left_s(until_s))


def _left_s(until_s: float) -> float:
    """Return the time left, never so little that nothing is waited for."""
    return min(max(until_s - time.monotonic(), math.ulp(1)), _WAIT_MAX_S)


def _cut(attachment: models.Attachment) -> None:
    """Let who reads find the end; a process that has ended may be gone."""
    with contextlib.suppress(OSError):
        attachment.connection.shutdown(socket.SHUT_RDWR)


def _text(kept: bytearray) -> str:
    text = bytes(kept[:OUTPUT_BYTES]).decode(errors='replace')
    return f'{text}...' if len(kept) > OUTPUT_BYTES else text
