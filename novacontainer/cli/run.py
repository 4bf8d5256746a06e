"""Verbs that make containers: create and run.

Put together by ``cli.app``; calls ``cli.creation`` and the client.

In the foreground, ``run`` shows the container's log as it grows, passes
signals on to the container and ends with its exit code.  The wait begins
before the start, so that no exit is too early to be seen.
"""

import argparse
from collections.abc import Iterator
import contextlib
import pathlib
import signal
import types

from novacontainer.cli import creation
from novacontainer.cli import failure
from novacontainer.cli import verb
from novacontainer.client import exceptions
from novacontainer.client import framing

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
              signal.SIGUSR1, signal.SIGUSR2)

#: So many interrupts from the keyboard end us, whatever the container does.
_PATIENCE = 3

#: Code of a refusal → exit code, as the shell and Docker have them.
_EXIT_CODES = {
    'container.command_not_executable': failure.NOT_EXECUTABLE,
    'container.command_not_found': failure.NOT_FOUND,
}


def _create_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--cidfile', metavar='FILE',
                        help='write the id into this new file')
    creation.add_arguments(parser)
    parser.add_argument('--rm', action='store_true',
                        help='remove the container when it ends')
    parser.add_argument('image', metavar='IMAGE', type=verb.image_name)
    parser.add_argument('command', nargs=argparse.REMAINDER,
                        metavar='COMMAND', help="instead of the image's")


def _create(context: verb.Context, given: argparse.Namespace) -> int:
    context.console.say(create(context, given, auto_remove=given.rm))
    return 0


def create(context: verb.Context, given: argparse.Namespace, *,
           auto_remove: bool) -> str:
    """Create the container that the switches describe.

    :param auto_remove: the runtime removes it when it ends.
    :returns: its id.
    """
    body = creation.body(given.image, given.command, given)
    if auto_remove:
        body['HostConfig']['AutoRemove'] = True
    with _id_file(given.cidfile) as note:
        ident = context.client.containers.create(given.name, body)
        note.append(ident)
    return ident


@contextlib.contextmanager
def _id_file(name: str | None) -> Iterator[list[str]]:
    """Make the file before the container, so that its fault costs none."""
    ident: list[str] = []
    if name is None:
        yield ident
        return
    path = pathlib.Path(name)
    try:
        path.touch(exist_ok=False)
    except OSError as error:
        raise failure.CommandFailed(
            f'The id file {name} cannot be made: {error.strerror}. It must '
            'not exist yet.') from error
    try:
        yield ident
    except BaseException:
        path.unlink()
        raise
    path.write_text(ident[0])


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-d', '--detach', action='store_true',
                        help='leave it running and print its id')
    _create_arguments(parser)


def _run(context: verb.Context, given: argparse.Namespace) -> int:
    if not given.detach and (given.interactive or given.tty):
        raise failure.CommandFailed(
            'run does not pass its input on: use -d together with -i and '
            '-t, or leave both out.')
    if given.rm and given.restart not in (None, 'no'):
        raise failure.CommandFailed(
            '--rm and --restart contradict each other: leave one out.')
    # In the foreground the log must outlive the process: we remove then.
    ident = create(context, given, auto_remove=given.rm and given.detach)
    with contextlib.ExitStack() as undo:
        if given.rm and not given.detach:
            undo.callback(_remove, context, ident)
        return start(context, ident, given.detach)


def start(context: verb.Context, ident: str, detach: bool) -> int:
    """Start a container and, in the foreground, stay until it ends.

    :returns: exit code: the container's, in the foreground.
    :raises CommandFailed: when it cannot be started.
    """
    try:
        if detach:
            context.client.containers.start(ident)
            context.console.say(ident)
            return 0
        return _foreground(context, ident)
    except exceptions.Refused as error:
        raise failure.CommandFailed(
            error.message, _EXIT_CODES.get(error.code)) from error


def _remove(context: verb.Context, ident: str) -> None:
    with contextlib.suppress(exceptions.NotFound):
        context.client.containers.remove(ident, force=True)


def _foreground(context: verb.Context, ident: str) -> int:
    containers = context.client.containers
    with containers.begin_wait(ident, 'next-exit') as wait:
        with _signals_passed_on(context, ident):
            containers.start(ident)
            with containers.follow(ident) as pieces:
                for stream, data in pieces:
                    context.console.send(
                        data, to_errors=stream == framing.STDERR)
            return wait.exit_code()


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

    before = {number: signal.signal(number, pass_on)
              for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


VERBS = (
    verb.Verb('create', 'Make a container without starting it',
              _create_arguments, _create),
    verb.Verb('run', 'Make a container and start it',
              _run_arguments, _run, failure.DAEMON_FAILED),
)
