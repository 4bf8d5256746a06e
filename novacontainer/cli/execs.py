"""The verb that runs a further process in a container.

Put together by ``cli.app``; calls ``cli.session`` and the client's execs.
"""

import argparse

from novacontainer.cli import creation
from novacontainer.cli import detachkeys
from novacontainer.cli import failure
from novacontainer.cli import session
from novacontainer.cli import terminal
from novacontainer.cli import verb
from novacontainer.client import transport


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-d', '--detach', action='store_true',
                        help='leave it running in the background')
    parser.add_argument('-i', '--interactive', action='store_true',
                        help='pass our input on to it')
    parser.add_argument('-t', '--tty', action='store_true',
                        help='give it a terminal')
    parser.add_argument('-e', '--env', action='append', default=[],
                        metavar='NAME[=VALUE]',
                        help='without a value: the one that it has here')
    parser.add_argument('--env-file', action='append', default=[],
                        metavar='FILE', help='lines NAME=VALUE')
    parser.add_argument('-u', '--user', metavar='USER[:GROUP]')
    parser.add_argument('-w', '--workdir', metavar='DIRECTORY')
    parser.add_argument('--privileged', action='store_true',
                        help='all capabilities, if the runtime allows it')
    detachkeys.add_argument(parser)
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)
    parser.add_argument('command', nargs=argparse.REMAINDER,
                        metavar='COMMAND', help='with its own switches')


def _exec(context: verb.Context, given: argparse.Namespace) -> int:
    if not given.command:
        raise failure.CommandFailed(
            'Say which command is to run: novacontainer exec '
            f'{given.name} COMMAND.')
    wanted = session.Wishes(
        stdin=given.interactive and not given.detach, tty=given.tty,
        ends_input=not given.tty, detach_keys=given.detach_keys)
    session.check(context.console, wanted)
    execs = context.client.execs
    ident = execs.create(given.name, _body(given))
    if given.detach:
        execs.start(ident)
        return 0
    size = None
    if given.tty and context.console.output_is_terminal():
        size = terminal.size(context.console.output.fileno())
    with execs.join(ident, given.tty, size) as connection:
        joined = session.Session(context.console, connection, wanted)
        joined.run(lambda rows, columns: execs.resize(ident, rows, columns))
    if joined.detached:
        return 0
    return _exit_code(execs.document(ident))


def _body(given: argparse.Namespace) -> transport.Json:
    """Make the create body (Docker Engine API 1.44, ContainerExec)."""
    body: transport.Json = {
        'AttachStdin': given.interactive and not given.detach,
        'AttachStdout': not given.detach,
        'AttachStderr': not given.detach,
        'Tty': given.tty,
        'Env': creation.environment(given.env_file, given.env),
        'Cmd': given.command,
    }
    if given.tty:
        body['DetachKeys'] = given.detach_keys
    if given.privileged:
        body['Privileged'] = True
    if given.user is not None:
        body['User'] = given.user
    if given.workdir is not None:
        body['WorkingDir'] = given.workdir
    return body


def _exit_code(document: transport.Json) -> int:
    code = document.get('ExitCode')
    if document.get('Running') or code is None:
        raise failure.CommandFailed(
            'The command goes on, but its output has ended: the connection '
            'to it broke.')
    return int(code)


VERBS = (
    verb.Verb('exec', 'Run one more command in a running container',
              _arguments, _exec, examples=(
                  ('novacontainer exec -it web sh', 'a shell to look around'),
                  ('novacontainer exec web cat /etc/hosts',
                   "one command; it ends with the command's exit code"),
                  ('novacontainer exec -i db psql < dump.sql',
                   'pass a file on as its input'),
                  ('novacontainer exec -d -u nobody web touch /tmp/x',
                   'in the background, as another user'))),
)
