"""The body of a new network: checked, and made into a record.  Pure.

Called by ``service.networks``.  Calls ``service.addressing``.

Docker Engine API 1.44, NetworkCreate.  What is not honoured is refused by
name.
"""

from collections.abc import Callable, Mapping
import datetime
import re

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import addressing

#: Names of interfaces (dev_valid_name() in the kernel).
_INTERFACE = re.compile(r'(?!\.{1,2}\Z)[^\s/:%\0]{1,15}')
_PREFIX = re.compile(r'[A-Za-z][A-Za-z0-9_-]{0,10}')
_NAME = re.compile(r'[a-zA-Z0-9]([a-zA-Z0-9_. -]*[a-zA-Z0-9_.-])?')
_BOOLEANS = frozenset(('1', 't', 'true', '0', 'f', 'false'))
_MTU_MAX = 65535

#: Members that would need a Swarm or another driver.
_REFUSED = ('Ingress', 'ConfigOnly')

#: Chooses the subnet of a family (4, 6) when the client does not.
Choose = Callable[[int], addressing.Net]


def describe(body: models.Json, network_id: str,
             choose: Choose) -> networking.Network:
    """Return the record that a create body asks for.

    :raises InvalidRequest: a value makes no sense.
    :raises Forbidden: the name is that of a predefined network.
    :raises NotFound: no such driver.
    :raises NotSupported: a member that is not honoured.
    """
    name = _name(body)
    driver = body.get('Driver') or networking.BRIDGE
    _check_driver(driver)
    for member in _REFUSED:
        if body.get(member):
            raise _unsupported(member)
    if (body.get('ConfigFrom') or {}).get('Network'):
        raise _unsupported('ConfigFrom')
    if body.get('Scope') not in (None, '', 'local'):
        raise _unsupported(f'Scope "{body["Scope"]}"')
    if body.get('EnableIPv4') is False:
        raise _unsupported('EnableIPv4 "false"')
    options = dict(body.get('Options') or {})
    check_options(options)
    ipv6 = bool(body.get('EnableIPv6'))
    return networking.Network(
        id=network_id, name=name, driver=driver,
        created=datetime.datetime.now(datetime.UTC),
        internal=bool(body.get('Internal')),
        ipv6=ipv6, attachable=bool(body.get('Attachable')),
        subnets=subnets(body.get('IPAM') or {}, ipv6, choose),
        labels=dict(body.get('Labels') or {}), options=options)


def check_options(options: Mapping[str, str]) -> None:
    """Refuse options that make no sense or are not honoured.

    :raises InvalidRequest: a value makes no sense; names the option.
    :raises NotSupported: it is not honoured.
    """
    for name, value in options.items():
        match name:
            case networking.OPTION_NAME:
                if not _INTERFACE.fullmatch(value):
                    raise _invalid(f'invalid bridge name: {value!r}')
            case networking.OPTION_ICC | networking.OPTION_MASQUERADE:
                if value.lower() not in _BOOLEANS:
                    raise _invalid(f'invalid value for {name}: {value!r}')
            case networking.OPTION_MTU:
                if not value.isdecimal() or not 68 <= int(value) <= _MTU_MAX:
                    raise _invalid(f'invalid value for {name}: {value!r}')
            case networking.OPTION_BINDING:
                if addressing.address(value).version != 4:
                    raise _invalid(f'invalid value for {name}: {value!r}')
            case networking.OPTION_PREFIX:
                if not _PREFIX.fullmatch(value):
                    raise _invalid(f'invalid value for {name}: {value!r}')
            case _:
                raise _unsupported(f'Option "{name}"')


def subnets(ipam: models.Json, ipv6: bool,
            choose: Choose) -> tuple[networking.Subnet, ...]:
    """Return the subnets of a network, IPv4 first.

    :param ipam: ``IPAM`` of the body.
    :raises InvalidRequest: a value makes no sense.
    :raises NotSupported: another driver of addresses than ``default``.
    """
    if (ipam.get('Driver') or 'default') != 'default':
        raise _unsupported(f'IPAM driver "{ipam["Driver"]}"')
    if ipam.get('Options'):
        raise _unsupported('IPAM.Options')
    found: dict[int, networking.Subnet] = {}
    for given in ipam.get('Config') or ():
        if not given.get('Subnet'):
            if any(given.values()):
                raise _invalid('invalid network config: an address of a '
                               'subnet is given without the Subnet')
            continue
        one = _subnet(given)
        version = addressing.subnet(one.cidr).version
        if version in found:
            raise _invalid(
                f"bridge driver doesn't support multiple IPv{version} "
                'subnets')
        found[version] = one
    if 6 in found and not ipv6:
        raise _invalid(f'invalid network config: {found[6].cidr} is an IPv6 '
                       'subnet, and EnableIPv6 is not set')
    for version in (4, 6) if ipv6 else (4,):
        if version not in found:
            net = choose(version)
            found[version] = networking.Subnet(
                str(net), str(addressing.first_host(net)))
    return tuple(found[version] for version in sorted(found))


def _subnet(given: models.Json) -> networking.Subnet:
    net = addressing.subnet(given['Subnet'])
    if net.num_addresses < 4:
        raise _invalid(f'invalid subnet {net}: it has no room for a gateway '
                       'and a container')
    if str(net) != given['Subnet'] and net.version == 4:
        raise _invalid(f'invalid subnet {given["Subnet"]}: it should be '
                       f'{net}')
    part = given.get('IPRange') or ''
    if part:
        inner = addressing.subnet(part)
        if not _contains(net, inner):
            raise _invalid(f'invalid ip-range {part}: it is not within '
                           f'subnet {net}')
        part = str(inner)
    gateway = given.get('Gateway') or str(addressing.first_host(net))
    reserved = dict(given.get('AuxiliaryAddresses')
                    or given.get('AuxAddress') or {})
    for text in (gateway, *reserved.values()):
        if addressing.address(text) not in net:
            raise _invalid(f'no matching subnet for {text}: it is not '
                           f'within {net}')
    return networking.Subnet(
        str(net), str(addressing.address(gateway)), part,
        {name: str(addressing.address(text))
         for name, text in reserved.items()}, asked=True)


def _contains(net: addressing.Net, inner: addressing.Net) -> bool:
    return (net.version == inner.version
            and inner.network_address in net
            and inner.broadcast_address in net)


def _name(body: models.Json) -> str:
    name: str = body.get('Name') or ''
    if name in networking.PREDEFINED or name == 'default':
        raise exception.Forbidden(
            f'operation is not permitted on predefined {name} network',
            'network.predefined')
    if not _NAME.fullmatch(name) or len(name) > 255:
        raise _invalid(
            f'invalid network name {name[:80]!r}: only '
            '[a-zA-Z0-9][a-zA-Z0-9_.-] and spaces between are allowed')
    return name


def _check_driver(driver: str) -> None:
    if driver in (networking.HOST, 'null'):
        raise exception.Forbidden(
            f'only one instance of "{driver}" network is allowed',
            'network.single_instance')
    if driver in ('overlay', 'macvlan', 'ipvlan'):
        raise _unsupported(f'Driver "{driver}"')
    if driver != networking.BRIDGE:
        raise exception.NotFound(
            f'could not find plugin {driver} in v1 plugin registry: plugin '
            f'not found; use the driver "{networking.BRIDGE}"',
            'network.no_driver')


def _unsupported(what: str) -> exception.NotSupported:
    return exception.NotSupported(
        f'{what} of a network is not supported by this version; leave it '
        'out', 'network.not_supported')


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'network.invalid')
