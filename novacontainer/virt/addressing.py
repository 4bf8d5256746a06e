"""Addresses and routes of an instance's interfaces, from Nova's model.

Called by ``virt.networkops``; pure functions over
``nova.network.model.NetworkInfo``.  The rules are those that Neutron's DHCP
agent gives a guest: a subnet's ``gateway_ip`` is the default route, a host
route to 0.0.0.0/0 only counts where there is none, and an isolated network
reaches the metadata service through its DHCP port.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import ipaddress
import typing

from nova.network import model

from novacontainer.virt import interface

_DEFAULT = {4: '0.0.0.0/0', 6: '::/0'}
#: Where guests look for the metadata service (EC2's and Nova's convention).
_METADATA = '169.254.169.254/32'


@dataclasses.dataclass(frozen=True, slots=True)
class Addressing:
    """Layer 3 of one interface; the fields of :class:`interface.Interface`."""

    addresses: tuple[str, ...] = ()
    routes: tuple[interface.Route, ...] = ()
    accept_ra: bool = False


def plan(network_info: Sequence[model.VIF]) -> list[Addressing]:
    """Lay out the addresses and routes of all interfaces together.

    There is one default route per family, from the first VIF that has a
    gateway; and one route per destination, from the first VIF that names it:
    a second one would only replace the first in the kernel's table.

    :returns: one :class:`Addressing` per VIF, in the same order.
    """
    taken: set[str] = set()
    result = []
    for vif in network_info:
        addresses = tuple(_addresses(vif))
        routes = []
        for destination, gateway in _wanted(vif, taken):
            if destination in taken or gateway in _hosts(addresses):
                continue
            taken.add(destination)
            routes.append(interface.Route(
                destination, gateway, _is_offlink(gateway, addresses)))
        result.append(Addressing(
            addresses, tuple(routes), _needs_advertisements(vif, taken)))
    return result


def _wanted(
    vif: model.VIF, taken: set[str],
) -> Iterator[tuple[str, str]]:
    """Candidates as (destination, gateway), the more welcome first."""
    yield from _gateways(vif)
    yield from _host_routes(vif)
    if _DEFAULT[4] not in taken:
        for subnet in _subnets(vif):
            server = subnet.get_meta('dhcp_server')
            if server and subnet['version'] == 4:
                yield _METADATA, server


def _gateways(vif: model.VIF) -> Iterator[tuple[str, str]]:
    for subnet in _subnets(vif):
        gateway = (subnet['gateway'] or {}).get('address')
        if gateway:
            hop = ipaddress.ip_address(gateway)
            yield _DEFAULT[hop.version], str(hop)


def _host_routes(vif: model.VIF) -> Iterator[tuple[str, str]]:
    for subnet in _subnets(vif):
        for route in subnet['routes']:
            gateway = (route['gateway'] or {}).get('address') or ''
            if gateway and ipaddress.ip_address(gateway).is_unspecified:
                # So Neutron writes a directly connected network.
                gateway = ''
            network = ipaddress.ip_network(route['cidr'], strict=False)
            yield str(network), gateway


def _addresses(vif: model.VIF) -> Iterator[str]:
    for subnet in _subnets(vif):
        for fixed_ip in subnet['ips']:
            address = ipaddress.ip_address(fixed_ip['address'])
            # An address of the network does for the network itself.
            network = ipaddress.ip_network(
                subnet['cidr'] or address, strict=False)
            yield f'{address}/{network.prefixlen}'


def _subnets(vif: model.VIF) -> list[model.Subnet]:
    network = vif['network']
    return typing.cast(
        list[model.Subnet], network['subnets'] if network else [])


def _hosts(addresses: Sequence[str]) -> set[str]:
    return {address.partition('/')[0] for address in addresses}


def _is_offlink(gateway: str, addresses: Sequence[str]) -> bool:
    """Whether the kernel would refuse the gateway as unreachable."""
    if not gateway:
        return False
    hop = ipaddress.ip_address(gateway)
    if hop.version == 6 and hop.is_link_local:
        return False
    return not any(
        hop in ipaddress.ip_interface(address).network
        for address in addresses)


def _needs_advertisements(vif: model.VIF, taken: set[str]) -> bool:
    """Whether only a router's own word can give the IPv6 default route.

    That is the case where the subnet is announced by a router that Neutron
    does not know: an ``ipv6_address_mode`` and no ``gateway_ip``.  Elsewhere
    advertisements are ignored, so that nobody on the network can become the
    container's router.
    """
    return _DEFAULT[6] not in taken and any(
        subnet['version'] == 6 and subnet.get_meta('ipv6_address_mode')
        for subnet in _subnets(vif))
