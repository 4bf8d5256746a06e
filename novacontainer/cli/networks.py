"""Verbs about networks: make, list, look at, connect, remove.

Put together by ``cli.app``; calls the client's networks.
"""

import argparse
import re

from novacontainer.cli import failure
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import transport

_NETWORK = re.compile(r'[a-zA-Z0-9][a-zA-Z0-9_.-]*')
_SHORT_ID = 12


def network_name(text: str) -> str:
    """Check a network's name or id, which becomes part of a path."""
    if _NETWORK.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a network's name or id")
    return text


def _pairs(words: list[str]) -> dict[str, str]:
    found = {}
    for word in words:
        key, _, value = word.partition('=')
        if not key:
            raise failure.CommandFailed(
                f'{word!r} has no name before the "=".')
        found[key] = value
    return found


def _create_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-d', '--driver', default='bridge',
                        help='bridge; there is no other')
    parser.add_argument('--subnet', action='append', default=[],
                        metavar='SUBNET',
                        help='such as 10.9.0.0/24; one of each family')
    parser.add_argument('--gateway', action='append', default=[],
                        metavar='ADDRESS', help='of the subnet beside it')
    parser.add_argument('--ip-range', action='append', default=[],
                        metavar='SUBNET',
                        help='part of the subnet that addresses come from')
    parser.add_argument('--internal', action='store_true',
                        help='with no way out')
    parser.add_argument('--ipv6', action='store_true',
                        help='with IPv6 addresses too')
    parser.add_argument('-l', '--label', action='append', default=[],
                        metavar='KEY[=VALUE]')
    parser.add_argument('-o', '--opt', action='append', default=[],
                        metavar='KEY=VALUE', help='of the driver')
    parser.add_argument('name', metavar='NETWORK', type=network_name)


def _create(context: verb.Context, given: argparse.Namespace) -> int:
    configs: list[transport.Json] = [
        {'Subnet': subnet} for subnet in given.subnet]
    for member, words in (('Gateway', given.gateway),
                          ('IPRange', given.ip_range)):
        if len(words) > len(configs):
            raise failure.CommandFailed(
                f'{words[-1]} is of no subnet: give --subnet for each.')
        for config, word in zip(configs, words, strict=False):
            config[member] = word
    context.console.say(context.client.networks.create({
        'Name': given.name, 'Driver': given.driver,
        'Internal': given.internal, 'EnableIPv6': given.ipv6,
        'Labels': _pairs(given.label), 'Options': _pairs(given.opt),
        'IPAM': {'Config': configs}}))
    return 0


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-q', '--quiet', action='store_true',
                        help='ids only')
    parser.add_argument('--no-trunc', action='store_true', help='whole ids')
    parser.add_argument(
        '--filter', action='append', default=[], metavar='KEY=VALUE',
        help='such as type=custom, name=shop, label=key=value')
    table.add_format(parser)


def _list(context: verb.Context, given: argparse.Namespace) -> int:
    found = context.client.networks.list(verb.filters(given.filter))
    if given.format == 'json':
        context.console.document(found)
        return 0
    length = None if given.no_trunc else _SHORT_ID
    if given.quiet:
        for one in found:
            context.console.say(one['Id'][:length])
        return 0
    table.show(context.console, ('ID', 'Name', 'Driver', 'Subnet'), [
        [one['Id'][:length], one['Name'], one['Driver'], ', '.join(
            config['Subnet'] for config in one['IPAM']['Config'] or ())]
        for one in found])
    return 0


def _names_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('names', metavar='NETWORK', nargs='+',
                        type=network_name)


def _inspect(context: verb.Context, given: argparse.Namespace) -> int:
    context.console.document([
        context.client.networks.inspect(name) for name in given.names])
    return 0


def _connect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--alias', action='append', default=[],
                        help='a further name on that network')
    parser.add_argument('--ip', metavar='ADDRESS')
    parser.add_argument('--ip6', metavar='ADDRESS')
    parser.add_argument('--link', action='append', default=[],
                        metavar='CONTAINER[:ALIAS]')
    parser.add_argument('name', metavar='NETWORK', type=network_name)
    parser.add_argument('container', metavar='CONTAINER',
                        type=verb.container_name)


def _connect(context: verb.Context, given: argparse.Namespace) -> int:
    context.client.networks.connect(given.name, given.container, endpoint(
        aliases=given.alias, links=given.link, ip=given.ip, ip6=given.ip6))
    return 0


def endpoint(*, aliases: list[str], links: list[str], ip: str | None,
             ip6: str | None) -> transport.Json:
    """Return the API's ``EndpointSettings`` of what switches say."""
    addresses = {member: address for member, address in (
        ('IPv4Address', ip), ('IPv6Address', ip6)) if address}
    return {member: value for member, value in (
        ('Aliases', aliases), ('Links', links), ('IPAMConfig', addresses))
        if value}


def _disconnect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('name', metavar='NETWORK', type=network_name)
    parser.add_argument('container', metavar='CONTAINER',
                        type=verb.container_name)


def _disconnect(context: verb.Context, given: argparse.Namespace) -> int:
    context.client.networks.disconnect(given.name, given.container)
    return 0


def _remove(context: verb.Context, given: argparse.Namespace) -> int:
    return verb.each(context, given.names, context.client.networks.remove)


def _nothing(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def _prune(context: verb.Context, given: argparse.Namespace) -> int:
    for name in context.client.housekeeping.prune('networks', {}).removed:
        context.console.say(name)
    return 0


VERBS = (
    verb.Verb('network create', 'Make a network, and say its id',
              _create_arguments, _create, examples=(
                  ('novacontainer network create shop',
                   'with a subnet that is free'),
                  ('novacontainer network create --subnet 10.9.0.0/24 shop',
                   'whose containers may choose addresses'))),
    verb.Verb('network ls', 'List networks', _list_arguments, _list),
    verb.Verb('network inspect',
              'Show networks, with the running containers on them, as JSON',
              _names_arguments, _inspect),
    verb.Verb('network connect',
              'Connect a container to a network, at once if it runs',
              _connect_arguments, _connect),
    verb.Verb('network disconnect',
              'Take a container off a network, at once if it runs',
              _disconnect_arguments, _disconnect),
    verb.Verb('network rm',
              'Remove networks that no running container is on',
              _names_arguments, _remove),
    verb.Verb('network prune',
              'Remove all networks that no container is connected to',
              _nothing, _prune),
)
