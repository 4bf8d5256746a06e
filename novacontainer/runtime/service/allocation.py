"""What connections get: addresses, interfaces, ports and the way out.

Called by ``service.endpoints``, inside a transaction, which decides who
gets what when several ask at once.  Calls ``store.endpoints``,
``service.addressing`` and ``service.ports``.
"""

from collections.abc import Sequence
import dataclasses
import sqlite3

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import addressing
from novacontainer.runtime.service import endpointspec
from novacontainer.runtime.service import ports
from novacontainer.runtime.store import endpoints

_PREFIX = 'eth'


def at_start(connection: sqlite3.Connection,
             container: models.Container) -> list[networking.Connection]:
    """Give every connection of a container what it needs, and note it.

    :raises Forbidden: an address that was chosen is in use.
    :raises Unavailable: no address is free.
    :raises Internal: a port is in use.
    """
    done: list[networking.Connection] = []
    for one in endpoints.of_container(connection, container.id):
        done.append(_allocate(connection, container, one, done))
    return done


def while_running(connection: sqlite3.Connection,
                  container: models.Container,
                  endpoint: networking.Endpoint) -> networking.Connection:
    """Give a further connection of a running container what it needs.

    :raises: as :func:`at_start`.
    """
    own = endpoints.of_container(connection, container.id)
    new = next(one for one in own if one.endpoint.id == endpoint.id)
    return _allocate(connection, container, new, [
        one for one in own if one.endpoint.is_up])


def lead_out(connection: sqlite3.Connection,
             container: models.Container) -> networking.Connection | None:
    """Let the first connection that can lead out of a running container.

    :return: None: there is none.
    """
    for one in endpoints.of_container(connection, container.id):
        if one.endpoint.is_up and not one.network.internal:
            made = dataclasses.replace(one, endpoint=dataclasses.replace(
                one.endpoint, default_route=True,
                ports=_ports(connection, container, one.network)))
            endpoints.save(connection, made.endpoint)
            return made
    return None


def _allocate(
    connection: sqlite3.Connection, container: models.Container,
    one: networking.Connection, others: Sequence[networking.Connection],
) -> networking.Connection:
    """Fill in one endpoint.

    :param others: connections of the same container that are up.
    """
    leads = not one.network.internal and not any(
        other.endpoint.default_route for other in others)
    addresses = {4: '', 6: ''}
    for subnet in one.network.subnets:
        version = addressing.subnet(subnet.cidr).version
        addresses[version] = _address(connection, one, subnet, version)
    settings = one.endpoint.settings
    endpoint = dataclasses.replace(
        one.endpoint, stage=networking.Stage.CHANGING,
        interface=_interface(one.network, others),
        mac=settings.get('MacAddress') or addressing.mac(
            addresses[4], one.endpoint.id),
        ipv4=addresses[4], ipv6=addresses[6],
        default_route=leads,
        ports=(_ports(connection, container, one.network)
               if leads else ()))
    endpoints.save(connection, endpoint)
    return dataclasses.replace(one, endpoint=endpoint)


def _address(connection: sqlite3.Connection, one: networking.Connection,
             subnet: networking.Subnet, version: int) -> str:
    """Return an address; another container that only kept it loses it."""
    member = f'ipv{version}'
    holders = {}
    for other in endpoints.of_network(connection, one.network.id):
        address = getattr(other.endpoint, member)
        if address and other.endpoint.id != one.endpoint.id:
            holders[address] = other.endpoint
    used = {address for address, holder in holders.items() if holder.is_up}
    static = endpointspec.static(one.endpoint.settings, version)
    if static:
        if static in used:
            raise exception.Forbidden(
                f'Address already in use: {static} on network '
                f'{one.network.name}', 'network.address_in_use')
        chosen = static
    else:
        kept = getattr(one.endpoint, member)
        try:
            chosen = addressing.pick(subnet, holders, kept)
        except exception.Unavailable:
            chosen = addressing.pick(subnet, used, kept)
    if chosen in holders:
        endpoints.save(connection, dataclasses.replace(
            holders[chosen],
            **{member: ''}))  # type: ignore[arg-type]
    return chosen


def _interface(network: networking.Network,
               others: Sequence[networking.Connection]) -> str:
    prefix = network.options.get(networking.OPTION_PREFIX) or _PREFIX
    taken = {other.endpoint.interface for other in others}
    return next(name for number in range(len(taken) + 1)
                if (name := f'{prefix}{number}') not in taken)


def _ports(connection: sqlite3.Connection, container: models.Container,
           network: networking.Network) -> tuple[networking.Port, ...]:
    """Choose the ports of the host that the container asks for."""
    wanted = ports.wanted(container.config, container.host_config)
    if not wanted:
        return ()
    taken = [port for other in endpoints.up(connection)
             for port in other.endpoint.ports]
    host_ip = network.options.get(networking.OPTION_BINDING) or ''
    if host_ip == '0.0.0.0':  # noqa: S104
        host_ip = ''
    chosen: list[networking.Port] = []
    for one in wanted:
        try:
            chosen.append(ports.choose(one, host_ip, [*taken, *chosen]))
        except exception.Internal as fault:
            raise exception.Internal(
                'driver failed programming external connectivity on '
                f'endpoint {container.name}: {fault.message}',
                fault.code) from fault
    return tuple(chosen)
