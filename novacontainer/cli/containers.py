"""Verbs about containers that exist: list, stop, start, remove and so on.

Put together by ``cli.app``; calls the client's containers.
"""

import argparse
from collections.abc import Callable

from novacontainer.cli import attach
from novacontainer.cli import detachkeys
from novacontainer.cli import failure
from novacontainer.cli import foreground
from novacontainer.cli import ports
from novacontainer.cli import quantities
from novacontainer.cli import session
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import exceptions
from novacontainer.client import transport

_SHORT_ID = 12
_COMMAND_MAX = 30


def _simple(name: str, summary: str,
            step: Callable[[verb.Context, str], object]) -> verb.Verb:
    """Make a verb that does one thing to each container."""

    def run(context: verb.Context, given: argparse.Namespace) -> int:
        return verb.each(
            context, given.names, lambda one: step(context, one))

    return verb.Verb(name, summary, verb.add_containers, run)


def _ps_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-a', '--all', action='store_true',
                        help='those that do not run as well')
    young = parser.add_mutually_exclusive_group()
    young.add_argument('-n', '--last', type=int, metavar='N',
                       help='only the N youngest, running or not')
    young.add_argument('-l', '--latest', dest='last', action='store_const',
                       const=1, help='only the youngest, running or not')
    parser.add_argument('-s', '--size', action='store_true',
                        help='how much each has written')
    parser.add_argument('-q', '--quiet', action='store_true',
                        help='ids only')
    parser.add_argument('--no-trunc', action='store_true',
                        help='whole ids and commands')
    parser.add_argument(
        '--filter', action='append', default=[], metavar='KEY=VALUE',
        help='such as name=web, status=exited, label=key=value')
    table.add_format(parser)


def _ps(context: verb.Context, given: argparse.Namespace) -> int:
    found = context.client.containers.documents(
        verb.filters(given.filter), given.all, given.last, given.size)
    if given.format == 'json':
        context.console.document(found)
        return 0
    if given.quiet:
        for one in found:
            context.console.say(
                one['Id'] if given.no_trunc else one['Id'][:_SHORT_ID])
        return 0
    headings = ['ID', 'Image', 'Command', 'Created', 'Status', 'Ports',
                'Name']
    if given.size:
        headings.append('Size')
    now_s = quantities.now_s()
    table.show(context.console, headings, [
        _row(one, now_s, given.no_trunc, given.size) for one in found])
    return 0


def _row(one: transport.Json, now_s: float, whole: bool,
         size: bool) -> list[str]:
    command = one.get('Command') or ''
    if not whole and len(command) > _COMMAND_MAX:
        command = command[:_COMMAND_MAX - 1] + '…'
    row = [
        one['Id'] if whole else one['Id'][:_SHORT_ID],
        _image_name(one.get('Image') or '', whole),
        command,
        quantities.age(now_s - (one.get('Created') or now_s)),
        one.get('Status') or '',
        ', '.join(ports.listed(one.get('Ports') or ())),
        ', '.join(name.removeprefix('/') for name in one.get('Names') or ()),
    ]
    if size:
        written = quantities.size(one.get('SizeRw') or 0)
        total = quantities.size(one.get('SizeRootFs') or 0)
        row.append(f'{written} (with image {total})')
    return row


def _image_name(name: str, whole: bool) -> str:
    """A nameless image has only its id."""
    if name.startswith('sha256:') and not whole:
        return name.removeprefix('sha256:')[:_SHORT_ID]
    return name


def _start_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-a', '--attach', action='store_true',
                        help='stay with it, and end with its exit code')
    parser.add_argument('-i', '--interactive', action='store_true',
                        help='stay with it and pass our input on')
    detachkeys.add_argument(parser)
    verb.add_containers(parser)


def _start(context: verb.Context, given: argparse.Namespace) -> int:
    containers = context.client.containers
    if not (given.attach or given.interactive):
        return verb.each(context, given.names, containers.start)
    if len(given.names) > 1:
        raise failure.CommandFailed(
            'Only one container can be in the foreground: name one, or leave '
            'out -a and -i.')
    document = containers.document(given.names[0])
    if (document.get('State') or {}).get('Running'):
        raise failure.CommandFailed(
            f'The container {given.names[0]} runs already: join it with '
            '"novacontainer attach".')
    wishes = attach.wishes(document, stdin=given.interactive,
                           detach_keys=given.detach_keys)
    session.check(context.console, wishes)
    ident = document['Id']
    removed = (document.get('HostConfig') or {}).get('AutoRemove')
    return foreground.join(
        context, ident, wishes, start=lambda: containers.start(ident),
        condition='removed' if removed else 'next-exit')


def _stop_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '-t', '--time', '--timeout', type=int, metavar='SECONDS',
        help='how long it gets before it is killed; -1: for ever')
    parser.add_argument('-s', '--signal', help='instead of its own')
    verb.add_containers(parser)


def _stop(context: verb.Context, given: argparse.Namespace) -> int:
    return verb.each(
        context, given.names, lambda name: context.client.containers.stop(
            name, given.time, given.signal))


def _restart(context: verb.Context, given: argparse.Namespace) -> int:
    return verb.each(
        context, given.names, lambda name: context.client.containers.restart(
            name, given.time, given.signal))


def _kill_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-s', '--signal', default='SIGKILL',
                        help='name or number; SIGKILL when not given')
    verb.add_containers(parser)


def _kill(context: verb.Context, given: argparse.Namespace) -> int:
    return verb.each(
        context, given.names,
        lambda name: context.client.containers.kill(name, given.signal))


def _rm_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-f', '--force', action='store_true',
                        help='kill it first; a missing one is no error')
    parser.add_argument('-v', '--volumes', action='store_true',
                        help='its nameless volumes as well')
    verb.add_containers(parser)


def _rm(context: verb.Context, given: argparse.Namespace) -> int:
    def remove(name: str) -> None:
        try:
            context.client.containers.remove(
                name, given.force, given.volumes)
        except exceptions.NotFound:
            if not given.force:
                raise

    return verb.each(context, given.names, remove)


def _wait(context: verb.Context, given: argparse.Namespace) -> int:
    """Print the exit codes, as Docker does; they are not our own."""
    exit_code = 0
    for name in given.names:
        try:
            with context.client.containers.begin_wait(name) as wait:
                context.console.say(str(wait.exit_code()))
        except exceptions.Refused as error:
            context.console.complain(error.message)
            exit_code = failure.FAILED
    return exit_code


VERBS = (
    verb.Verb('ps', 'List containers', _ps_arguments, _ps),
    verb.Verb('start', 'Start containers', _start_arguments, _start,
              examples=(
                  ('novacontainer start web db', 'in the background'),
                  ('novacontainer start -ai box',
                   'and stay with it, as "run -i" does'))),
    verb.Verb('stop', 'Stop containers', _stop_arguments, _stop),
    verb.Verb('restart', 'Stop containers and start them again',
              _stop_arguments, _restart),
    verb.Verb('kill', 'Send a signal to containers', _kill_arguments, _kill),
    _simple('pause', 'Freeze all processes of containers',
            lambda context, name: context.client.containers.pause(name)),
    _simple('unpause', 'Let frozen containers go on',
            lambda context, name: context.client.containers.unpause(name)),
    verb.Verb('wait', 'Wait until containers stop, and print their exit '
              'codes', verb.add_containers, _wait),
    verb.Verb('rm', 'Remove containers', _rm_arguments, _rm),
)
