"""Verbs about the disk: what takes it, and making room.

Put together by ``cli.app``, and called by ``cli.volumes``; calls the client's
housekeeping.
"""

import argparse
from collections.abc import Sequence

from novacontainer.cli import failure
from novacontainer.cli import quantities
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import transport

#: Kind → what of it goes; in the order in which the one frees the next.
_GOING = {
    'containers': 'all containers that do not run',
    'networks': 'all networks that no container uses',
    'volumes': 'all nameless volumes that no container uses',
    'images': 'all images without a name that no container uses',
}
_USUALLY = ('containers', 'networks', 'images')


def _prune_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-a', '--all', action='store_true',
                        help='images and volumes with a name as well')
    parser.add_argument('-f', '--force', action='store_true',
                        help='do not ask')
    parser.add_argument(
        '--filter', action='append', default=[], metavar='KEY=VALUE',
        help='such as until=24h, label=key=value, label!=key')
    parser.add_argument('--format', choices=('table', 'json'),
                        default='table', help='lines for people, or JSON')
    parser.add_argument(
        'kind', nargs='?', choices=(*_GOING, 'all'),
        help='only these; volumes go only when they, or "all", are named')


def prune(context: verb.Context, given: argparse.Namespace) -> int:
    """Remove what of ``given.kind`` nothing uses."""
    filters = verb.filters(given.filter)
    kinds: Sequence[str] = _USUALLY
    if given.kind is not None:
        kinds = tuple(_GOING) if given.kind == 'all' else (given.kind,)
    if not given.force:
        _ask(context, kinds, given.all)
    freed_bytes, shown = 0, {}
    for kind in kinds:
        pruned = context.client.housekeeping.prune(
            kind, _of_kind(filters, kind, given.all))
        freed_bytes += pruned.freed_bytes
        shown[kind] = list(pruned.removed)
        if given.format == 'table' and pruned.removed:
            context.console.say(f'Removed {kind}:')
            for one in pruned.removed:
                context.console.say(f'  {one}')
    if given.format == 'json':
        context.console.document(
            {**shown, 'SpaceReclaimed': freed_bytes})
    else:
        context.console.say(
            f'Total reclaimed space: {quantities.size(freed_bytes)}')
    return 0


def _of_kind(filters: dict[str, list[str]], kind: str,
             everything: bool) -> dict[str, list[str]]:
    if everything and kind == 'images':
        return {**filters, 'dangling': ['false']}
    if everything and kind == 'volumes':
        return {**filters, 'all': ['true']}
    return filters


def _ask(context: verb.Context, kinds: Sequence[str],
         everything: bool) -> None:
    """Ask before anything goes.

    :raises CommandFailed: when the answer is not yes.
    """
    console = context.console
    for kind in kinds:
        words = _GOING[kind]
        if everything:
            words = words.replace(' nameless', '').replace(
                ' without a name', '')
        console.errors.write(f'This removes {words}.\n')
    console.errors.write('Go on? [y/N] ')
    console.errors.flush()
    answer = console.source.readline().strip().lower()
    if answer not in (b'y', b'yes'):
        raise failure.CommandFailed(
            'Nothing was removed: answer y, or say --force.')


def _df_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-v', '--verbose', action='store_true',
                        help='each image, container and volume')
    table.add_format(parser)


def _df(context: verb.Context, given: argparse.Namespace) -> int:
    found = context.client.housekeeping.disk_usage()
    if given.format == 'json':
        context.console.document(found)
        return 0
    if given.verbose:
        _show_each(context, found)
        return 0
    table.show(
        context.console, ('Type', 'Total', 'Active', 'Size', 'Reclaimable'),
        [_images(found), _containers(found), _volumes(found)])
    return 0


def _images(found: transport.Json) -> list[str]:
    images = found.get('Images') or ()
    total = int(found.get('LayersSize') or 0)
    used = [one for one in images if one.get('Containers')]
    # What images share is counted as unused, as in Docker.
    kept = sum(int(one['Size']) - int(one['SharedSize']) for one in used)
    return _line('Images', len(images), len(used), total, total - kept)


def _containers(found: transport.Json) -> list[str]:
    containers = found.get('Containers') or ()
    live = [one for one in containers
            if one.get('State') in ('running', 'paused', 'restarting')]
    total = sum(int(one.get('SizeRw') or 0) for one in containers)
    return _line('Containers', len(containers), len(live), total,
                 total - sum(int(one.get('SizeRw') or 0) for one in live))


def _volumes(found: transport.Json) -> list[str]:
    volumes = [one.get('UsageData') or {}
               for one in found.get('Volumes') or ()]
    used = [one for one in volumes if one.get('RefCount')]
    total = sum(max(0, int(one.get('Size') or 0)) for one in volumes)
    return _line('Volumes', len(volumes), len(used), total, total - sum(
        max(0, int(one.get('Size') or 0)) for one in used))


def _line(label: str, count: int, active: int, total_bytes: int,
          free_bytes: int) -> list[str]:
    size = quantities.size(max(0, free_bytes))
    if total_bytes:
        size += f' ({max(0, free_bytes) / total_bytes:.0%})'
    return [label, str(count), str(active), quantities.size(total_bytes),
            size]


def _show_each(context: verb.Context, found: transport.Json) -> None:
    table.show(
        context.console, ('Image', 'Size', 'Shared', 'Containers'),
        [[', '.join(one.get('RepoTags') or ()) or one['Id'],
          quantities.size(one['Size']), quantities.size(one['SharedSize']),
          str(one['Containers'])] for one in found.get('Images') or ()])
    context.console.say('')
    table.show(
        context.console, ('Container', 'Image', 'Size', 'Status'),
        [[(one.get('Names') or [one['Id']])[0].removeprefix('/'),
          one.get('Image') or '', quantities.size(one.get('SizeRw') or 0),
          one.get('Status') or ''] for one in found.get('Containers') or ()])
    context.console.say('')
    table.show(
        context.console, ('Volume', 'Containers', 'Size'),
        [[one['Name'], str((one.get('UsageData') or {}).get('RefCount')),
          quantities.size((one.get('UsageData') or {}).get('Size') or 0)]
         for one in found.get('Volumes') or ()])


VERBS = (
    verb.Verb('prune', 'Remove what nothing uses', _prune_arguments, prune,
              examples=(
                  ('novacontainer prune',
                   'stopped containers, unused networks, nameless images'),
                  ('novacontainer prune -af images',
                   'every image that no container has, without asking'))),
    verb.Verb('system df', 'Show what takes the disk', _df_arguments, _df),
)
