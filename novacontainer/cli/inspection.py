"""The verb that shows all that the runtime knows of a thing.

Put together by ``cli.app``; calls the client's containers and images.
"""

import argparse

from novacontainer.cli import failure
from novacontainer.cli import verb
from novacontainer.client import exceptions
from novacontainer.client import transport


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--type', choices=('container', 'image'),
                        help='where both have the name')
    parser.add_argument('-s', '--size', action='store_true',
                        help='how much a container has written')
    parser.add_argument('names', nargs='+', metavar='NAME',
                        type=verb.image_name)


def _inspect(context: verb.Context, given: argparse.Namespace) -> int:
    """Show what was found, and then say what was not."""
    found = []
    exit_code = 0
    for name in given.names:
        try:
            found.append(_look_up(context, name, given.type, given.size))
        except exceptions.Refused as error:
            context.console.complain(error.message)
            exit_code = failure.FAILED
    context.console.document(found)
    return exit_code


def _look_up(context: verb.Context, name: str, kind: str | None,
             size: bool) -> transport.Json:
    """Look for a container, then for an image.

    :raises NotFound: when it is neither.
    """
    if kind == 'image':
        return context.client.images.document(name)
    if kind == 'container':
        return context.client.containers.document(name, size)
    try:
        return context.client.containers.document(name, size)
    except exceptions.NotFound:
        pass
    try:
        return context.client.images.document(name)
    except exceptions.NotFound:
        raise exceptions.NotFound(
            f'No such container or image: {name}') from None


VERBS = (
    verb.Verb('inspect', 'Show all about containers and images, as JSON',
              _arguments, _inspect),
)
