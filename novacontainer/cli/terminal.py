"""The terminal of the person: its size, and how it passes keys on.

Called by ``cli.session``.  Whatever happens between, a terminal that was
changed is as before afterwards; only SIGKILL prevents that.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
import signal
import termios
import tty
import types

from novacontainer.cli import failure

#: Ends us: the terminal must be put right before.
_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@contextlib.contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """Have every key passed on as it is, the control keys too.

    :param descriptor: of the terminal.
    """
    before = termios.tcgetattr(descriptor)
    with _ended_gently():
        try:
            # What was typed ahead is kept.
            tty.setraw(descriptor, termios.TCSANOW)
            yield
        finally:
            # The terminal itself may have been closed.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(descriptor, termios.TCSANOW, before)


@contextlib.contextmanager
def _ended_gently() -> Iterator[None]:
    """Let signals that end us unwind the stack instead."""

    def end(number: int, _frame: types.FrameType | None) -> None:
        raise failure.CommandFailed(
            f'Ended by {signal.Signals(number).name}.',
            failure.BY_SIGNAL + number)

    with handled(_ENDING, end):
        yield


@contextlib.contextmanager
def handled(numbers: tuple[signal.Signals, ...],
            handler: Callable[[int, types.FrameType | None], None],
            ) -> Iterator[None]:
    """Handle signals in a way of our own, for a while."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, one in before.items():
            signal.signal(number, one)


def size(descriptor: int) -> tuple[int, int] | None:
    """Return rows and columns; None when the terminal does not know."""
    try:
        columns, rows = os.get_terminal_size(descriptor)
    except OSError:
        return None
    return (rows, columns) if rows and columns else None


@contextlib.contextmanager
def followed(descriptor: int,
             resize: Callable[[int, int], None]) -> Iterator[None]:
    """Tell of the terminal's size whenever a person changes it.

    :param resize: called with rows and columns, between two steps of the
        interpreter; what it interrupts goes on afterwards.
    """

    def tell(_number: int, _frame: types.FrameType | None) -> None:
        found = size(descriptor)
        if found is not None:
            resize(*found)

    with handled((signal.SIGWINCH,), tell):
        yield
