"""Containers on bridges: what connects one, and what takes it off again.

Called by ``service.endpoints`` and ``service.networks``.  Calls
``network.cni``, ``network.firewall``, ``host.links``, ``host.namespaces``, and
by ``network.commands`` ip(8), bridge(8) and nsenter(1).

A network's bridge is made with its first connection, by the plugin
``bridge``; so are the rules of the packet filter, and so is IP forwarding
switched on.  Until then nothing of the host is touched.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import ipaddress
import pathlib
import re
import threading

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import links
from novacontainer.runtime.host import namespaces
from novacontainer.runtime import models
from novacontainer.runtime.network import cni
from novacontainer.runtime.network import commands
from novacontainer.runtime.network import firewall
from novacontainer.runtime import networking

LOG = logging.getLogger(__name__)

#: Names that ``networking.Network`` gives to bridges.
_OURS = re.compile(r'nb-[0-9a-f]{12}')
#: Whether IPv6 addresses are looked for on the network before they are
#: used (ip-sysctl.rst); of the namespace of whoever opens it.
_ACCEPT_DAD = '/proc/sys/net/ipv6/conf/{}/accept_dad'


@dataclasses.dataclass(frozen=True, slots=True)
class Plug:
    """An endpoint, and where it goes.

    :param netns: pin of the container's network namespace.
    """

    endpoint: networking.Endpoint
    network: networking.Network
    netns: pathlib.Path


class Bridges:
    """Makes and unmakes the connections of one daemon's containers.

    :param plugins: where the CNI plugins are.
    :param name: of the bridge of the predefined network.
    """

    def __init__(self, plugins: pathlib.Path, name: str) -> None:
        self._cni = cni.Plugins(plugins)
        self._firewall = firewall.Firewall(name)
        self._lock = threading.Lock()

    def lacking(self) -> str:
        """Say what this host lacks for bridges; '': nothing."""
        gone = [*self._cni.missing(), *self._firewall.missing()]
        if not gone:
            return ''
        return (f'{", ".join(gone)} missing; install the packages '
                'containernetworking-plugins and iptables')

    def why_not(self) -> str:
        """Say what keeps bridges from working, tried out; '': nothing."""
        return self.lacking() or self._firewall.why_not()

    def secure(self, networks: Sequence[networking.Network]) -> None:
        """Put the rules of exactly these networks into force.

        :raises Internal: the kernel refuses them.
        """
        with self._lock:
            if networks:
                self._firewall.apply(networks)
            else:
                self._firewall.remove()

    def is_made(self, network: networking.Network) -> bool:
        """Say whether the network's bridge is there."""
        return links.exists(network.bridge)

    def connect(self, plug: Plug) -> None:
        """Give the container its interface and publish its ports.

        :raises Internal: something failed; nothing of it stays.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(self._attempt, plug)
            if plug.network.ipv6:
                _trust_addresses(plug)
            done = self._cni.add(_config(plug), _attachment(plug))
            _add_link_local(plug)
            if not plug.network.allows(networking.OPTION_ICC):
                _command('bridge', 'link', 'set', 'dev', _host_side(done),
                    'isolated', 'on')
            self.publish(plug)
            undo.pop_all()

    def disconnect(self, plug: Plug) -> None:
        """Undo :meth:`connect`, or what a crash left of it.

        :raises Internal: something failed; it can be tried again.
        """
        self.unpublish(plug)
        # What was in a namespace that is gone went with it.
        if namespaces.is_namespace(plug.netns):
            self._cni.delete(_config(plug), _attachment(plug))

    def publish(self, plug: Plug) -> None:
        """Have the host answer for the endpoint's ports.

        :raises Internal: the kernel refuses.
        """
        if plug.endpoint.ports:
            self._cni.add(_portmap(plug), _attachment(plug))

    def unpublish(self, plug: Plug) -> None:
        """Undo :meth:`publish`."""
        if plug.endpoint.ports:
            self._cni.delete(_portmap(plug), _attachment(plug))

    def lead_out(self, plug: Plug) -> None:
        """Make the default route of a running container this network's.

        :raises Internal: the kernel refuses.
        """
        for subnet in plug.network.subnets:
            version = ipaddress.ip_address(subnet.gateway).version
            _command('ip', f'-{version}', '-n', plug.netns.name, 'route',
                'replace', 'default', 'via', subnet.gateway, 'dev',
                plug.endpoint.interface)

    def remove(self, network: networking.Network) -> None:
        """Delete a network's bridge; fine when there is none.

        :raises Internal: it is no bridge.
        """
        try:
            links.delete_bridge(network.bridge)
        except OSError as error:
            raise exception.Internal(
                f'Cannot delete the bridge {network.bridge}: {error}',
                'network.bridge') from error

    def sweep(self, known: Mapping[str, str]) -> None:
        """Delete bridges that nothing is on and that no network can use.

        These are those of ours that no network has, and those with another
        address than their network's.

        :param known: addresses of those that networks have, by name.
        """
        for name in links.names():
            if name in known:
                useless = links.address(name) not in ('', known[name])
            else:
                useless = _OURS.fullmatch(name) is not None
            if useless and links.is_idle(name):
                LOG.info('The bridge %s is of no use and is removed', name)
                with contextlib.suppress(OSError):
                    links.delete_bridge(name)

    def _attempt(self, plug: Plug) -> None:
        try:
            self.disconnect(plug)
        except exception.RuntimeFault as fault:
            LOG.warning('Could not undo a connection to %s: %s',
                        plug.network.name, fault)


def _attachment(plug: Plug) -> cni.Attachment:
    return cni.Attachment(plug.endpoint.container_id, plug.netns,
                          plug.endpoint.interface)


def _config(plug: Plug) -> models.Json:
    """Return the configuration of the plugin ``bridge``."""
    addresses, routes = [], []
    for subnet, address in _addressed(plug):
        addresses.append({
            'address': f'{address}/{subnet.prefix_length}',
            'gateway': subnet.gateway})
        if plug.endpoint.default_route:
            everywhere = '::/0' if ':' in address else '0.0.0.0/0'
            routes.append({'dst': everywhere, 'gw': subnet.gateway})
    config: models.Json = {
        'name': plug.network.id, 'type': 'bridge',
        'bridge': plug.network.bridge, 'isGateway': True,
        'hairpinMode': True,
        # It takes the address only from one who says that it can.
        'capabilities': {'mac': True},
        'runtimeConfig': {'mac': plug.endpoint.mac},
        'ipam': {'type': 'static', 'addresses': addresses,
                 'routes': routes}}
    if plug.network.mtu:
        config['mtu'] = plug.network.mtu
    return config


def _portmap(plug: Plug) -> models.Json:
    """Return the configuration of the plugin ``portmap``."""
    return {
        'name': plug.network.id, 'type': 'portmap', 'snat': True,
        'capabilities': {'portMappings': True},
        'runtimeConfig': {'portMappings': [{
            'hostPort': port.host_port, 'containerPort': port.container_port,
            'protocol': port.protocol,
            **({'hostIP': port.host_ip} if port.host_ip else {})}
            for port in plug.endpoint.ports]},
        'prevResult': {
            'cniVersion': cni.VERSION,
            'interfaces': [{'name': plug.network.bridge},
                           {'name': plug.endpoint.interface,
                            'sandbox': str(plug.netns)}],
            'ips': [{'address': f'{address}/{subnet.prefix_length}',
                     'gateway': subnet.gateway, 'interface': 1}
                    for subnet, address in _addressed(plug)]}}


def _addressed(plug: Plug) -> list[tuple[networking.Subnet, str]]:
    """Pair the network's subnets with the endpoint's addresses."""
    return [(subnet, address)
            for subnet in plug.network.subnets
            if (address := plug.endpoint.ipv6 if ':' in subnet.cidr
                else plug.endpoint.ipv4)]


def _add_link_local(plug: Plug) -> None:
    """Give the interface the link-local addresses that were asked for.

    Not by the plugin, which would give the bridge one of them too.
    """
    asked = plug.endpoint.settings.get('IPAMConfig') or {}
    for address in asked.get('LinkLocalIPs') or ():
        # RFC 3927, RFC 4291
        length = 64 if ':' in address else 16
        _command('ip', '-n', plug.netns.name, 'address', 'add',
                 f'{address}/{length}', 'dev', plug.endpoint.interface)


def _trust_addresses(plug: Plug) -> None:
    """Have IPv6 addresses work at once, as nobody else can have them.

    Otherwise the kernel looks for duplicates for a second or two.
    """
    bridge = plug.network.bridge
    try:
        links.add_bridge(bridge)
        pathlib.Path(_ACCEPT_DAD.format(bridge)).write_text('0')
    except OSError as error:
        raise exception.Internal(
            f'Cannot make the bridge {bridge}: {error}',
            'network.bridge') from error
    _command('nsenter', f'--net={plug.netns}', 'tee',
             _ACCEPT_DAD.format('default'), text='0')


def _host_side(result: models.Json) -> str:
    """Return the end of the veth pair that is on the bridge."""
    return str(result['interfaces'][1]['name'])


def _command(*words: str, text: str = '') -> None:
    commands.run(words, 'network.failed', text)
