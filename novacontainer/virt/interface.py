"""What one network interface of a container shall look like: plain data.

Built by ``virt.networkops`` from Nova's VIF, carried over the privsep
channel as primitives, checked and carried out by ``virt.privsep``.  A leaf:
it imports nothing of the project, so that both sides may use it.
"""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """One route.

    :param destination: network in CIDR form; ``0.0.0.0/0`` or ``::/0`` is
        the default route.
    :param gateway: address of the next hop, or '' for a network that is
        reached directly.
    :param onlink: the gateway lies outside every network of the interface
        and is to be asked for on the wire nevertheless.
    """

    destination: str
    gateway: str = ''
    onlink: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """A limit of bandwidth.

    :param average_bytes: a second, in the long run.
    :param peak_bytes: a second, for as long as the burst lasts.
    :param burst_bytes: how much may go faster than on average.
    """

    average_bytes: int
    peak_bytes: int
    burst_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Interface:
    """A veth pair: ``device`` on the host, ``name`` in the container.

    :param device: host end, ``tap`` and the head of the Neutron port's id.
    :param name: the name wished for inside the namespace; an interface that
        already is there keeps the one it has.
    :param address: MAC address of the container's end.
    :param mtu: in bytes; 0 leaves the kernel's default.
    :param host_address: MAC address of the host end, '' for any.
    :param host_ipv6: whether the host end may have IPv6 addresses. Where a
        switch takes it the host must have none on the tenant's network, not
        even a link-local one; where the host routes it needs them.
    :param bridge: Linux bridge that takes the host end, '' for none.
    :param checksum_offload: False makes the kernel fill in checksums before
        a packet leaves the container.
    :param accept_ra: take an IPv6 default route from router advertisements.
    :param exact: take away permanent addresses that are not among these.
    :param addresses: ``address/prefix length``, IPv4 and IPv6.
    :param inbound: limit of what the container receives.
    :param outbound: limit of what it sends.
    """

    device: str
    name: str
    address: str
    mtu: int = 0
    host_address: str = ''
    host_ipv6: bool = False
    bridge: str = ''
    checksum_offload: bool = True
    accept_ra: bool = False
    exact: bool = False
    addresses: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    inbound: Rate | None = None
    outbound: Rate | None = None

    def to_primitive(self) -> dict[str, typing.Any]:
        """The same as dicts, lists, strings and numbers."""
        return dataclasses.asdict(self)
