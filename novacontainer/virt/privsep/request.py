"""Checks what the unprivileged side asks for.

Called by ``privsep.wiring`` before anything is touched.  nova-compute talks
to the network; were it taken over, this is what keeps the helper from being
used on namespaces and devices that are not those of containers.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import ipaddress
import re
import typing

from novacontainer.virt import interface
from novacontainer.virt.privsep import errors

_DEVICE = re.compile(r'tap[0-9a-f-]{1,11}')
_BRIDGE = re.compile(r'qbr[0-9a-f-]{1,11}')
_NAME = re.compile(r'eth[0-9]{1,3}')
_MAC = re.compile(r'[0-9a-f]{2}(:[0-9a-f]{2}){5}')
#: IPv4's least MTU (RFC 791) and the most that a veth takes (if_ether.h).
_MTU = range(68, 65536)
#: Bytes a second, and bytes; what a tc message has room for.
_RATE = range(1, 1 << 32)
#: More interfaces than Neutron's port quota allows a project by default are
#: no instance's.
_MOST_INTERFACES = 512
_MOST_ITEMS = 1024


def devices(names: typing.Any) -> list[str]:
    """Host ends to remove.

    :raises: errors.RefusedError
    """
    return [_matching(_DEVICE, 'device', name)
            for name in _sequence('devices', names)]


def interfaces(primitives: typing.Any) -> list[interface.Interface]:
    """Build interfaces from what came over the wire.

    :raises: errors.RefusedError
    """
    items = _sequence('interfaces', primitives)
    if len(items) > _MOST_INTERFACES:
        raise errors.RefusedError(
            f'{len(items)} interfaces are more than an instance may have.')
    return [_interface(item) for item in items]


def _interface(primitive: typing.Any) -> interface.Interface:
    if not isinstance(primitive, Mapping):
        raise errors.RefusedError('An interface must be given as a mapping.')
    try:
        return interface.Interface(
            device=_matching(_DEVICE, 'device', primitive['device']),
            name=_matching(_NAME, 'name', primitive['name']),
            address=_mac(primitive['address']),
            mtu=_mtu(primitive['mtu']),
            host_address=(_mac(primitive['host_address'])
                          if primitive['host_address'] else ''),
            host_ipv6=bool(primitive['host_ipv6']),
            bridge=(_matching(_BRIDGE, 'bridge', primitive['bridge'])
                    if primitive['bridge'] else ''),
            checksum_offload=bool(primitive['checksum_offload']),
            accept_ra=bool(primitive['accept_ra']),
            exact=bool(primitive['exact']),
            addresses=tuple(
                str(_parsed(ipaddress.ip_interface, address))
                for address in _sequence(
                    'addresses', primitive['addresses'])),
            routes=tuple(
                _route(route)
                for route in _sequence('routes', primitive['routes'])),
            inbound=_rate(primitive['inbound']),
            outbound=_rate(primitive['outbound']))
    except KeyError as error:
        raise errors.RefusedError(f'An interface lacks {error}.') from None


def _route(primitive: typing.Any) -> interface.Route:
    if not isinstance(primitive, Mapping):
        raise errors.RefusedError('A route must be given as a mapping.')
    destination = _parsed(ipaddress.ip_network, primitive['destination'])
    gateway = ''
    if primitive['gateway']:
        hop = _parsed(ipaddress.ip_address, primitive['gateway'])
        if hop.version != destination.version:
            raise errors.RefusedError(
                f'The route to {destination} has its gateway {hop} in the '
                f'other address family.')
        gateway = str(hop)
    return interface.Route(
        str(destination), gateway, bool(primitive['onlink']))


def _rate(primitive: typing.Any) -> interface.Rate | None:
    if primitive is None:
        return None
    if not isinstance(primitive, Mapping):
        raise errors.RefusedError('A rate must be given as a mapping.')
    numbers = [primitive[name] for name in (
        'average_bytes', 'peak_bytes', 'burst_bytes')]
    if not all(type(number) is int and number in _RATE
               for number in numbers):
        raise errors.RefusedError(
            f'{numbers!r} are not rates and a burst between {_RATE.start} '
            f'and {_RATE.stop - 1} bytes.')
    return interface.Rate(*numbers)


def _sequence(what: str, value: typing.Any) -> Sequence[typing.Any]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_ITEMS:
        raise errors.RefusedError(
            f'{what} must be a list of at most {_MOST_ITEMS} items.')
    return value


def _matching(
    pattern: re.Pattern[str], what: str, value: typing.Any,
) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise errors.RefusedError(
            f'{value!r} is not a {what} that the driver may touch; it must '
            f'match {pattern.pattern}.')
    return value


def _mac(value: typing.Any) -> str:
    if isinstance(value, str) and _MAC.fullmatch(value.lower()):
        return value.lower()
    raise errors.RefusedError(f'{value!r} is not a MAC address.')


def _mtu(value: typing.Any) -> int:
    if value == 0 or (type(value) is int and value in _MTU):
        return int(value)
    raise errors.RefusedError(
        f'{value!r} is not an MTU between {_MTU.start} and {_MTU.stop - 1}.')


def _parsed(
    parse: typing.Callable[[typing.Any], typing.Any], value: typing.Any,
) -> typing.Any:
    # A number would be taken for an address too; ours are always text.
    if not isinstance(value, str):
        raise errors.RefusedError(f'{value!r} is not an address.')
    try:
        return parse(value)
    except ValueError as error:
        raise errors.RefusedError(f'{error}.') from None
