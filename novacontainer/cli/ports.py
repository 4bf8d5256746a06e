"""The verb that lists the published ports of a container.

Put together by ``cli.app``, and called by ``cli.containers``; calls the
client's containers.
"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
import re

from novacontainer.cli import failure
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import transport

_PORT = re.compile(r'(\d{1,5})(?:/(tcp|udp|sctp))?')


def _port(text: str) -> str:
    found = _PORT.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a port: write 80 or 53/udp')
    return f'{found[1]}/{found[2] or "tcp"}'


def _arguments(parser: argparse.ArgumentParser) -> None:
    table.add_format(parser)
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)
    parser.add_argument('port', nargs='?', metavar='PORT[/PROTOCOL]',
                        type=_port, help='inside the container')


def _ports(context: verb.Context, given: argparse.Namespace) -> int:
    document = context.client.containers.document(given.name)
    found = (document.get('NetworkSettings') or {}).get('Ports') or {}
    if given.port is not None:
        found = {given.port: found.get(given.port)}
        if not found[given.port]:
            raise failure.CommandFailed(
                f'No public port {given.port} of {given.name} is published.')
    if given.format == 'json':
        context.console.document(found)
        return 0
    for port, address in _published(found):
        context.console.say(
            address if given.port else f'{port} -> {address}')
    return 0


def _published(ports: transport.Json) -> Iterator[tuple[str, str]]:
    """Yield each published port with each of its addresses here."""
    for port in sorted(ports, key=lambda one: (int(one.partition('/')[0]),
                                               one)):
        for binding in ports[port] or ():
            ip = binding.get('HostIp') or '0.0.0.0'  # noqa: S104 (shown)
            yield port, (f'[{ip}]' if ':' in ip else ip) + (
                f':{binding.get("HostPort")}')


def listed(ports: Iterable[transport.Json]) -> list[str]:
    """Write the ports of a container in a list, as Docker does.

    :param ports: ``Ports`` of ContainerSummary.
    :returns: such as ``0.0.0.0:8080->80/tcp`` or, not published, ``53/udp``.
    """
    found = []
    for port in sorted(ports, key=lambda one: (
            one['PrivatePort'], one.get('Type') or '', one.get('IP') or '')):
        text = f'{port["PrivatePort"]}/{port.get("Type") or "tcp"}'
        if port.get('PublicPort'):
            ip = port.get('IP') or ''
            host = f'[{ip}]' if ':' in ip else ip
            text = f'{host}:{port["PublicPort"]}->{text}'
        found.append(text)
    return found


VERBS = (
    verb.Verb('port', 'List the published ports of a container', _arguments,
              _ports),
)
