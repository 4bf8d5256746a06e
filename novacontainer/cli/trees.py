"""Verbs that move root file systems as archives: tar, export and import.

Put together by ``cli.app``; calls ``cli.archives``, ``cli.sources`` and the
client's files and images.
"""

import argparse

from novacontainer.cli import archives
from novacontainer.cli import sources
from novacontainer.cli import verb
from novacontainer.client import transport


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-o', '--output', metavar='FILE',
                        help='standard output when not given')
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)
    parser.set_defaults(path=None)


def _tar_arguments(parser: argparse.ArgumentParser) -> None:
    _export_arguments(parser)
    parser.add_argument('path', nargs='?', metavar='PATH',
                        help='only this file or directory')


def _tar(context: verb.Context, given: argparse.Namespace) -> int:
    def opening() -> transport.Download:
        if given.path is None:
            return context.client.files.export(given.name)
        return context.client.files.read(given.name, given.path)

    archives.deliver(context, given.output, given.name, opening)
    return 0


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-c', '--change', action='append', default=[],
                        metavar='INSTRUCTION',
                        help='of a Dockerfile, such as \'CMD ["/bin/sh"]\'')
    parser.add_argument('-m', '--message')
    parser.add_argument('file', metavar='FILE',
                        help='or an URL; - for standard input')
    parser.add_argument('reference', nargs='?', metavar='NAME[:TAG]',
                        type=verb.image_name)


def _import(context: verb.Context, given: argparse.Namespace) -> int:
    repository, tag = '', ''
    if given.reference:
        repository, tag = verb.split_reference(given.reference)
    with sources.sent(context, given.file) as source:
        context.console.say(context.client.images.import_root(
            source, repository, tag, message=given.message,
            changes=given.change))
    return 0


VERBS = (
    verb.Verb('tar', 'Write the files of a container as an archive',
              _tar_arguments, _tar, examples=(
                  ('novacontainer tar web > web.tar',
                   'its whole root file system, without mounts'),
                  ('novacontainer tar web /var/log | tar t',
                   'only what is at a path'))),
    verb.Verb('export', 'Write the root file system of a container as an '
              'archive', _export_arguments, _tar),
    verb.Verb('import', 'Make an image of a root file system',
              _import_arguments, _import, examples=(
                  ("novacontainer import -c 'CMD [\"/bin/sh\"]' root.tar.gz "
                   'my/root:1', 'an image of one layer'),)),
)
