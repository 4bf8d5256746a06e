"""How a container's health is to be checked: switches → Healthcheck.

Called by ``cli.creation``.  Pure.
"""

import argparse

from novacontainer.cli import failure
from novacontainer.cli import quantities
from novacontainer.client import transport

#: Switch, member of Healthcheck, help; each is a span of time.
_SPANS = (
    ('--health-interval', 'Interval', 'between two checks, such as 30s'),
    ('--health-timeout', 'Timeout', 'how long a check may take'),
    ('--health-start-period', 'StartPeriod',
     'how long failures do not count after the start'),
    ('--health-start-interval', 'StartInterval',
     'between two checks meanwhile'),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a verb the switches of health checks."""
    group = parser.add_argument_group('its health')
    group.add_argument('--health-cmd', metavar='COMMAND',
                       help='run by its shell; 0 means healthy')
    for switch, member, words in _SPANS:
        group.add_argument(switch, dest=f'health_{member}', metavar='SPAN',
                           type=quantities.parse_span, help=words)
    group.add_argument('--health-retries', type=int, metavar='N',
                       help='failures in a row that mean unhealthy')
    group.add_argument('--no-healthcheck', action='store_true',
                       help="leave the image's check out")


def check(given: argparse.Namespace) -> transport.Json | None:
    """Make the Healthcheck (Docker Engine API 1.44, HealthConfig).

    :returns: None when nothing of it was given.
    :raises CommandFailed: when the switches contradict each other.
    """
    found: transport.Json = {
        member: value for _, member, _ in _SPANS
        if (value := getattr(given, f'health_{member}')) is not None}
    if given.health_cmd is not None:
        found['Test'] = ['CMD-SHELL', given.health_cmd]
    if given.health_retries is not None:
        found['Retries'] = given.health_retries
    if not given.no_healthcheck:
        return found or None
    if found:
        raise failure.CommandFailed(
            '--no-healthcheck and the other --health switches contradict '
            'each other: leave one out.')
    return {'Test': ['NONE']}
