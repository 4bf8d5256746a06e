"""A container in the foreground: joined from its start until its end.

Called by ``cli.run``, ``cli.attach`` and ``cli.containers``; calls
``cli.session``, ``cli.terminal`` and the client's containers.

The streams are joined and the wait begins before the start, so that no output
and no exit is too early to be seen.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import signal
import types

from novacontainer.cli import session
from novacontainer.cli import terminal
from novacontainer.cli import verb
from novacontainer.client import exceptions

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
              signal.SIGUSR1, signal.SIGUSR2)

#: So many interrupts from the keyboard end us, whatever the container does.
_PATIENCE = 3


def join(context: verb.Context, ident: str, wishes: session.Wishes, *,
         start: Callable[[], object] | None = None,
         condition: str = 'next-exit', pass_signals: bool = True) -> int:
    """Stay with a container until it ends or the person leaves it.

    :param start: starts it, once everything is ready; None: it runs.
    :param condition: what to wait for: ``next-exit``, ``removed``.
    :param pass_signals: let the container have the signals meant for it;
        on a terminal the keys go there, and signals end us.
    :returns: exit code: the container's; 0 when the person left.
    """
    containers = context.client.containers
    with contextlib.ExitStack() as undo:
        connection = undo.enter_context(containers.attach(
            ident, stdin=wishes.stdin,
            detach_keys=wishes.detach_keys if wishes.tty else None))
        wait = undo.enter_context(containers.begin_wait(ident, condition))
        if pass_signals and not (wishes.tty and wishes.stdin):
            undo.enter_context(_signals_passed_on(context, ident))
        if start is not None:
            start()
        if wishes.tty:
            _draw(context, ident, again=start is None)
        joined = session.Session(context.console, connection, wishes)
        joined.run(lambda rows, columns: containers.resize(
            ident, rows, columns))
        if joined.detached:
            return 0
        return wait.exit_code()


def _draw(context: verb.Context, ident: str, *, again: bool) -> None:
    """Give the container's terminal the size of ours.

    :param again: have a program that runs draw its screen anew; it does so
        only when the size differs.
    """
    if not context.console.output_is_terminal():
        return
    found = terminal.size(context.console.output.fileno())
    if found is None:
        return
    rows, columns = found
    # It may have ended already.
    with contextlib.suppress(exceptions.ClientError):
        if again:
            context.client.containers.resize(ident, rows + 1, columns + 1)
        context.client.containers.resize(ident, rows, columns)


@contextlib.contextmanager
def _signals_passed_on(context: verb.Context, ident: str) -> Iterator[None]:
    """Let the container have the signals that are meant for it.

    The handler runs between two steps of the interpreter; its request has
    a connection of its own, and what was interrupted goes on afterwards.
    A first process that handles no SIGINT never sees one (pid_namespaces(7)),
    so that a person who insists is let go.
    """
    interrupts = 0

    def pass_on(number: int, _frame: types.FrameType | None) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        if interrupts >= _PATIENCE:
            raise KeyboardInterrupt
        try:
            context.client.containers.kill(
                ident, signal.Signals(number).name)
        except exceptions.Conflict:
            # It does not run: not yet, or no longer.
            if number == signal.SIGINT:
                raise KeyboardInterrupt from None
        except exceptions.ClientError as error:
            context.console.complain(error.message)

    with terminal.handled(_PASSED_ON, pass_on):
        yield
