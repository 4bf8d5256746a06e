"""Interfaces of an instance that runs: they come, go and change."""

from demo import catalog
from demo import images
from demo import tenant
from tests.cloud import cloudcase

_SECOND = 'test-second'
_SECOND_SUBNET = '10.20.31.0/24'


class InterfacesTest(cloudcase.CloudTestCase):

    def setUp(self):
        """Have a second network, without a router."""
        super().setUp()
        found = self.network.create_network(name=_SECOND)
        self.addCleanup(self.network.delete_network, found)
        self.network.create_subnet(
            name=_SECOND, network_id=found.id, ip_version=4,
            cidr=_SECOND_SUBNET, gateway_ip=None, is_dhcp_enabled=False)
        self.second = found

    def interfaces(self, server):
        """Names of the interfaces inside, without the loopback."""
        return sorted(set(self.shell(
            server, 'ls /sys/class/net').split()) - {'lo'})

    def test_attach_and_detach(self):
        server = self.boot(images.DEBIAN)
        self.assertEqual(['eth0'], self.interfaces(server))
        port = self.compute.create_server_interface(
            server, net_id=self.second.id)
        address = port.fixed_ips[0]['ip_address']
        self.until('the port is up', lambda: self.network.get_port(
            port.port_id).status == 'ACTIVE')
        self.assertEqual(['eth0', 'eth1'], self.interfaces(server))
        self.assertIn(f'{address}/24', self.shell(
            server, 'ip address show dev eth1'))
        for verb in (self.reboot, self.stop_start):
            verb(server)
            self.assertIn(f'{address}/24', self.shell(
                server, 'ip address show dev eth1'))
        self.compute.delete_server_interface(
            port.port_id, server=server)
        self.until('the interface is gone',
                   lambda: self.interfaces(server) == ['eth0'])

    def reboot(self, server):
        """Reboot by force."""
        self.compute.reboot_server(server, 'HARD')
        self.wait(server, 'ACTIVE')

    def stop_start(self, server):
        """Stop and start."""
        self.compute.stop_server(server)
        self.wait(server, 'SHUTOFF')
        self.compute.start_server(server)
        self.wait(server, 'ACTIVE')

    def test_port_that_is_deleted_behind_our_back(self):
        server = self.boot(images.DEBIAN)
        port = self.compute.create_server_interface(
            server, net_id=self.second.id)
        self.until('it has come', lambda: self.interfaces(server)
                   == ['eth0', 'eth1'])
        # A tenant may not: the port is Nova's.
        catalog.connect(self.directory, 'admin').network.delete_port(
            port.port_id)
        self.until('it has gone', lambda: self.interfaces(server)
                   == ['eth0'])

    def test_several_at_boot_and_one_default_route(self):
        """Two on one network and one on another, over stop and reboot."""
        first = self.network.find_network(tenant.NETWORK)
        server = self.boot(images.DEBIAN, networks=[
            {'uuid': first.id}, {'uuid': first.id},
            {'uuid': self.second.id}])
        found = self.compute.get_server(server.id).addresses
        wanted = [address['addr'] for address in
                  [*found[tenant.NETWORK], *found[_SECOND]]]
        self.assertEqual(3, len(wanted))
        for verb in (lambda server: None, self.reboot, self.stop_start):
            verb(server)
            inside = self.shell(
                server, 'ip -4 -o address show scope global '
                "| awk '{ print $2, $4 }'")
            self.assertEqual(
                [f'eth{number} {address}/24'
                 for number, address in enumerate(wanted)],
                inside.splitlines())
            macs = self.shell(server, 'cat /sys/class/net/eth?/address')
            self.assertEqual(
                {address['OS-EXT-IPS-MAC:mac_addr']
                 for addresses in found.values() for address in addresses},
                set(macs.splitlines()))
            routes = self.shell(server, 'ip route')
            self.assertEqual(1, routes.count('default via'))
            self.assertIn('default via 10.20.30.1 dev eth0', routes)
            for line in ('10.20.30.0/24 dev eth0', '10.20.30.0/24 dev eth1',
                         '10.20.31.0/24 dev eth2'):
                self.assertIn(line, routes)
