"""Verbs that make containers: create and run.

Put together by ``cli.app``; calls ``cli.creation``, ``cli.foreground`` and the
client.
"""

import argparse
from collections.abc import Iterator
import contextlib
import pathlib

from novacontainer.cli import creation
from novacontainer.cli import detachkeys
from novacontainer.cli import failure
from novacontainer.cli import foreground
from novacontainer.cli import session
from novacontainer.cli import verb
from novacontainer.client import exceptions

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
           auto_remove: bool, joined: bool = False) -> str:
    """Create the container that the switches describe.

    :param auto_remove: the runtime removes it when it ends.
    :param joined: somebody will be at its streams from the start, so that
        the end of what is passed on is the end of its input.
    :returns: its id.
    """
    body = creation.body(given.image, given.command, given)
    if joined:
        body.update(AttachStdin=given.interactive, AttachStdout=True,
                    AttachStderr=True, StdinOnce=given.interactive)
    if auto_remove:
        body['HostConfig']['AutoRemove'] = True
    with _id_file(given.cidfile) as note:
        made = context.client.containers.create_warned(given.name, body)
        note.append(made['Id'])
    for warning in made.get('Warnings') or ():
        context.console.complain(f'warning: {warning}')
    return str(made['Id'])


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
    parser.add_argument('--no-sig-proxy', action='store_true',
                        help='in the foreground, do not pass signals on')
    detachkeys.add_argument(parser)
    _create_arguments(parser)


def _run(context: verb.Context, given: argparse.Namespace) -> int:
    if given.rm and given.restart not in (None, 'no'):
        raise failure.CommandFailed(
            '--rm and --restart contradict each other: leave one out.')
    if given.detach:
        ident = create(context, given, auto_remove=given.rm)
        return start(context, ident)
    wishes = session.Wishes(
        stdin=given.interactive, tty=given.tty, ends_input=not given.tty,
        detach_keys=given.detach_keys)
    session.check(context.console, wishes)
    ident = create(context, given, auto_remove=given.rm, joined=True)
    with contextlib.ExitStack() as undo:
        if given.rm:
            # The runtime removes what ends; this is for what does not, and
            # for what could not start.
            undo.callback(_remove, context, ident)
        with refusals():
            code = foreground.join(
                context, ident, wishes,
                start=lambda: context.client.containers.start(ident),
                condition='removed' if given.rm else 'next-exit',
                pass_signals=not given.no_sig_proxy)
        undo.pop_all()
        return code


def start(context: verb.Context, ident: str) -> int:
    """Start a container, print its id and leave it running.

    :returns: exit code.
    :raises CommandFailed: when it cannot be started.
    """
    with refusals():
        context.client.containers.start(ident)
    context.console.say(ident)
    return 0


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Give a refused start the exit code that shells have for it."""
    try:
        yield
    except exceptions.Refused as error:
        raise failure.CommandFailed(
            error.message, _EXIT_CODES.get(error.code)) from error


def _remove(context: verb.Context, ident: str) -> None:
    # The runtime may be about to remove it itself.
    with contextlib.suppress(exceptions.NotFound, exceptions.Conflict):
        context.client.containers.remove(ident, force=True)


VERBS = (
    verb.Verb('create', 'Make a container without starting it',
              _create_arguments, _create, examples=(
                  ('novacontainer create --name web nginx',
                   'made now; "novacontainer start web" runs it'),)),
    verb.Verb('run', 'Make a container and start it',
              _run_arguments, _run, failure.DAEMON_FAILED, (
                  ('novacontainer run -it --rm busybox sh',
                   'a shell in a new container, gone when you leave it'),
                  ('novacontainer run -d --name web -m 256m nginx',
                   'a service in the background, with a limit'),
                  ('tar c . | novacontainer run -i --rm busybox tar t',
                   'a program in a pipe'))),
)
