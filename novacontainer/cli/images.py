"""Verbs about images that exist: list, name, look at, remove, commit.

Put together by ``cli.app``; calls the client's images and containers.
"""

import argparse

from novacontainer.cli import quantities
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import transport

_SHORT_ID = 12
_STEP_MAX = 60


def short_id(ident: str) -> str:
    """Shorten ``sha256:…`` to what a person can compare."""
    return ident.removeprefix('sha256:')[:_SHORT_ID]


def _images_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-q', '--quiet', action='store_true',
                        help='ids only')
    parser.add_argument('--no-trunc', action='store_true', help='whole ids')
    parser.add_argument('-a', '--all', action='store_true',
                        help='as without it: no image is hidden here')
    parser.add_argument('--digests', action='store_true',
                        help='those of manifests, where they are known')
    parser.add_argument(
        '--filter', action='append', default=[], metavar='KEY=VALUE',
        help='such as dangling=true, label=key=value')
    table.add_format(parser)
    parser.add_argument('reference', nargs='?', metavar='NAME',
                        help='only images of this name; * stands for '
                             'anything')


def _images(context: verb.Context, given: argparse.Namespace) -> int:
    wanted = verb.filters(given.filter)
    if given.reference:
        wanted.setdefault('reference', []).append(given.reference)
    found = context.client.images.documents(wanted)
    if given.format == 'json':
        context.console.document(found)
        return 0
    if given.quiet:
        for one in found:
            context.console.say(
                one['Id'] if given.no_trunc else short_id(one['Id']))
        return 0
    headings = ['Repository', 'Tag', 'ID', 'Created', 'Size']
    if given.digests:
        headings.insert(2, 'Digest')
    now_s = quantities.now_s()
    table.show(context.console, headings, [
        row for one in found
        for row in _rows(one, now_s, given.no_trunc, given.digests)])
    return 0


def _rows(one: transport.Json, now_s: float, whole: bool,
          digests: bool) -> list[list[str]]:
    """One row for each name of an image."""
    rest = [one['Id'] if whole else short_id(one['Id']),
            quantities.age(now_s - (one.get('Created') or now_s)),
            quantities.size(one.get('Size') or 0)]
    names = [verb.split_reference(name) for name in one.get('RepoTags') or ()]
    known = dict(name.split('@', 1)
                 for name in one.get('RepoDigests') or () if '@' in name)
    return [[*name, *([known.get(name[0], '<none>')] if digests else []),
             *rest] for name in names or [('<none>', '<none>')]]


def _history_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--no-trunc', action='store_true',
                        help='whole steps')
    table.add_format(parser)
    parser.add_argument('name', metavar='IMAGE', type=verb.image_name)


def _history(context: verb.Context, given: argparse.Namespace) -> int:
    steps = context.client.images.history(given.name)
    if given.format == 'json':
        context.console.document(steps)
        return 0
    now_s = quantities.now_s()
    rows = []
    for step in steps:
        made_by = ' '.join((step.get('CreatedBy') or '').split())
        if not given.no_trunc and len(made_by) > _STEP_MAX:
            made_by = made_by[:_STEP_MAX - 1] + '…'
        created = step.get('Created') or 0
        rows.append([
            quantities.age(now_s - created) if created > 0 else '',
            made_by, quantities.size(step.get('Size') or 0),
            step.get('Comment') or ''])
    table.show(context.console, ('Created', 'Step', 'Size', 'Comment'), rows)
    return 0


def _tag_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('name', metavar='IMAGE', type=verb.image_name)
    parser.add_argument('reference', metavar='NAME[:TAG]',
                        type=verb.image_name)


def _tag(context: verb.Context, given: argparse.Namespace) -> int:
    context.client.images.tag(
        given.name, *verb.split_reference(given.reference))
    return 0


def _rmi_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-f', '--force', action='store_true',
                        help='all names of an id, and what stopped '
                             'containers use')
    parser.add_argument('names', nargs='+', metavar='IMAGE',
                        type=verb.image_name)


def _rmi(context: verb.Context, given: argparse.Namespace) -> int:
    def remove(name: str) -> list[str]:
        return [
            f'{done}: {what}'
            for step in context.client.images.remove(name, given.force)
            for done, what in step.items()]

    return verb.each(context, given.names, remove)


def _commit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-a', '--author')
    parser.add_argument('-m', '--message')
    parser.add_argument('-c', '--change', action='append', default=[],
                        metavar='INSTRUCTION',
                        help='of a Dockerfile, such as \'CMD ["/bin/sh"]\'')
    parser.add_argument('--no-pause', action='store_true',
                        help='let it run meanwhile; files may not agree')
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)
    parser.add_argument('reference', nargs='?', metavar='NAME[:TAG]',
                        type=verb.image_name)


def _commit(context: verb.Context, given: argparse.Namespace) -> int:
    repository, tag = '', ''
    if given.reference:
        repository, tag = verb.split_reference(given.reference)
    context.console.say(context.client.containers.commit(
        given.name, repository, tag, not given.no_pause,
        transport.FOREVER_S, author=given.author, message=given.message,
        changes=given.change))
    return 0


VERBS = (
    verb.Verb('images', 'List images', _images_arguments, _images),
    verb.Verb('history', 'Show how an image was built', _history_arguments,
              _history),
    verb.Verb('tag', 'Give an image one more name', _tag_arguments, _tag),
    verb.Verb('rmi', 'Remove images', _rmi_arguments, _rmi),
    verb.Verb('commit', 'Make an image of a container', _commit_arguments,
              _commit),
)
