"""What the person at the terminal sees: steps, times, failures, the table.

Called by every step of the demo, from several threads; writes to stdout.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import json
import pathlib
import re
import sys
import threading
import time

from demo import errors

#: A long step says every so many seconds that it is still alive.
_HEARTBEAT_S = 20.0

_TAIL_LINES = 12

_WIDTH = 30

# Below this a step shows as 0.0 seconds.
_WORTH_SHOWING_S = 0.05

_TELLING = re.compile(r'\b(ERROR|CRITICAL|Traceback|[A-Za-z]*Exception'
                      r'|[A-Za-z]+Error|fatal|E:)\b')

# A frame of a traceback, as oslo.log prefixes it: the last line says more.
_FRAME = re.compile(r'[-0-9]+ [:.0-9]+ \d+ (ERROR|CRITICAL) \S+ '
                    r'(\[[^]]*\])?( *$| ?Traceback|  )')


@dataclasses.dataclass(frozen=True)
class Step:
    """One line of the final table."""

    phase: str
    title: str
    seconds: float


class Report:
    """Prints as things happen and keeps the times.

    :param journal: file that carries the steps over into the process that
        goes on with the demo under another Python.
    """

    def __init__(self, journal: pathlib.Path) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._began = time.time()
        self._steps: list[Step] = []
        self.failed_step = ''

    def resume(self) -> None:
        """Take over the steps that an earlier process of this run saved."""
        saved = json.loads(self._journal.read_text())
        self._began = saved['began']
        self._steps = [Step(*entry) for entry in saved['steps']]

    def save(self) -> None:
        """Write the steps down for :meth:`resume`."""
        steps = [dataclasses.astuple(step) for step in self._steps]
        self._journal.write_text(
            json.dumps({'began': self._began, 'steps': steps}))

    def say(self, text: str = '') -> None:
        """Print one line, whole even when threads print at once."""
        with self._lock:
            print(text, flush=True)

    def phase(self, title: str) -> None:
        """Begin a chapter of the demo."""
        self.say(f'\n== {title}')

    @contextlib.contextmanager
    def step(self, phase: str, title: str,
             log: pathlib.Path | None = None) -> Iterator[None]:
        """Time a step, and say when it ends or which it was that failed.

        :param log: file whose last line shows progress while it lasts.
        """
        began = time.monotonic()
        done = threading.Event()
        pulse = threading.Thread(target=self._pulse, daemon=True,
                                 args=(title, log, began, done))
        pulse.start()
        try:
            yield
        except BaseException:
            self.failed_step = self.failed_step or title
            raise
        finally:
            done.set()
            pulse.join()
        seconds = time.monotonic() - began
        with self._lock:
            self._steps.append(Step(phase, title, seconds))
        self.say(f'{self._elapsed():>8}  {title}  ({seconds:.1f} s)')

    def _elapsed(self) -> str:
        return f'{time.time() - self._began:.1f} s'

    def _pulse(self, title: str, log: pathlib.Path | None, began: float,
               done: threading.Event) -> None:
        while not done.wait(_HEARTBEAT_S):
            last = tail(log, 1) if log else []
            hint = f': {last[0][:90]}' if last else ''
            self.say(f'{"…":>8}  {title}: '
                     f'{time.monotonic() - began:.0f} s so far{hint}')

    def failure(self, error: errors.DemoError) -> None:
        """Say which step failed, why, and what its logs say."""
        sys.stdout.flush()
        step = self.failed_step or 'the beginning'
        self.say(f'\nFAILED after {self._elapsed()} at: {step}')
        self.say(f'  why: {error.reason}')
        for path in error.logs:
            lines = telling_lines(path)
            if lines:
                self.say(f'  {path}:')
                for line in lines:
                    self.say(f'    {line[:600]}')

    def table(self) -> None:
        """Print the steps with their seconds, without those that had
        nothing to do.
        """
        shown = [step for step in self._steps
                 if step.seconds >= _WORTH_SHOWING_S]
        width = max([_WIDTH, *(len(step.title) for step in shown)])
        phase = ''
        for step in shown:
            if step.phase != phase:
                phase = step.phase
                self.say(f'\n  {phase}')
            self.say(f'    {step.title:<{width}} {step.seconds:7.1f}')
        if len(shown) < len(self._steps):
            self.say(f'\n    {len(self._steps) - len(shown)} more had nothing '
                     'to do, or took no time')
        self.say(f'\n    {"from the first line to here":<{width}} '
                 f'{time.time() - self._began:7.1f}')


def tail(path: pathlib.Path, count: int) -> list[str]:
    """The last lines of a file that are not blank; none when it is missing.
    """
    if not path.exists():
        return []
    with path.open('rb') as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 65536))
        text = file.read().decode(errors='replace')
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return lines[-count:]


def telling_lines(path: pathlib.Path) -> list[str]:
    """The lines of a log that a person would look for: errors, and the end.
    """
    lines = [line for line in tail(path, 400) if not _FRAME.match(line)]
    end = lines[-_TAIL_LINES:]
    earlier = [line for line in lines[:-_TAIL_LINES] if _TELLING.search(line)]
    return earlier[-_TAIL_LINES:] + end
