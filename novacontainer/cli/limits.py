"""How much of the host a container may use: switches → HostConfig.

Called by ``cli.creation`` for a new container and by ``cli.alterations`` for
one that exists.
"""

import argparse
import typing

from novacontainer.cli import failure
from novacontainer.cli import quantities
from novacontainer.client import transport

#: Switch, member of HostConfig, type, help (Docker Engine API 1.44,
#: Resources).
_VALUES: tuple[tuple[str, str, typing.Any, str], ...] = (
    ('--blkio-weight', 'BlkioWeight', int, 'share of the disk, 10 to 1000'),
    ('--cpu-period', 'CpuPeriod', int, 'of the quota, in microseconds'),
    ('--cpu-quota', 'CpuQuota', int, 'microseconds of cpu a period'),
    ('--cpu-shares', 'CpuShares', int, 'weight against other containers'),
    ('--cpus', 'NanoCpus', quantities.parse_cpus, 'such as 1.5'),
    ('--cpuset-cpus', 'CpusetCpus', str, 'such as 0-1'),
    ('--cpuset-mems', 'CpusetMems', str, 'memory nodes, such as 0-1'),
    ('--memory', 'Memory', quantities.parse_size, 'such as 512m'),
    ('--memory-reservation', 'MemoryReservation', quantities.parse_size,
     'soft limit'),
    ('--memory-swap', 'MemorySwap', quantities.parse_size,
     'memory and swap together; -1: no limit'),
    ('--pids-limit', 'PidsLimit', int, 'processes and threads'),
)


def add_arguments(group: typing.Any) -> None:
    """Give a verb the switches of limits and of the restart policy.

    :param group: a parser, or a group of its arguments.
    """
    for switch, member, kind, words in _VALUES:
        short = ('-m',) if switch == '--memory' else ()
        group.add_argument(*short, switch, dest=member, type=kind,
                           metavar='VALUE', help=words)
    group.add_argument('--restart', metavar='POLICY[:RETRIES]',
                       help='always, unless-stopped, on-failure:3 or no')


def members(given: argparse.Namespace) -> transport.Json:
    """Return those members of HostConfig that were given.

    :raises CommandFailed: when the restart policy makes no sense.
    """
    found: transport.Json = {
        member: value for _, member, *_ in _VALUES
        if (value := getattr(given, member)) is not None}
    if given.restart:
        found['RestartPolicy'] = _restart_policy(given.restart)
    return found


def _restart_policy(word: str) -> transport.Json:
    name, _, retries = word.partition(':')
    if retries and not retries.isdecimal():
        raise failure.CommandFailed(
            f'{word!r} is not a restart policy: write always, '
            'unless-stopped or on-failure:3.')
    return {'Name': name, 'MaximumRetryCount': int(retries or 0)}
