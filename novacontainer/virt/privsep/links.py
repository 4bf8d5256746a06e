"""Netlink messages about links, addresses and routes, through pyroute2.

Called by ``privsep.wiring``, in the host's namespace and in a container's;
a :class:`Links` belongs to the namespace of the thread that opened it.
Turns the kernel's refusals into ``errors.WiringError``, here and only here.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import errno
import ipaddress
import os
import pathlib
import socket
import types
import typing

import pyroute2
from pyroute2.netlink import exceptions as netlink_exceptions
from pyroute2.netlink.rtnl import ifaddrmsg

from novacontainer.virt import interface
from novacontainer.virt.privsep import errors

_SYSCTL = pathlib.Path('/proc/sys/net/ipv6/conf')
_SCOPE_LINK = 253  # include/uapi/linux/rtnetlink.h, RT_SCOPE_LINK
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Name the step that the kernel refuses.

    :param what: completes the sentence "Cannot …".
    :raises: errors.WiringError
    """
    try:
        yield
    except netlink_exceptions.NetlinkError as error:
        raise errors.WiringError(
            f'Cannot {what}: {os.strerror(error.code)}.') from error
    except OSError as error:
        raise errors.WiringError(
            f'Cannot {what}: {error.strerror or error}.') from error


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """A network device as the kernel reports it.

    :param kind: ``veth``, ``bridge``, … or '' for a device without one.
    :param peer_index: for a veth the index of its other end, in that end's
        namespace.
    """

    index: int
    name: str
    kind: str
    peer_index: int = 0
    address: str = ''
    mtu: int = 0
    is_up: bool = False
    master_index: int = 0

    def is_peer_of(self, other: 'Link') -> bool:
        """Whether the two are the ends of one pair across namespaces."""
        return (self.kind == other.kind == 'veth'
                and self.index == other.peer_index
                and self.peer_index == other.index)

    def require_veth(self) -> None:
        """:raises: errors.RefusedError if the device is of another kind."""
        if self.kind != 'veth':
            raise errors.RefusedError(
                f'The device {self.name} exists and is not a veth pair but '
                f'{self.kind or "another kind of device"}; something else '
                f'on this host made it. Remove it, then try again.')


class Links:
    """The links of one network namespace."""

    def __init__(self) -> None:
        with step('open a netlink socket'):
            self._netlink = pyroute2.IPRoute()

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self._netlink.close()

    def all(self) -> list[Link]:
        """Every link, in the order of their indexes."""
        with step('list the interfaces'):
            return [_link(message) for message in self._netlink.get_links()]

    def find(self, name: str) -> Link | None:
        """The link of that name, or None."""
        with step(f'look up {name}'):
            try:
                found = list(self._netlink.get_links(ifname=name))
            except netlink_exceptions.NetlinkError as error:
                if error.code != errno.ENODEV:
                    raise
                return None
        return _link(found[0]) if found else None

    def require(self, name: str) -> Link:
        """:raises: errors.WiringError if there is no such link."""
        link = self.find(name)
        if link is None:
            raise errors.WiringError(
                f'The interface {name} vanished while it was configured.')
        return link

    def create(self, wanted: interface.Interface, name: str, fd: int) -> None:
        """Make a pair, its peer at once in the namespace open as ``fd``.

        In one message: no moment at which the peer is in the host's
        namespace, where something else might find and rename it.
        """
        peer: dict[str, typing.Any] = {
            'ifname': name, 'address': wanted.address, 'net_ns_fd': fd}
        host: dict[str, typing.Any] = {}
        if wanted.mtu:
            peer['mtu'] = host['mtu'] = wanted.mtu
        if wanted.host_address:
            host['address'] = wanted.host_address
        with step(f'create the pair {wanted.device} and {name}'):
            self._netlink.link(
                'add', ifname=wanted.device, kind='veth', peer=peer, **host)

    def raise_host_end(self, end: Link, wanted: interface.Interface) -> None:
        """Bring the host end up, into its bridge where there is one."""
        changes: dict[str, typing.Any] = {}
        if not end.is_up:
            changes['state'] = 'up'
        if wanted.mtu and end.mtu != wanted.mtu:
            changes['mtu'] = wanted.mtu
        if wanted.bridge:
            bridge = self.find(wanted.bridge)
            if bridge is None:
                raise errors.WiringError(
                    f'The bridge {wanted.bridge} for {wanted.device} does '
                    f'not exist.')
            if end.master_index != bridge.index:
                changes['master'] = bridge.index
        if changes:
            if not wanted.host_ipv6:
                _write(_SYSCTL / end.name / 'disable_ipv6', '1')
            with step(f'bring {end.name} up'):
                self._netlink.link('set', index=end.index, **changes)

    def configure(self, link: Link, wanted: interface.Interface) -> None:
        """Set what differs: MAC address, MTU, up."""
        changes: dict[str, typing.Any] = {}
        if link.address != wanted.address:
            changes['address'] = wanted.address
        if wanted.mtu and link.mtu != wanted.mtu:
            changes['mtu'] = wanted.mtu
        if not link.is_up:
            changes['state'] = 'up'
        if changes:
            with step(f'configure {link.name}'):
                self._netlink.link('set', index=link.index, **changes)

    def up(self, link: Link) -> None:
        """Bring a link up."""
        if not link.is_up:
            with step(f'bring {link.name} up'):
                self._netlink.link('set', index=link.index, state='up')

    def down(self, link: Link) -> None:
        """Take a link down."""
        if link.is_up:
            with step(f'take {link.name} down'):
                self._netlink.link('set', index=link.index, state='down')

    def delete(self, link: Link) -> None:
        """Delete a link; that it has gone meanwhile is fine."""
        with step(f'delete {link.name}'):
            try:
                self._netlink.link('del', index=link.index)
            except netlink_exceptions.NetlinkError as error:
                if error.code != errno.ENODEV:
                    raise

    def delete_by_name(self, name: str) -> None:
        """Delete a link if there is one of that name."""
        link = self.find(name)
        if link is not None:
            self.delete(link)

    def add_addresses(self, link: Link, addresses: Sequence[str]) -> None:
        """Add what is missing.  IPv6 addresses are usable at once."""
        for text in addresses:
            address = ipaddress.ip_interface(text)
            flags = {}
            if address.version == 6:
                # Neutron hands each address out once; duplicate address
                # detection would keep it unusable for a second or two.
                flags['flags'] = ifaddrmsg.IFA_F_NODAD
            with step(f'add the address {address} to {link.name}'):
                self._netlink.addr(
                    'replace', index=link.index, address=str(address.ip),
                    prefixlen=address.network.prefixlen,
                    family=_FAMILY[address.version], **flags)

    def remove_addresses(self, link: Link, kept: Sequence[str]) -> None:
        """Remove what somebody set and is not to be kept.

        What the kernel made itself stays: link-local addresses, and those
        from router advertisements, which are not permanent.
        """
        wanted = {ipaddress.ip_interface(text) for text in kept}
        with step(f'list the addresses of {link.name}'):
            found = list(self._netlink.get_addr(index=link.index))
        for message in found:
            address = ipaddress.ip_interface(
                f'{message.get_attr("IFA_ADDRESS")}/{message["prefixlen"]}')
            flags = message.get_attr('IFA_FLAGS') or message['flags']
            if (address in wanted or address.is_link_local
                    or not flags & ifaddrmsg.IFA_F_PERMANENT):
                continue
            with step(f'remove the address {address} of {link.name}'):
                self._netlink.addr(
                    'del', index=link.index, address=str(address.ip),
                    prefixlen=address.network.prefixlen,
                    family=_FAMILY[address.version])

    def add_routes(
        self, link: Link, routes: Sequence[interface.Route],
    ) -> None:
        """Add what is missing, replace what leads elsewhere."""
        for route in routes:
            network = ipaddress.ip_network(route.destination)
            how: dict[str, typing.Any] = {}
            if route.gateway:
                how['gateway'] = route.gateway
            elif network.version == 4:
                how['scope'] = _SCOPE_LINK
            if route.onlink:
                how['flags'] = ['onlink']
            via = f' via {route.gateway}' if route.gateway else ''
            with step(f'add the route to {network}{via} on {link.name}'):
                self._netlink.route(
                    'replace', dst=str(network), oif=link.index,
                    family=_FAMILY[network.version], **how)


def prepare_ipv6(name: str, accept_ra: bool) -> None:
    """Set how the interface treats IPv6, before it comes up.

    No duplicate address detection on the link-local address either, and
    router advertisements are only heard where they are the sole source of
    the default route.  Runs inside the namespace: /proc/sys/net shows that
    of the thread.
    """
    _write(_SYSCTL / name / 'accept_dad', '0')
    _write(_SYSCTL / name / 'accept_ra', '1' if accept_ra else '0')


def _write(path: pathlib.Path, value: str) -> None:
    with step(f'set {path}'):
        try:
            path.write_text(value)
        except FileNotFoundError:
            # A kernel without IPv6: an IPv6 address will fail with its own
            # message; an instance that has none does not care.
            pass


def _link(message: typing.Any) -> Link:
    return Link(
        index=message['index'],
        name=message.get_attr('IFLA_IFNAME'),
        kind=message.get_nested('IFLA_LINKINFO', 'IFLA_INFO_KIND') or '',
        peer_index=message.get_attr('IFLA_LINK') or 0,
        address=message.get_attr('IFLA_ADDRESS') or '',
        mtu=message.get_attr('IFLA_MTU') or 0,
        is_up=bool(message['flags'] & 1),  # IFF_UP, include/uapi/linux/if.h
        master_index=message.get_attr('IFLA_MASTER') or 0)
