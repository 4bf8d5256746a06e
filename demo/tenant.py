"""The tenant: what it owns, and what it asks of the cloud.

Called by ``scenario``; calls Nova, Neutron and Glance as an ordinary member
of its project.  The administrator's only part is the flavor.
"""

from collections.abc import Callable
import pathlib

import openstack
from openstack.compute.v2 import server as servers

from demo import catalog
from demo import commands
from demo import directory as directories
from demo import errors
from demo import neutron
from demo import switch
from demo import waiting

NETWORK = 'demo'
SUBNET = '10.20.30.0/24'
GROUP = 'demo'
KEY = 'demo'

#: The network outside, which the administrator made for everybody.
EXTERNAL = 'public'

#: Name, and what it gives; a disk of 0 would need the administrator to boot.
FLAVOR = 'c1.tiny'
_FLAVOR = {'ram': 128, 'vcpus': 1, 'disk': 1}

#: Where to look when an instance fails.
_LOGS = ('nova-compute.log', 'novacontainerd.log')


class Tenant:
    """A member of the project ``demo``."""

    def __init__(self, directory: directories.Directory) -> None:
        self._directory = directory
        self._logs = [directory.log / name for name in _LOGS]
        self.cloud = catalog.connect(directory, catalog.TENANT)

    @property
    def key(self) -> pathlib.Path:
        """The private key; the public one is beside it, with ``.pub``."""
        return self._directory.home / 'id_ed25519'

    def make_flavor(self) -> None:
        """Have the administrator make the flavor."""
        compute = catalog.connect(self._directory, 'admin').compute
        if not compute.find_flavor(FLAVOR):
            compute.create_flavor(name=FLAVOR, **_FLAVOR)

    def make_external(self) -> None:
        """Have the administrator make the network of floating addresses."""
        network = catalog.connect(self._directory, 'admin').network
        if network.find_network(EXTERNAL):
            return
        made = network.create_network(
            name=EXTERNAL, is_router_external=True,
            provider_network_type='flat',
            provider_physical_network=EXTERNAL)
        network.create_subnet(
            name=EXTERNAL, network_id=made.id, ip_version=4,
            cidr=switch.EXTERNAL_SUBNET, gateway_ip=switch.EXTERNAL_GATEWAY,
            is_dhcp_enabled=False)

    def make_network(self) -> str:
        """Make network, subnet and router, and return the network's id."""
        network = self.cloud.network
        found = network.find_network(NETWORK)
        if not found:
            found = network.create_network(name=NETWORK)
            subnet = network.create_subnet(
                name=NETWORK, network_id=found.id, ip_version=4,
                cidr=SUBNET)
            router = network.create_router(
                name=NETWORK, external_gateway_info={
                    'network_id': network.find_network(EXTERNAL).id})
            # The metadata service is reached by way of it.
            network.add_interface_to_router(router, subnet_id=subnet.id)
        return found.id

    def make_group(self) -> None:
        """Make the security group, or take its ingress rules away."""
        network = self.cloud.network
        found = (network.find_security_group(GROUP)
                 or network.create_security_group(name=GROUP))
        for rule in network.security_group_rules(
                security_group_id=found.id, direction='ingress'):
            network.delete_security_group_rule(rule)

    def allow(self, protocol: str, port: int | None = None) -> None:
        """Let everybody in by one protocol, to one port where it has them.
        """
        group = self.cloud.network.find_security_group(GROUP)
        self.cloud.network.create_security_group_rule(
            security_group_id=group.id, direction='ingress',
            ether_type='IPv4', protocol=protocol, port_range_min=port,
            port_range_max=port)

    def make_key(self) -> None:
        """Make a key pair here, and give Nova the public half."""
        if not self.key.exists():
            commands.output(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '',
                             '-C', 'demo', '-f', str(self.key)])
        compute = self.cloud.compute
        if not compute.find_keypair(KEY):
            public = self.key.with_suffix('.pub').read_text()
            compute.create_keypair(name=KEY, public_key=public)

    def boot(self, name: str, image: str, flavor: str = FLAVOR,
             **more: object) -> servers.Server:
        """Ask for an instance; it is not waited for.

        :param image: name or id.
        :param flavor: name.
        :param more: what else the request is to say, or to say otherwise.
        """
        compute = self.cloud.compute
        return compute.create_server(**{
            'name': name,
            'image_id': self.cloud.image.find_image(image).id,
            'flavor_id': compute.find_flavor(flavor).id,
            'key_name': KEY,
            'security_groups': [{'name': GROUP}],
            'networks': [
                {'uuid': self.cloud.network.find_network(NETWORK).id}],
            **more})

    def wait(self, server: servers.Server, status: str,
             timeout_s: float = 90) -> servers.Server:
        """Wait until an instance has a status.

        :raises DemoError: it is in ERROR, with the fault, or too late.
        """
        def reached() -> servers.Server | None:
            found = self.cloud.compute.get_server(server.id)
            if found.status == 'ERROR' and status != 'ERROR':
                fault = (found.fault or {}).get('message', 'no fault given')
                raise errors.DemoError(
                    f'instance {found.name} is in ERROR: {fault}',
                    self._logs)
            return found if found.status == status else None
        return self.until(f'{server.name} is {status}', reached, timeout_s)

    def address(self, server: servers.Server) -> str:
        """The fixed IPv4 address of an instance."""
        found = self.cloud.compute.get_server(server.id)
        return found.addresses[NETWORK][0]['addr']

    def float(self, server: servers.Server) -> str:
        """Give an instance a floating address, and return that."""
        network = self.cloud.network
        port = next(network.ports(device_id=server.id))
        return network.create_ip(
            floating_network_id=network.find_network(EXTERNAL).id,
            port_id=port.id).floating_ip_address

    def release_addresses(self) -> None:
        """Give back every floating address."""
        for address in list(self.cloud.network.ips()):
            self.cloud.network.delete_ip(address)

    def delete(self, found: list[servers.Server]) -> None:
        """Delete instances and wait until Nova has forgotten them."""
        for server in found:
            self.cloud.compute.delete_server(server)
        for server in found:
            self.until(f'{server.name} is gone',
                       lambda id=server.id: not self._exists(id), 60)

    def until(self, what: str, condition: Callable[[], object],
              timeout_s: float) -> object:
        """Wait for a condition; a failure shows the logs of the compute host.
        """
        return waiting.until(what, condition, timeout_s, self._logs)

    def wait_network(self, network_id: str,
                     condition: Callable[[], bool]) -> None:
        """Wait until DHCP and router of the network are wired.

        :param condition: what has to hold besides.
        :raises DemoError: too late; it shows the logs of Neutron's agents.
        """
        waiting.until(
            'DHCP and router serve the network',
            lambda: self._network_served(network_id) and condition(), 60,
            [self._directory.log / f'{agent}.log'
             for agent in neutron.AGENTS])

    def _network_served(self, network_id: str) -> bool:
        """Whether Neutron's agents have wired DHCP and router."""
        found = {port.device_owner: port.status
                 for port in self.cloud.network.ports(network_id=network_id)}
        return all(found.get(owner) == 'ACTIVE' for owner in
                   ('network:dhcp', 'network:router_interface'))

    def _exists(self, server_id: str) -> bool:
        try:
            self.cloud.compute.get_server(server_id)
        except openstack.exceptions.NotFoundException:
            return False
        return True
