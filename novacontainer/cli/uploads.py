"""The verb that brings an image to Glance, where Nova finds it.

Put together by ``cli.app``; calls ``cli.glance``, ``cli.archives`` and the
client's images.
"""

import argparse
from collections.abc import Iterator
import contextlib
import os
import pathlib

from novacontainer.cli import archives
from novacontainer.cli import failure
from novacontainer.cli import glance
from novacontainer.cli import progress
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import transport


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--name', help="in Glance; the source's when not "
                                       'given')
    parser.add_argument('-p', '--property', action='append', default=[],
                        metavar='KEY=VALUE',
                        help='such as os_command_line="/bin/server -v"')
    parser.add_argument('--container-format', default='docker',
                        metavar='FORMAT', help='docker when not given')
    parser.add_argument('--disk-format', default='raw', metavar='FORMAT',
                        help='raw when not given')
    parser.add_argument('--tag', action='append', default=[],
                        help='in Glance')
    parser.add_argument('--protected', action='store_true',
                        help='Glance does not delete it before this is '
                             'taken back')
    parser.add_argument('--visibility', default='private',
                        choices=('private', 'shared', 'community', 'public'))
    parser.add_argument('--min-disk', type=int, default=0, metavar='GB')
    parser.add_argument('--min-ram', type=int, default=0, metavar='MB')
    parser.add_argument('--local', action='store_true',
                        help='SOURCE is an image here even where a file has '
                             'its name')
    table.add_format(parser)
    parser.add_argument('source', metavar='SOURCE',
                        help='archive, - for standard input, or an image of '
                             'the runtime')


def _upload(context: verb.Context, given: argparse.Namespace) -> int:
    members: dict[str, object] = {}
    for word in given.property:
        key, equals, value = word.partition('=')
        if not equals or not key:
            raise failure.CommandFailed(
                f'{word!r} is not a property: write key=value.')
        members[key] = value
    members.update(
        name=given.name or _name(given.source), visibility=given.visibility,
        min_disk=given.min_disk, min_ram=given.min_ram,
        container_format=given.container_format,
        disk_format=given.disk_format, protected=given.protected)
    if given.tag:
        members['tags'] = given.tag
    client = glance.connect(glance.environment())
    with _opened(context, given.source, given.local) as source:
        ident = glance.upload(client, source, members)
    if given.format == 'json':
        context.console.document({'id': ident, **members})
    else:
        context.console.say(ident)
    return 0


def _name(source: str) -> str:
    if source == '-':
        raise failure.CommandFailed('The image needs a name: say --name.')
    return pathlib.PurePath(source).name


@contextlib.contextmanager
def _opened(context: verb.Context, source: str,
            local: bool) -> Iterator[progress.Progress]:
    """Open a file where there is one, else an image of the runtime."""
    if not local and (source == '-' or os.path.exists(source)):
        with archives.opened(context, source) as file:
            yield file
        return
    try:
        name = verb.image_name(source)
    except argparse.ArgumentTypeError as error:
        raise failure.CommandFailed(
            f'There is no file {source}, and an image cannot be called '
            'so.') from error
    with context.client.images.save(name, transport.FOREVER_S) as download:
        with progress.Progress(context.console, download,
                               name).shown() as shown:
            yield shown


VERBS = (
    verb.Verb('image upload', 'Bring an archive, or an image of the '
              'runtime, to Glance', _arguments, _upload),
)
