"""The verb that shows what a container has written.

Put together by ``cli.app``; calls the client's containers.
"""

import argparse

from novacontainer.cli import quantities
from novacontainer.cli import verb
from novacontainer.client import framing


def tail_lines(text: str) -> int | None:
    """Read a number of lines; None for all of them."""
    if text == 'all':
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f'{text!r} is neither a number of lines nor "all"')
    return int(text)


def moment(text: str) -> str:
    """Read a point in time, relative to now where it is a span."""
    return quantities.parse_moment(text, quantities.now_s())


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-f', '--follow', action='store_true',
                        help='go on until the container ends')
    parser.add_argument('-n', '--tail', type=tail_lines, metavar='LINES',
                        help='only so many from the end')
    parser.add_argument('--since', type=moment, metavar='TIME',
                        help='such as 10m or 2026-01-31T12:00:00')
    parser.add_argument('--until', type=moment, metavar='TIME')
    parser.add_argument('-t', '--timestamps', action='store_true')
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)


def _logs(context: verb.Context, given: argparse.Namespace) -> int:
    with context.client.containers.follow(
            given.name, follow=given.follow, tail_lines=given.tail,
            since=given.since, until=given.until,
            timestamps=given.timestamps) as pieces:
        for stream, data in pieces:
            context.console.send(data, to_errors=stream == framing.STDERR)
    return 0


VERBS = (
    verb.Verb('logs', 'Show what a container has written', _arguments,
              _logs),
)
