"""Two containers' namespaces on a real userspace Open vSwitch."""

import signal
import subprocess
import sys
import time

from nova import exception
from nova.network import model
from oslo_utils.fixture import uuidsentinel as uuids
from oslotest import base

from novacontainer.virt import networkops
from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import wiring
from tests.integration import networkhost
from tests import networkinfo

#: One process that answers with what it is sent, one that sends and checks.
SERVER = """
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
listener = socket.create_server((sys.argv[1], 80), family=family)
print('ready', flush=True)
connection, _ = listener.accept()
while chunk := connection.recv(65536):
    connection.sendall(chunk)
"""
CLIENT = """
import socket, sys, threading
data = bytes(range(256)) * 8192
connection = socket.create_connection((sys.argv[1], 80), timeout=20)
def send():
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
back = b''
while chunk := connection.recv(65536):
    back += chunk
sys.exit(back != data)
"""


class NetworkTestCase(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        networkhost.use_for_class(cls, networkhost.Host())
        cls.switch = networkhost.use_for_class(
            cls, networkhost.OpenVSwitch())
        networkhost.use_for_class(
            cls, networkhost.Helpers(cls.switch.connection))
        cls.ops = networkops.NetworkOps(None)

    def setUp(self):
        super().setUp()
        self.instance = networkinfo.instance()
        self.first = self.useFixture(networkhost.Sandbox())

    def vif(self, number, net='10.0.0', net6='fd00::', **kwargs):
        """A VIF in the two subnets that both containers share."""
        subnets = kwargs.pop('subnets', None) or [
            networkinfo.subnet(f'{net}.0/24', f'{net}.{number}',
                               gateway=f'{net}.1'),
            networkinfo.subnet(f'{net6}/64', f'{net6}{number}',
                               gateway=f'{net6}1')]
        vif = networkinfo.vif(
            *subnets, port=getattr(uuids, f'port{number}'),
            address=f'fa:16:3e:00:00:{number:02x}', **kwargs)
        self.addCleanup(self.ops.unplug, self.instance, [vif])
        return vif

    def plug(self, sandbox, *vifs, **how):
        self.ops.plug(None, self.instance, vifs, sandbox.path, **how)

    def devices(self):
        """Names of the host's network devices, those of the switch apart."""
        lines = networkhost.run('ip', '-o', 'link').splitlines()
        names = {line.split()[1].rstrip(':').partition('@')[0]
                 for line in lines}
        return names - {'lo', 'ovs-netdev', networkhost.BRIDGE}

    def exchange(self, second, address):
        """Send two megabytes to an address of the second, and back."""
        server = subprocess.Popen(
            second.inside(sys.executable, '-c', SERVER, address),
            stdout=subprocess.PIPE)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.addCleanup(server.stdout.close)
        server.stdout.readline()
        self.first.run(sys.executable, '-c', CLIENT, address)
        server.wait(20)

    def assert_nothing_left(self):
        self.assertEqual(set(), self.devices())
        self.assertEqual([], self.switch.ports())


class TestTraffic(NetworkTestCase):

    def setUp(self):
        super().setUp()
        self.second = self.useFixture(networkhost.Sandbox())
        self.vifs = [self.vif(5), self.vif(6)]
        self.plug(self.first, self.vifs[0])
        self.plug(self.second, self.vifs[1])

    def ping(self, address):
        self.first.run('ping', '-c', '1', '-W', '5', address)

    def test_ping_at_once(self):
        # No pause and no second try: the addresses must not be tentative.
        for address in ('10.0.0.6', 'fd00::6'):
            self.ping(address)
        self.assertNotIn('tentative', self.first.run('ip', 'address'))

    def test_tcp(self):
        for address in ('10.0.0.6', 'fd00::6'):
            self.exchange(self.second, address)

    def test_plug_again_does_not_interrupt(self):
        before = self.first.run('ip', '-d', 'address')
        pings = subprocess.Popen(
            self.first.inside('ping', '-i', '0.01', '-c', '60', '10.0.0.6'),
            stdout=subprocess.PIPE, text=True)
        for _ in range(4):
            self.plug(self.first, self.vifs[0])
        output, _ = pings.communicate(timeout=30)
        self.assertIn(' 0% packet loss', output)
        self.assertEqual(before, self.first.run('ip', '-d', 'address'))

    def test_silenced_until_the_next_plug(self):
        """A namespace without a process would answer all the same."""
        before = self.first.run('ip', 'address')
        routes = self.first.run('ip', 'route')
        for _ in range(2):
            self.ops.silence(self.instance, [self.vifs[0]])
        for address in ('10.0.0.5', 'fd00::5'):
            self.second.run('sh', '-c', f'! ping -c 1 -W 1 {address}')
        self.assertEqual(2, len(self.switch.ports()))
        self.plug(self.first, self.vifs[0])
        for address in ('10.0.0.6', 'fd00::6'):
            self.ping(address)
        self.assertEqual(before, self.first.run('ip', 'address'))
        self.assertEqual(routes, self.first.run('ip', 'route'))

    def test_lost_switch_port_is_added_again(self):
        device = self.vifs[0]['devname']
        self.switch.vsctl('del-port', device)
        self.plug(self.first, self.vifs[0])
        self.ping('10.0.0.6')

    def test_lost_address_and_route_are_added_again(self):
        self.first.run('ip', 'address', 'flush', 'dev', 'eth0',
                       'scope', 'global')
        self.plug(self.first, self.vifs[0])
        for address in ('10.0.0.6', 'fd00::6'):
            self.ping(address)
        self.assertIn('default via 10.0.0.1',
                      self.first.run('ip', 'route'))

    def test_lost_pair_is_made_again(self):
        networkhost.run('ip', 'link', 'delete', self.vifs[0]['devname'])
        self.plug(self.first, self.vifs[0])
        self.ping('10.0.0.6')

    def test_port_moves_to_a_new_namespace(self):
        # The container was rebuilt; its former namespace still has the pair.
        rebuilt = self.useFixture(networkhost.Sandbox())
        self.plug(rebuilt, self.vifs[0])
        rebuilt.run('ping', '-c', '1', '-W', '5', '10.0.0.6')
        self.assertNotIn('eth0', self.first.run('ip', '-o', 'link'))

    def test_unplug_leaves_nothing(self):
        for _ in range(2):
            self.ops.unplug(self.instance, self.vifs)
            self.assert_nothing_left()
        self.assertNotIn('eth0', self.first.run('ip', '-o', 'link'))

    def test_unplug_without_the_namespace(self):
        self.first.end()
        self.ops.unplug(self.instance, self.vifs)
        self.assert_nothing_left()

    def test_unplug_with_nothing_known_but_the_ports(self):
        self.ops.unplug(
            self.instance, [model.VIF(id=vif['id']) for vif in self.vifs])
        self.assert_nothing_left()


    def test_unplug_with_nothing_known_but_the_namespace(self):
        for sandbox in (self.first, self.second):
            vifs = self.ops.connected(self.instance, sandbox.path)
            self.ops.unplug(self.instance, vifs)
        self.assert_nothing_left()


class TestInterfaces(NetworkTestCase):

    def test_device_as_neutron_has_it(self):
        vif = self.vif(5, mtu=1400)
        self.plug(self.first, vif)
        link = self.first.run('ip', '-o', 'link', 'show', 'eth0')
        self.assertIn('mtu 1400', link)
        self.assertIn('fa:16:3e:00:00:05', link)
        self.assertIn('state UP', link)
        ids = self.switch.vsctl(
            'get', 'Interface', vif['devname'], 'external_ids')
        for expected in (f'iface-id="{vif["id"]}"', 'iface-status=active',
                         f'vm-uuid="{self.instance.uuid}"',
                         'attached-mac="fa:16:3e:00:00:05"'):
            self.assertIn(expected, ids)
        self.assertIn('UP', self.first.run('ip', '-o', 'link', 'show', 'lo'))

    def test_host_end_has_no_address(self):
        vif = self.vif(5)
        self.plug(self.first, vif)
        self.assertEqual('', networkhost.run(
            'ip', '-o', 'address', 'show', 'dev', vif['devname']))

    def test_second_interface_comes_and_the_first_goes(self):
        vifs = [self.vif(5), self.vif(6, net='10.1.0', net6='fd01::')]
        self.plug(self.first, vifs[0])
        self.plug(self.first, *vifs)
        routes = self.first.run('ip', 'route')
        self.assertIn('default via 10.0.0.1 dev eth0', routes)
        self.assertIn('10.1.0.0/24 dev eth1', routes)
        self.ops.unplug(self.instance, vifs[:1])
        self.plug(self.first, vifs[1])
        self.assertIn('default via 10.1.0.1 dev eth1',
                      self.first.run('ip', 'route'))

    def test_addresses_change(self):
        before = self.vif(5)
        self.plug(self.first, before)
        after = self.vif(5, subnets=[networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.77', gateway='10.0.0.1')])
        self.plug(self.first, after)
        self.assertIn('10.0.0.5/24', self.first.run('ip', 'address'))
        self.plug(self.first, after, exact=True)
        found = self.first.run('ip', 'address')
        self.assertIn('10.0.0.77/24', found)
        self.assertIn('fe80::', found)
        for gone in ('10.0.0.5/24', 'fd00::5'):
            self.assertNotIn(gone, found)
        self.assertIn('default via 10.0.0.1 dev eth0',
                      self.first.run('ip', 'route'))

    def test_bandwidth(self):
        self.instance = networkinfo.instance(
            inbound_average='2000', outbound_average='1000',
            outbound_peak='1500')
        vif = self.vif(5)
        self.plug(self.first, vif)
        classes = self.first.run('tc', 'class', 'show', 'dev', 'eth0')
        self.assertIn('rate 8Mbit ceil 12Mbit burst 100000b', classes)
        arriving = ('tc', 'class', 'show', 'dev', 'in-eth0')
        self.assertIn('rate 16Mbit ceil 16Mbit', self.first.run(*arriving))
        self.assertIn('in-eth0', self.first.run(
            'tc', 'filter', 'show', 'dev', 'eth0', 'ingress'))
        self.instance = networkinfo.instance(inbound_average='4000')
        self.plug(self.first, vif)
        self.assertIn('rate 32Mbit', self.first.run(*arriving))
        self.assertNotIn('htb', self.first.run(
            'tc', 'qdisc', 'show', 'dev', 'eth0'))
        self.instance = networkinfo.instance()
        self.plug(self.first, vif)
        self.assertNotIn('in-eth0', self.first.run('ip', 'link'))
        self.assertNotIn('ingress', self.first.run(
            'tc', 'qdisc', 'show', 'dev', 'eth0'))

    def test_limited_traffic_arrives(self):
        self.instance = networkinfo.instance(
            inbound_average='20000', outbound_average='20000')
        self.second = self.useFixture(networkhost.Sandbox())
        self.plug(self.first, self.vif(5))
        self.plug(self.second, self.vif(6))
        self.first.run('ping', '-c', '1', '-W', '5', '10.0.0.6')
        server = subprocess.Popen(
            self.second.inside(sys.executable, '-c', SERVER, '10.0.0.6'),
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        server.stdout.readline()
        self.first.run(sys.executable, '-c', CLIENT, '10.0.0.6')

    def test_checksum_offload(self):
        self.plug(self.first, self.vif(5))
        features = self.first.run('ethtool', '-k', 'eth0')
        self.assertIn('tx-checksumming: off', features)
        kernel = self.vif(6, details={'datapath_type': 'system'}, kind='tap')
        second = self.useFixture(networkhost.Sandbox())
        self.plug(second, kernel)
        features = second.run('ethtool', '-k', 'eth0')
        self.assertIn('tx-checksumming: on', features)

    def test_several_interfaces(self):
        vifs = [
            self.vif(5, subnets=[
                networkinfo.subnet('10.5.0.0/24', '10.5.0.5')]),
            self.vif(6, net='10.6.0', net6='fd06::'),
            self.vif(7, net='10.7.0', net6='fd07::')]
        self.plug(self.first, *vifs)
        addresses = self.first.run('ip', '-o', 'address')
        for number in (5, 6, 7):
            self.assertRegex(
                addresses,
                rf'eth{number - 5} +inet 10\.{number}\.0\.{number}/24')
        self.assertEqual(
            ['default via 10.6.0.1 dev eth1 proto static'],
            [line.strip() for line in
             self.first.run('ip', 'route').splitlines() if 'default' in line])
        self.assertIn(
            'default via fd06::1 dev eth1',
            self.first.run('ip', '-6', 'route'))
        # One is detached; those that stay keep their names.
        self.ops.unplug(self.instance, [vifs[0]])
        before = self.first.run('ip', '-o', 'link')
        self.plug(self.first, *vifs[1:])
        self.assertEqual(before, self.first.run('ip', '-o', 'link'))
        # One is attached; it takes the name that is free.
        self.plug(self.first, *vifs[1:],
                  self.vif(8, net='10.8.0', net6='fd08::'))
        self.assertRegex(
            self.first.run('ip', '-o', 'address', 'show', 'dev', 'eth0'),
            r'inet 10\.8\.0\.8/24')

    def test_routes(self):
        self.plug(self.first, self.vif(5, subnets=[
            networkinfo.subnet(
                '10.0.0.0/24', '10.0.0.5', gateway='10.9.9.1',
                routes=[('192.168.7.0/24', '10.0.0.9'),
                        ('192.168.8.0/24', '0.0.0.0')]),
            networkinfo.subnet('fd00::/64', 'fd00::5', gateway='fe80::1',
                               routes=[('fd99::/64', 'fd00::9')])]))
        routes = self.first.run('ip', 'route')
        self.assertIn('default via 10.9.9.1 dev eth0 proto static onlink',
                      routes)
        self.assertIn('192.168.7.0/24 via 10.0.0.9 dev eth0', routes)
        self.assertRegex(routes, r'192\.168\.8\.0/24 dev eth0.* scope link')
        routes = self.first.run('ip', '-6', 'route')
        self.assertIn('default via fe80::1 dev eth0', routes)
        self.assertIn('fd99::/64 via fd00::9 dev eth0', routes)

    def test_router_advertisements_are_ignored(self):
        self.plug(self.first, self.vif(5))
        self.assertEqual('0', self.first.run(
            'sysctl', '-n', 'net.ipv6.conf.eth0.accept_ra').strip())

    def test_hybrid(self):
        vif = self.vif(5, details={
            'ovs_hybrid_plug': True, 'datapath_type': 'netdev'})
        plain = self.vif(6)
        second = self.useFixture(networkhost.Sandbox())
        self.plug(self.first, vif)
        self.plug(second, plain)
        tail = vif['id'][:11]
        self.assertEqual(
            {f'tap{tail}', f'qbr{tail}', f'qvb{tail}', f'qvo{tail}',
             plain['devname']},
            self.devices())
        self.assertIn(f'qvo{tail}', self.switch.ports())
        self.assertNotIn(f'tap{tail}', self.switch.ports())
        for address in ('10.0.0.6', 'fd00::6'):
            self.first.run('ping', '-c', '1', '-W', '5', address)
            self.exchange(second, address)
        self.plug(self.first, vif)
        self.exchange(second, '10.0.0.6')
        # The bridge stays when the pair is lost, and takes the new one.
        networkhost.run('ip', 'link', 'delete', vif['devname'])
        self.plug(self.first, vif)
        self.first.run('ping', '-c', '3', '-W', '5', '10.0.0.6')
        self.ops.unplug(self.instance, [vif, plain])
        self.assert_nothing_left()

    def test_tap(self):
        vif = self.vif(5, kind='tap', bridge=None,
                       details={'mac_address': '00:61:fe:ed:ca:fe'})
        self.plug(self.first, vif)
        self.assertIn('00:61:fe:ed:ca:fe', networkhost.run(
            'ip', '-o', 'link', 'show', vif['devname']))
        self.assertEqual([], self.switch.ports())
        self.ops.unplug(self.instance, [vif])
        self.assert_nothing_left()

    def test_speed(self):
        # The aim is 60 ms for one port. A machine that is busy with other
        # tests reaches it once in a while.
        vif = self.vif(5)
        deadline = time.monotonic() + 60
        seconds = [60.0]
        while min(seconds) >= 0.06:
            self.assertLess(time.monotonic(), deadline, seconds)
            start = time.monotonic()
            self.plug(self.first, vif)
            seconds.append(time.monotonic() - start)
            self.ops.unplug(self.instance, [vif])


class TestFailures(NetworkTestCase):

    def refused(self, *vifs, sandbox=None):
        return str(self.assertRaises(
            exception.VirtualInterfacePlugException,
            self.plug, sandbox or self.first, *vifs))

    def test_unbound_port(self):
        message = self.refused(
            self.vif(5), self.vif(6, kind='binding_failed'))
        self.assertIn('not bound to this host', message)
        self.assert_nothing_left()

    def test_address_that_the_kernel_refuses(self):
        message = self.refused(self.vif(5), self.vif(6, subnets=[
            networkinfo.subnet('ff05::/64', 'ff05::5')]))
        self.assertIn('Cannot add the address ff05::5/64 to eth1', message)
        self.assert_nothing_left()

    def test_foreign_device_of_that_name(self):
        vif = self.vif(6)
        networkhost.run('ip', 'tuntap', 'add', vif['devname'],
                        'mode', 'tap')
        self.addCleanup(networkhost.run, 'ip', 'link', 'delete',
                        vif['devname'], check=False)
        message = self.refused(self.vif(5), vif)
        self.assertIn('exists and is not a veth pair but tun', message)
        self.assertEqual({vif['devname']}, self.devices())
        self.assertEqual([], self.switch.ports())

    def test_namespace_is_missing(self):
        self.first.end()
        message = self.refused(self.vif(5))
        self.assertIn('does not exist', message)
        self.assert_nothing_left()

    def test_hosts_own_namespace(self):
        networkhost.run('umount', self.first.path)
        networkhost.run('mount', '--bind', '/proc/thread-self/ns/net',
                        self.first.path)
        self.assertIn("the host's own namespace", self.refused(self.vif(5)))
        self.assert_nothing_left()

    def test_database_does_not_answer(self):
        database = self.switch.processes['ovsdb-server']
        self.addCleanup(database.send_signal, signal.SIGCONT)
        database.send_signal(signal.SIGSTOP)
        message = self.refused(self.vif(5))
        self.assertIn('ovsdb_connection', message)
        self.assertEqual(set(), self.devices())
        database.send_signal(signal.SIGCONT)
        self.plug(self.first, self.vif(5))

    def test_helper_refuses_other_namespaces(self):
        # What a nova-compute that was taken over could try.
        self.assertRaises(errors.RefusedError, wiring.wire,
                          '/proc/1/ns/net', [])
        self.assertRaises(errors.RefusedError, wiring.unwire, ['br-int'])

