"""Networks, and containers' connections to them, as the API shows them.

Called by: ``api.routes.networks``, ``views.containers``.  Calls:
``views.times``.

Docker Engine API 1.44: ``Network``, ``NetworkSettings``,
``EndpointSettings``, ``Port``.
"""

from collections.abc import Sequence

from novacontainer.runtime.api.views import times
from novacontainer.runtime import models
from novacontainer.runtime import networking

_ANY = '0.0.0.0'  # noqa: S104
#: What is there only while the container runs.
_DOWN: models.Json = {
    'EndpointID': '',
    'Gateway': '',
    'IPAddress': '',
    'IPPrefixLen': 0,
    'IPv6Gateway': '',
    'GlobalIPv6Address': '',
    'GlobalIPv6PrefixLen': 0,
    'MacAddress': '',
}

Connections = Sequence[networking.Connection]


def show(
    network: networking.Network, connections: Connections = ()
) -> models.Json:
    """Show one network (``Network``).

    :param connections: those that are up; a list of networks is without.
    """
    return {
        'Name': network.name,
        'Id': network.id,
        'Created': times.rfc3339(network.created),
        'Scope': 'local',
        'Driver': network.driver,
        'EnableIPv6': network.ipv6,
        'IPAM': {
            'Driver': 'default',
            'Options': None if network.is_predefined else {},
            'Config': [_subnet(one) for one in network.subnets],
        },
        'Internal': network.internal,
        'Attachable': network.attachable,
        'Ingress': False,
        'ConfigFrom': {'Network': ''},
        'ConfigOnly': False,
        'Containers': {
            one.endpoint.container_id: _container(one) for one in connections
        },
        'Options': dict(network.options),
        'Labels': dict(network.labels),
    }


def settings(
    container: models.Container, connections: Connections, sandbox_key: str
) -> models.Json:
    """Show a container's network (``NetworkSettings``)."""
    main = next(
        (
            one
            for one in connections
            if one.network.name == networking.BRIDGE and one.endpoint.is_up
        ),
        None,
    )
    up = container.pid > 0
    return {
        'Bridge': '',
        'SandboxID': container.id if up else '',
        'SandboxKey': sandbox_key,
        'Ports': ports(container, connections) if up else {},
        'HairpinMode': False,
        'LinkLocalIPv6Address': '',
        'LinkLocalIPv6PrefixLen': 0,
        'SecondaryIPAddresses': None,
        'SecondaryIPv6Addresses': None,
        **(_addresses(main) if main else _DOWN),
        'Networks': networks(container, connections),
    }


def networks(
    container: models.Container, connections: Connections
) -> models.Json:
    """Show the networks of a container (``EndpointSettings`` by name)."""
    mode = container.host_config.get('NetworkMode') or networking.NONE
    if mode in (networking.HOST, networking.NONE):
        return {mode: {**_wishes(container, None), **_DOWN}}
    return {
        one.network.name: {
            **_DOWN,
            **_wishes(container, one),
            'NetworkID': one.network.id,
            **(_addresses(one) if one.endpoint.is_up else {}),
        }
        for one in connections
    }


def ports(
    container: models.Container, connections: Connections
) -> models.Json:
    """Show the ports of a running container (``PortMap``)."""
    exposed = container.config.get('ExposedPorts') or {}
    found: models.Json = {
        text if '/' in text else f'{text}/tcp': None for text in exposed
    }
    for port in _published(connections):
        shown = f'{port.container_port}/{port.protocol}'
        found[shown] = [
            *(found.get(shown) or ()),
            {
                'HostIp': port.host_ip or _ANY,
                'HostPort': str(port.host_port),
            },
        ]
    return found


def port_list(
    container: models.Container, connections: Connections
) -> list[models.Json]:
    """Show the ports of a running container (``Port``, ``docker ps``)."""
    if not container.pid:
        return []
    shown: list[models.Json] = []
    for text, bindings in ports(container, connections).items():
        number, _, protocol = text.partition('/')
        if not number.isdecimal():
            # A range, which an image may expose.
            continue
        base: models.Json = {'PrivatePort': int(number), 'Type': protocol}
        shown.extend(
            {
                'IP': binding['HostIp'],
                **base,
                'PublicPort': int(binding['HostPort']),
            }
            for binding in bindings or ()
        )
        if not bindings:
            shown.append(base)
    return shown


def _published(connections: Connections) -> list[networking.Port]:
    return [port for one in connections for port in one.endpoint.ports]


def _subnet(one: networking.Subnet) -> models.Json:
    shown: models.Json = {'Subnet': one.cidr}
    if one.ip_range:
        shown['IPRange'] = one.ip_range
    shown['Gateway'] = one.gateway
    if one.reserved:
        shown['AuxiliaryAddresses'] = dict(one.reserved)
    return shown


def _container(one: networking.Connection) -> models.Json:
    found = _addresses(one)
    return {
        'Name': one.container_name,
        'EndpointID': one.endpoint.id,
        'MacAddress': one.endpoint.mac,
        'IPv4Address': _with_length(
            found['IPAddress'], found['IPPrefixLen']
        ),
        'IPv6Address': _with_length(
            found['GlobalIPv6Address'], found['GlobalIPv6PrefixLen']
        ),
    }


def _with_length(address: str, length: int) -> str:
    return f'{address}/{length}' if address else ''


def _wishes(
    container: models.Container, one: networking.Connection | None
) -> models.Json:
    """Show what was asked for (the first half of ``EndpointSettings``)."""
    asked = dict(one.endpoint.settings) if one else {}
    aliases = asked.get('Aliases')
    names = None
    if one is not None and one.network.name != networking.BRIDGE:
        # Before API 1.45 these two are shown among the aliases.
        aliases = list(
            dict.fromkeys(
                (
                    *(aliases or ()),
                    container.id[:12],
                )
            )
        )
        names = list(one.names)
    return {
        'IPAMConfig': asked.get('IPAMConfig'),
        'Links': asked.get('Links'),
        'Aliases': aliases,
        'MacAddress': asked.get('MacAddress') or '',
        'DriverOpts': asked.get('DriverOpts'),
        'DNSNames': names,
        'NetworkID': '',
    }


def _addresses(one: networking.Connection) -> models.Json:
    """Show what a connection that is up has."""
    shown = {
        **_DOWN,
        'EndpointID': one.endpoint.id,
        'MacAddress': one.endpoint.mac,
    }
    for subnet in one.network.subnets:
        gateway = '' if one.network.internal else subnet.gateway
        if ':' in subnet.cidr:
            shown['IPv6Gateway'] = gateway
            shown['GlobalIPv6Address'] = one.endpoint.ipv6
            shown['GlobalIPv6PrefixLen'] = subnet.prefix_length
        else:
            shown['Gateway'] = gateway
            shown['IPAddress'] = one.endpoint.ipv4
            shown['IPPrefixLen'] = subnet.prefix_length
    return shown
