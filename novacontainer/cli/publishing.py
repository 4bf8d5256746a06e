"""Networks and ports of a new container: switches → create body.

Called by ``cli.creation``.  Calls ``cli.networks``.  Pure.
"""

import argparse
from collections.abc import Iterator
import re

from novacontainer.cli import failure
from novacontainer.cli import networks
from novacontainer.client import transport

#: ``[ADDRESS:][PORTS:]PORTS[/PROTOCOL]``; IPv6 addresses in brackets.
_PUBLISH = re.compile(
    r'(?:(?:(\[[0-9a-fA-F:.]+\]|[0-9.]*):)?(\d*(?:-\d+)?):)?'
    r'(\d+(?:-\d+)?)(?:/([a-z]+))?')
_EXPOSE = re.compile(r'(\d+)(?:-(\d+))?(?:/([a-z]+))?')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a verb the switches about networks."""
    group = parser.add_argument_group('networks')
    group.add_argument('--expose', action='append', default=[],
                       metavar='PORT[/PROTOCOL]',
                       help='a port that -P is to publish')
    group.add_argument('--ip', metavar='ADDRESS')
    group.add_argument('--ip6', metavar='ADDRESS')
    group.add_argument('--link', action='append', default=[],
                       metavar='CONTAINER[:ALIAS]',
                       help='a container to know by name')
    group.add_argument('--mac-address', metavar='ADDRESS')
    group.add_argument('--network', metavar='NETWORK',
                       help='name or id; none, host, container:NAME or '
                            'ns:PATH')
    group.add_argument('--network-alias', action='append', default=[],
                       metavar='NAME', help='a further name on its network')
    group.add_argument('-p', '--publish', action='append', default=[],
                       metavar='[[ADDRESS:]PORT:]PORT[/PROTOCOL]',
                       help='such as 8080:80, 127.0.0.1::80 or 53:53/udp')
    group.add_argument('-P', '--publish-all', action='store_true',
                       help='every exposed port, on ports that are free')


def members(given: argparse.Namespace) -> transport.Json:
    """Return the members of HostConfig.

    :raises CommandFailed: when a switch makes no sense.
    """
    bindings: dict[str, list[dict[str, str]]] = {}
    for port, binding in _bindings(given):
        bindings.setdefault(port, []).append(binding)
    found = {'NetworkMode': given.network, 'PortBindings': bindings,
             'PublishAllPorts': given.publish_all}
    if not _is_own_network(given):
        found['Links'] = given.link
    return {member: value for member, value in found.items() if value}


def body(given: argparse.Namespace) -> transport.Json:
    """Return the members of the create body itself.

    :raises CommandFailed: when a switch makes no sense.
    """
    settings = networks.endpoint(
        aliases=given.network_alias, ip=given.ip, ip6=given.ip6,
        links=given.link if _is_own_network(given) else [])
    exposed: dict[str, transport.Json] = {
        port: {} for port, _ in _bindings(given)}
    for word in given.expose:
        match = _EXPOSE.fullmatch(word)
        if match is None:
            raise failure.CommandFailed(
                f'{word!r} is not a port: write 80 or 53/udp.')
        first, last, protocol = match.groups()
        exposed.update(
            (f'{number}/{protocol or "tcp"}', {}) for number in range(
                int(first), int(last or first) + 1))
    found = {
        'ExposedPorts': exposed, 'MacAddress': given.mac_address,
        'NetworkingConfig': {'EndpointsConfig': {
            given.network or 'default': settings}} if settings else None}
    return {member: value for member, value in found.items() if value}


def _is_own_network(given: argparse.Namespace) -> bool:
    """Say whether links are those of a network that somebody made."""
    return (given.network or 'default') not in ('default', 'bridge')


def _bindings(
    given: argparse.Namespace,
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each port of the container with where it is published."""
    for word in given.publish:
        match = _PUBLISH.fullmatch(word)
        if match is None:
            raise failure.CommandFailed(
                f'{word!r} is not a port to publish: write 8080:80, '
                '127.0.0.1:8080:80 or 80.')
        address, outside, inside, protocol = match.groups()
        inner, outer = _range(inside), _range(outside or '')
        if len(inner) > 1 and outer and len(inner) != len(outer):
            raise failure.CommandFailed(
                f'{word!r}: both ranges must have as many ports.')
        for number, port in enumerate(inner):
            binding = {'HostPort': outside or ''}
            if outer and len(inner) > 1:
                binding['HostPort'] = str(outer[number])
            if address:
                binding['HostIp'] = address.strip('[]')
            yield f'{port}/{protocol or "tcp"}', binding


def _range(text: str) -> range:
    if not text:
        return range(0)
    first, _, last = text.partition('-')
    return range(int(first), int(last or first) + 1)
