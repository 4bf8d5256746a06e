"""The verb that lists what runs in a container.

Put together by ``cli.app``; calls the client's usage.
"""

import argparse
import shlex

from novacontainer.cli import table
from novacontainer.cli import verb


def _arguments(parser: argparse.ArgumentParser) -> None:
    table.add_format(parser)
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)
    parser.add_argument('ps_args', nargs=argparse.REMAINDER,
                        metavar='OPTIONS',
                        help="of the host's ps, such as -o pid,rss,args")


def _top(context: verb.Context, given: argparse.Namespace) -> int:
    titles, rows = context.client.usage.processes(
        given.name, shlex.join(given.ps_args))
    if given.format == 'json':
        context.console.document({'Titles': titles, 'Processes': rows})
    else:
        table.show(context.console, titles, rows)
    return 0


VERBS = (
    verb.Verb('top', 'List the processes of a container', _arguments, _top,
              examples=(
                  ('novacontainer top web', "with the host's pids"),
                  ('novacontainer top web -o pid,rss,args',
                   'columns of your own'))),
)
