"""The verb that shows what a container changed of its image.

Put together by ``cli.app``; calls the client's files.
"""

import argparse
import dataclasses

from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import files

#: As Docker writes them.
_LETTERS = {files.Kind.CHANGED: 'C', files.Kind.ADDED: 'A',
            files.Kind.DELETED: 'D'}


def _arguments(parser: argparse.ArgumentParser) -> None:
    table.add_format(parser)
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)


def _diff(context: verb.Context, given: argparse.Namespace) -> int:
    found = context.client.files.changes(given.name)
    if given.format == 'json':
        context.console.document([
            {key.capitalize(): value for key, value
             in dataclasses.asdict(one).items()} for one in found])
        return 0
    for one in found:
        context.console.say(f'{_LETTERS[one.kind]} {one.path}')
    return 0


VERBS = (
    verb.Verb('diff', 'Show what a container has changed of its image',
              _arguments, _diff, examples=(
                  ('novacontainer diff web',
                   'A: added, C: changed, D: deleted'),)),
)
