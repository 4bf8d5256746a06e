"""Verbs about volumes: make, list, look at, remove.

Put together by ``cli.app``; calls the client's volumes, and
``cli.housekeeping`` to prune.
"""

import argparse
import re

from novacontainer.cli import failure
from novacontainer.cli import housekeeping
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import exceptions

_NAME = re.compile(r'[a-zA-Z0-9][a-zA-Z0-9_.-]*')


def _name(text: str) -> str:
    """Check a volume's name, which becomes part of a path."""
    if _NAME.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a volume's name")
    return text


def _create_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-d', '--driver', default='local',
                        help='local, which is the only one')
    parser.add_argument('-l', '--label', action='append', default=[],
                        metavar='KEY[=VALUE]')
    parser.add_argument('-o', '--opt', action='append', default=[],
                        metavar='KEY=VALUE', help='such as size=1G')
    parser.add_argument('name', nargs='?', default='', metavar='NAME')


def _create(context: verb.Context, given: argparse.Namespace) -> int:
    made = context.client.volumes.create(
        given.name, given.driver, dict(map(_pair, given.opt)),
        dict(map(_pair, given.label)))
    context.console.say(str(made['Name']))
    return 0


def _pair(word: str) -> tuple[str, str]:
    key, _, value = word.partition('=')
    if not key:
        raise failure.CommandFailed(f'{word!r} has no name before the "=".')
    return key, value


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-q', '--quiet', action='store_true',
                        help='names only')
    parser.add_argument(
        '--filter', action='append', default=[], metavar='KEY=VALUE',
        help='such as dangling=true, label=key=value, name=pattern')
    table.add_format(parser)


def _list(context: verb.Context, given: argparse.Namespace) -> int:
    found = context.client.volumes.documents(verb.filters(given.filter))
    if given.format == 'json':
        context.console.document(found)
    elif given.quiet:
        for one in found:
            context.console.say(str(one['Name']))
    else:
        table.show(
            context.console, ('Name', 'Driver', 'Options', 'Labels'),
            [[one['Name'], one['Driver'], _words(one.get('Options')),
              _words(one.get('Labels'))] for one in found])
    return 0


def _words(pairs: dict[str, str] | None) -> str:
    return ', '.join(f'{key}={value}' if value else key
                     for key, value in sorted((pairs or {}).items()))


def _names_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('names', nargs='+', metavar='NAME', type=_name)


def _inspect(context: verb.Context, given: argparse.Namespace) -> int:
    """Show what was found, and then say what was not."""
    found = []
    exit_code = 0
    for name in given.names:
        try:
            found.append(context.client.volumes.document(name))
        except exceptions.Refused as error:
            context.console.complain(error.message)
            exit_code = failure.FAILED
    context.console.document(found)
    return exit_code


def _remove_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-f', '--force', action='store_true',
                        help='fine when there is none')
    _names_arguments(parser)


def _remove(context: verb.Context, given: argparse.Namespace) -> int:
    return verb.each(
        context, given.names,
        lambda name: context.client.volumes.remove(name, given.force))


def _prune_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-a', '--all', action='store_true',
                        help='those with a name as well')
    parser.add_argument('-f', '--force', action='store_true',
                        help='do not ask')
    parser.add_argument(
        '--filter', action='append', default=[], metavar='KEY=VALUE',
        help='such as label=key=value, label!=key')
    parser.add_argument('--format', choices=('table', 'json'),
                        default='table', help='lines for people, or JSON')
    parser.set_defaults(kind='volumes')


VERBS = (
    verb.Verb('volume create', 'Make a volume', _create_arguments, _create,
              examples=(
                  ('novacontainer volume create -o size=1G shop',
                   'a volume that holds no more than that'),
                  ('novacontainer volume create -o type=none -o o=bind '
                   '-o device=/srv/shop shop',
                   'a directory of the host as a volume'))),
    verb.Verb('volume inspect', 'Show all about volumes, as JSON',
              _names_arguments, _inspect),
    verb.Verb('volume ls', 'List volumes', _list_arguments, _list),
    verb.Verb('volume prune', 'Remove volumes that no container has',
              _prune_arguments, housekeeping.prune),
    verb.Verb('volume rm', 'Remove volumes', _remove_arguments, _remove),
)
