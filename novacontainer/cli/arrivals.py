"""Verbs that make a container of what comes from elsewhere: pull and put.

Put together by ``cli.app``; calls ``cli.sources`` and ``cli.glance`` for the
image, and ``cli.run`` for the container.
"""

import argparse
from collections.abc import Iterable
import contextlib
import re

from novacontainer.cli import archives
from novacontainer.cli import checksum
from novacontainer.cli import creation
from novacontainer.cli import failure
from novacontainer.cli import glance
from novacontainer.cli import progress
from novacontainer.cli import run
from novacontainer.cli import sources
from novacontainer.cli import verb
from novacontainer.client import exceptions
from novacontainer.client import transport

_REFERENCE = re.compile(
    r'[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?')


def _glance_reference(name: str, ident: str) -> str:
    """Take the name that an image has in Glance where it can be one."""
    if _REFERENCE.fullmatch(name):
        return ':'.join(verb.split_reference(name))
    return sources.reference(name if re.search('[A-Za-z0-9]', name) else ident)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--reference', metavar='NAME[:TAG]',
                        type=verb.image_name,
                        help="of the image; the source's when not given")
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--image-only', action='store_true',
                      help='make no container of it')
    what.add_argument('-d', '--start', '--detach', action='store_true',
                      help='start the container')
    parser.add_argument('--cidfile', metavar='FILE',
                        help='write the id into this new file')
    creation.add_arguments(parser)


def _put_arguments(parser: argparse.ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument('--checksum', type=checksum.parse, metavar='SUM',
                        help='sha256: and what sha256sum says')
    parser.add_argument('source', metavar='FILE',
                        help='- for standard input')
    parser.add_argument('command', nargs=argparse.REMAINDER,
                        metavar='COMMAND', help="instead of the image's")


def _put(context: verb.Context, given: argparse.Namespace) -> int:
    _check(given)
    name = given.reference or sources.reference(given.source)
    with sources.sent(context, given.source, given.checksum) as source:
        return _arrive(context, given, source, name)


def _pull_arguments(parser: argparse.ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument('--checksum', type=checksum.parse, metavar='SUM',
                        help='sha256: and the sum, for an URL; Glance says '
                             'its own')
    parser.add_argument('source', metavar='SOURCE',
                        help='http, https or file URL of an archive, or '
                             'name or id of an image in Glance')
    parser.add_argument('command', nargs=argparse.REMAINDER,
                        metavar='COMMAND', help="instead of the image's")


def _pull(context: verb.Context, given: argparse.Namespace) -> int:
    _check(given)
    if sources.is_url(given.source):
        return _put(context, given)
    if given.checksum is not None:
        raise failure.CommandFailed(
            '--checksum is for an URL: Glance says the checksum itself.')
    try:
        client = glance.connect(glance.environment())
    except failure.CommandFailed as error:
        raise failure.CommandFailed(
            f'{given.source} is not an URL, and Glance cannot be asked for '
            f'an image of that name: {error.message}') from error
    found = glance.find(client, given.source)
    name = given.reference or _glance_reference(found.name, found.id)
    opened = progress.Progress(
        context.console, glance.download(client, found),
        found.name or found.id, found.size_bytes)
    with opened.shown(), archives.readable(f'The image {given.source}'):
        return _arrive(context, given, opened, name)


def _check(given: argparse.Namespace) -> None:
    if given.image_only and given.command:
        raise failure.CommandFailed(
            'A command is for a container: leave out --image-only, or the '
            'command.')


def _arrive(context: verb.Context, given: argparse.Namespace,
            source: Iterable[bytes], name: str) -> int:
    """Load the image, make the container and say its id."""
    images = context.client.images
    known = _is_known(context, name)
    given.image, = images.load(source, name, transport.FOREVER_S)
    if given.image_only:
        context.console.say(given.image)
        return 0
    with contextlib.ExitStack() as undo:
        if not known:
            undo.callback(_forget, context, given.image)
        ident = run.create(context, given, auto_remove=False)
        undo.pop_all()
    if given.start:
        return run.start(context, ident)
    context.console.say(ident)
    return 0


def _is_known(context: verb.Context, name: str) -> bool:
    try:
        context.client.images.document(name)
    except exceptions.NotFound:
        return False
    return True


def _forget(context: verb.Context, name: str) -> None:
    """Take back an image of which no container could be made."""
    with contextlib.suppress(exceptions.ClientError):
        context.client.images.remove(name)


VERBS = (
    verb.Verb('pull', 'Make a container of an archive at an URL, or of an '
              'image in Glance', _pull_arguments, _pull, examples=(
                  ('novacontainer pull -d --name web nginx',
                   'the image nginx of Glance, found by your openrc'),
                  ('novacontainer pull https://example.org/web.tar.gz',
                   'made, and started by "novacontainer start"'),
                  ('novacontainer pull --image-only file:///srv/web.tar',
                   'only the image'))),
    verb.Verb('put', 'Make a container of an archive or a root file system',
              _put_arguments, _put, examples=(
                  ('novacontainer put -d --name web web.tar',
                   'its image is web:latest'),
                  ('tar c -C root . | novacontainer put --reference r - sh',
                   'of a root file system, which has no command'))),
)
