"""The verb that shows what containers use right now.

Put together by ``cli.app``; calls the client's containers and usage.
"""

import argparse
import time

from novacontainer.cli import quantities
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import exceptions
from novacontainer.client import transport

#: Between two samples, as in Docker.
_PERIOD_S = 1.0
_SHORT_ID = 12
_HOME_AND_CLEAR = '\x1b[H\x1b[J'

_HEADINGS = ('ID', 'Name', 'CPU', 'Memory', 'Limit', 'Share', 'Net in',
             'Net out', 'Block in', 'Block out', 'Pids')


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-a', '--all', action='store_true',
                        help='those that do not run as well')
    parser.add_argument('--no-stream', action='store_true',
                        help='once, after a second of measuring')
    parser.add_argument('--no-trunc', action='store_true', help='whole ids')
    table.add_format(parser)
    parser.add_argument('names', nargs='*', metavar='CONTAINER',
                        type=verb.container_name,
                        help='all that run when not given')


def _stats(context: verb.Context, given: argparse.Namespace) -> int:
    """Show again and again, each time the rates since the time before."""
    before = _samples(context, given, fixed=True)
    while True:
        time.sleep(_PERIOD_S)
        now = _samples(context, given)
        shown = [_with_rates(one, before.get(ident))
                 for ident, one in now.items()]
        _show(context, given, shown)
        # Those that were named have all been removed.
        if given.no_stream or (given.names and not now):
            return 0
        before = now


def _samples(context: verb.Context, given: argparse.Namespace,
             fixed: bool = False) -> dict[str, transport.Json]:
    """Measure each container once.

    :param fixed: a container that was named must be there.
    :returns: samples by id.
    """
    names = given.names or [
        one['Id'] for one
        in context.client.containers.documents(everything=given.all)]
    found = {}
    for name in names:
        try:
            sample = context.client.usage.sample(name)
        except exceptions.NotFound:
            if fixed and given.names:
                raise
        else:
            found[str(sample['id'])] = sample
    return found


def _with_rates(now: transport.Json,
                before: transport.Json | None) -> transport.Json:
    """Put the sample before into a sample, as the API does."""
    if before is None:
        return now
    return {**now, 'preread': before.get('read'),
            'precpu_stats': before.get('cpu_stats') or {}}


def _show(context: verb.Context, given: argparse.Namespace,
          shown: list[transport.Json]) -> None:
    console = context.console
    if given.format == 'json':
        if given.no_stream:
            console.document(shown)
        else:
            for one in shown:
                console.json_line(one)
        return
    if console.output_is_terminal() and not given.no_stream:
        console.output.write(_HOME_AND_CLEAR)
    table.show(console, _HEADINGS,
               [_row(one, given.no_trunc) for one in shown])
    console.output.flush()


def _row(one: transport.Json, whole: bool) -> list[str]:
    memory = one.get('memory_stats') or {}
    used = memory_bytes(memory)
    limit = memory.get('limit') or 0
    networks = (one.get('networks') or {}).values()
    blocks = (one.get('blkio_stats') or {}).get(
        'io_service_bytes_recursive') or ()
    return [
        one['id'] if whole else one['id'][:_SHORT_ID],
        str(one.get('name') or '').removeprefix('/'),
        f'{cpu_percent(one):.2f}%',
        quantities.size(used), quantities.size(limit),
        f'{used / limit:.2%}' if limit else '0.00%',
        *(quantities.size(sum(net.get(key) or 0 for net in networks))
          for key in ('rx_bytes', 'tx_bytes')),
        *(quantities.size(sum(
            block.get('value') or 0 for block in blocks
            if str(block.get('op')).lower() == operation))
          for operation in ('read', 'write')),
        str((one.get('pids_stats') or {}).get('current') or 0),
    ]


def cpu_percent(sample: transport.Json) -> float:
    """Share of one cpu that was used since the sample before.

    As Docker's client computes it (ContainerStats): 100 is one whole cpu.
    """
    now, before = sample.get('cpu_stats') or {}, sample.get(
        'precpu_stats') or {}
    used = _total(now) - _total(before)
    passed = ((now.get('system_cpu_usage') or 0)
              - (before.get('system_cpu_usage') or 0))
    # Without a sample before there is no rate.
    if not before.get('system_cpu_usage') or used < 0 or passed <= 0:
        return 0.0
    return float(used / passed * (now.get('online_cpus') or 1) * 100)


def _total(cpu: transport.Json) -> int:
    return int((cpu.get('cpu_usage') or {}).get('total_usage') or 0)


def memory_bytes(memory: transport.Json) -> int:
    """Memory in use without the file cache that can be dropped at once."""
    used = int(memory.get('usage') or 0)
    counted = memory.get('stats') or {}
    # Version 1 of cgroups, then version 2.
    for name in ('total_inactive_file', 'inactive_file'):
        if name in counted:
            cache = int(counted[name])
            return used - cache if cache < used else used
    return used


VERBS = (
    verb.Verb('stats', 'Show what containers use, every second',
              _arguments, _stats, examples=(
                  ('novacontainer stats', 'a table until ctrl-c'),
                  ('novacontainer stats --no-stream -f json web',
                   'one document'))),
)
