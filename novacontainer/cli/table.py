"""Tables for people and JSON for machines, of the same rows.

Called by the verbs that list; calls prettytable and ``cli.console``.
"""

import argparse
from collections.abc import Sequence

from novacontainer.cli import console as cli_console


def add_format(parser: argparse.ArgumentParser) -> None:
    """Give a verb the switch that :func:`show` and others look at."""
    parser.add_argument(
        '-f', '--format', choices=('table', 'json'), default='table',
        help='a table for people, or JSON with the words of the API')


def show(console: cli_console.Console, headings: Sequence[str],
         rows: Sequence[Sequence[str]]) -> None:
    """Write a table whose columns are as wide as they need to be."""
    if not rows:
        # Without rows and borders prettytable draws nothing at all.
        console.say('   '.join(headings))
        return
    # Imported late: every other verb starts faster without it.
    import prettytable

    shown = prettytable.PrettyTable()
    shown.field_names = list(headings)
    shown.align = 'l'
    shown.border = False
    shown.left_padding_width = 0
    shown.right_padding_width = 3
    for row in rows:
        shown.add_row([cli_console.visible(cell) for cell in row])
    for line in shown.get_string().splitlines():
        console.say(line.rstrip())
