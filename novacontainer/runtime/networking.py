"""The nouns of networks: frozen dataclasses, as in ``runtime.models``.

A leaf module: it imports nothing of the project.  Addresses are text, as the
API has them; an empty text means that there is none.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import enum
import typing

BRIDGE, HOST, NONE = 'bridge', 'host', 'none'
#: Networks that are always there.
PREDEFINED = (BRIDGE, HOST, NONE)

#: Options of a network that are honoured (Docker's driver ``bridge``).
OPTION_NAME = 'com.docker.network.bridge.name'
OPTION_ICC = 'com.docker.network.bridge.enable_icc'
OPTION_MASQUERADE = 'com.docker.network.bridge.enable_ip_masquerade'
OPTION_BINDING = 'com.docker.network.bridge.host_binding_ipv4'
OPTION_MTU = 'com.docker.network.driver.mtu'
OPTION_PREFIX = 'com.docker.network.container_iface_prefix'


@dataclasses.dataclass(frozen=True, slots=True)
class Subnet:
    """Addresses of one family on a network.

    :param cidr: ``172.18.0.0/16``.
    :param gateway: the bridge's own address.
    :param ip_range: part of it that addresses are taken from; '': all.
    :param reserved: addresses that nobody gets, by what they are for.
    :param asked: a client chose it, so that clients may choose addresses.
    """

    cidr: str
    gateway: str
    ip_range: str = ''
    reserved: Mapping[str, str] = dataclasses.field(default_factory=dict)
    asked: bool = False

    @property
    def prefix_length(self) -> int:
        """Bits of the network part."""
        return int(self.cidr.partition('/')[2])


@dataclasses.dataclass(frozen=True, slots=True)
class Network:
    """What containers are connected to.

    :param driver: ``bridge``, ``host`` or ``null``.
    :param internal: nothing beyond it can be reached from it.
    :param ipv6: containers have an IPv6 address too.
    :param subnets: IPv4 first.
    :param going: it is being removed.
    """

    id: str
    name: str
    driver: str
    created: datetime.datetime
    internal: bool = False
    ipv6: bool = False
    attachable: bool = False
    subnets: tuple[Subnet, ...] = ()
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    going: bool = False

    @property
    def is_predefined(self) -> bool:
        """Say whether it is always there."""
        return self.name in PREDEFINED

    @property
    def bridge(self) -> str:
        """Name of the bridge's interface on the host."""
        return self.options.get(OPTION_NAME) or f'nb-{self.id[:12]}'

    @property
    def mtu(self) -> int:
        """Largest packet in bytes; 0: the kernel's default."""
        return int(self.options.get(OPTION_MTU) or 0)

    def allows(self, option: str) -> bool:
        """Say whether what the option names is on; it is unless said."""
        return self.options.get(option, 'true').lower() in (
            '1', 't', 'true')


@dataclasses.dataclass(frozen=True, slots=True)
class Port:
    """A port of a container that the host answers for.

    :param host_ip: '': all addresses of the host.
    :param host_port: 0: not chosen yet.
    """

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


class Stage(enum.IntEnum):
    """How far a container's connection is.

    CHANGING is written down before anything is done, so that what a crash
    left is known.
    """

    IDLE = 0
    CHANGING = 1
    UP = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """The connection of one container to one network.

    :param settings: ``EndpointSettings`` of the API, as asked for.
    :param interface: its name in the container.
    :param ipv4: address alone, kept while the container does not run, as
        long as nobody else needs it.
    :param default_route: what is beyond its networks is reached by it.
    :param ports: published by it while it is up.
    """

    id: str
    container_id: str
    network_id: str
    settings: Mapping[str, typing.Any] = dataclasses.field(
        default_factory=dict)
    stage: Stage = Stage.IDLE
    interface: str = ''
    mac: str = ''
    ipv4: str = ''
    ipv6: str = ''
    default_route: bool = False
    ports: tuple[Port, ...] = ()

    @property
    def is_up(self) -> bool:
        """Say whether the container's interface is there."""
        return self.stage is not Stage.IDLE


@dataclasses.dataclass(frozen=True, slots=True)
class Connection:
    """An endpoint, with what is at its two ends."""

    endpoint: Endpoint
    network: Network
    container_name: str
    hostname: str = ''
    domainname: str = ''

    @property
    def own_names(self) -> str:
        """Names by which the container knows itself: the full one, the bare.

        Either part may be in the host name alone, as in Docker.
        """
        full = '.'.join(filter(None, (self.hostname, self.domainname)))
        bare = full.partition('.')[0]
        return full if full == bare else f'{full} {bare}'

    @property
    def names(self) -> tuple[str, ...]:
        """Names by which others on the network know the container."""
        return tuple(dict.fromkeys(name for name in (
            self.container_name,
            *(self.endpoint.settings.get('Aliases') or ()),
            self.endpoint.container_id[:12], self.hostname) if name))
