"""Networks, with the Docker SDK and the docker CLI.

The daemon is in a network namespace of its own, where the bridges are too.
"""

import json
import shutil
import subprocess
import sys
import time

import docker
from docker import types

from tests import archives
from tests.functional import daemon
from tests.functional import netns
from tests.functional import sdk

SERVE = ('mkdir -p /w; echo hello >/w/index.html; '
         'exec httpd -f -p 80 -h /w')
CHAINS = ('NC-FWD-nc0', 'NC-NAT-nc0')
WAIT_S = 60
#: The server of a container that has just begun may not listen yet.
FETCH = """
import sys, time, urllib.request
end = time.monotonic() + 60
while True:
    try:
        print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode(),
              end='')
        break
    except OSError:
        if time.monotonic() > end:
            raise
        time.sleep(0.05)
"""


class NetworksTestCase(sdk.SdkTestCase):

    @classmethod
    def make_daemon(cls):
        return netns.Daemon(cls.options)

    def setUp(self):
        super().setUp()
        self.namespace = self.daemon.namespace
        self.addCleanup(self.docker.networks.prune)

    def cli(self, *words, fails=False):
        ended = subprocess.run(
            [daemon.find_docker(), '-H', self.daemon.url, *words],
            text=True, capture_output=True, timeout=120, check=False)
        self.assertEqual(fails, ended.returncode != 0,
                         (words, ended.stdout, ended.stderr))
        return (ended.stderr if fails else ended.stdout).strip()

    def fetch(self, url):
        """Fetch an URL from the host's side, once it is there."""
        return self.namespace.run(sys.executable, '-c', FETCH, url)

    def inside(self, container, command):
        code, output = container.exec_run(['sh', '-c', command])
        self.assertEqual(0, code, output)
        return output.decode().strip()

    def cannot(self, container, command):
        code, _ = container.exec_run(['sh', '-c', command])
        self.assertNotEqual(0, code)

    def addresses(self, container, network):
        container.reload()
        return container.attrs['NetworkSettings']['Networks'][network]


class DefaultNetworkTest(NetworksTestCase):

    def test_a_day(self):
        self.assertEqual(
            {'bridge': 'bridge', 'host': 'host', 'none': 'null'},
            {one.name: one.attrs['Driver']
             for one in self.docker.networks.list()})
        web = self.run_container(
            'sh', '-c', SERVE, name='web', ports={
                '80/tcp': None, '81/udp': ('127.0.0.1', 8181)})
        web.reload()
        network = web.attrs['NetworkSettings']
        own = network['Networks']['bridge']
        self.assertEqual(
            (own['IPAddress'], own['Gateway'], own['MacAddress']),
            (network['IPAddress'], network['Gateway'],
             network['MacAddress']))
        self.assertEqual(own['IPAddress'], self.inside(web, 'hostname -i'))
        self.assertIn(f'default via {own["Gateway"]} dev eth0',
                      self.inside(web, 'ip route'))
        self.inside(web, f'ping -c 1 -W 30 {own["Gateway"]}')
        published, = web.ports['80/tcp']
        self.assertEqual([{'HostIp': '127.0.0.1', 'HostPort': '8181'}],
                         web.ports['81/udp'])
        port = published['HostPort']
        for host in ('127.0.0.1', own['Gateway']):
            self.assertEqual('hello\n', self.fetch(f'http://{host}:{port}/'))
        self.assertIn(f'0.0.0.0:{port}', self.cli('port', 'web', '80'))
        self.assertIn(f'0.0.0.0:{port}->80/tcp', self.cli(
            'ps', '--filter', f'publish={port}', '--filter',
            'network=bridge'))
        refused = self.cli('run', '--rm', '-p', f'{port}:80', sdk.IMAGE,
                           'true', fails=True)
        self.assertIn('port is already allocated', refused)
        self.assertEqual(1, len(self.docker.containers.list(all=True)))

    def test_through_stop_and_start_and_the_daemons_death(self):
        web = self.run_container('sh', '-c', SERVE, ports={'80/tcp': 8082})
        before = self.addresses(web, 'bridge')
        self.fetch('http://127.0.0.1:8082/')
        self.daemon.kill()
        self.assertEqual('hello\n', self.fetch('http://127.0.0.1:8082/'))
        self.daemon.start()
        self.assertEqual(before, self.addresses(web, 'bridge'))
        web.stop(timeout=0)
        self.assertEqual('', self.addresses(web, 'bridge')['IPAddress'])
        self.assertNotIn('8082', self.namespace.run('iptables-save'))
        self.assertNotIn('veth', self.namespace.run('ip', '-o', 'link'))
        web.start()
        self.assertEqual(before['IPAddress'],
                         self.addresses(web, 'bridge')['IPAddress'])
        self.assertEqual('hello\n', self.fetch('http://127.0.0.1:8082/'))

    def test_links_and_the_host(self):
        self.run_container('sh', '-c', SERVE, name='db', ports={
            '80/tcp': None}, environment=['TEA=green'])
        client = self.run_container(
            links={'db': 'data'}, extra_hosts={'me': 'host-gateway'})
        self.assertEqual('hello', self.inside(client, 'wget -qO- data'))
        told = self.inside(client, 'cat /proc/1/environ')
        self.assertIn('DATA_ENV_TEA=green', told)
        self.assertRegex(told, r'DATA_PORT_80_TCP=tcp://[0-9.]+:80')
        gateway = self.addresses(client, 'bridge')['Gateway']
        self.assertIn(gateway, self.inside(client, 'grep me /etc/hosts'))

    def test_a_network_that_is_not_there(self):
        for name in ('nope', 'f' * 64):
            container = self.create_container(network=name)
            error = self.assertRaises(docker.errors.NotFound,
                                      container.start)
            self.assertIn(f'network {name} not found', error.explanation)


class OwnNetworksTest(NetworksTestCase):

    def test_a_day(self):
        shop = self.docker.networks.create(
            'shop', labels={'a': 'b'}, ipam=types.IPAMConfig(pool_configs=[
                types.IPAMPool(subnet='10.9.0.0/24', gateway='10.9.0.254',
                               aux_addresses={'printer': '10.9.0.1'})]))
        self.assertEqual(shop, self.docker.networks.get('shop'))
        web = self.docker.containers.run(
            sdk.IMAGE, ['sh', '-c', SERVE], detach=True, name='web',
            network='shop', networking_config={
                'shop': self.docker.api.create_endpoint_config(
                    aliases=['www'], ipv4_address='10.9.0.50',
                    link_local_ips=['169.254.8.8'],
                    driver_opt={'note': 'x'})})
        self.addCleanup(self.remove, web)
        client = self.run_container(network='shop', name='client')
        self.assertEqual(('10.9.0.50', '10.9.0.2'), (
            self.addresses(web, 'shop')['IPAddress'],
            self.addresses(client, 'shop')['IPAddress']))
        self.assertEqual({'note': 'x'},
                         self.addresses(web, 'shop')['DriverOpts'])
        self.assertIn('169.254.8.8/16', self.inside(web, 'ip address'))
        self.inside(client, 'ping -c 1 -W 30 web')
        for name in ('web', 'www', web.id[:12]):
            self.assertEqual('hello', self.inside(
                client, f'wget -qO- http://{name}/'))
        self.inside(web, 'ping -c 1 -W 30 client')
        web.rename('shopfront')
        self.inside(client, 'ping -c 1 -W 30 shopfront')
        shop.reload()
        self.assertEqual({web, client}, set(shop.containers))
        web.stop(timeout=0)
        self.cannot(client, 'grep www /etc/hosts')
        stranger = self.run_container()
        self.cannot(stranger, 'ping -c 1 -W 2 10.9.0.2')
        error = self.assertRaises(docker.errors.APIError, shop.remove)
        self.assertEqual(403, error.status_code)
        self.assertIn('has active endpoints', error.explanation)

    def test_connect_and_disconnect(self):
        shop = self.docker.networks.create('shop')
        inner = self.docker.networks.create('inner', internal=True)
        web = self.run_container('sh', '-c', SERVE, network='shop',
                                 ports={'80/tcp': 8083})
        client = self.run_container(network='inner')
        inner.connect(web, aliases=['deep'])
        self.assertEqual('hello', self.inside(client, 'wget -qO- deep'))
        self.assertIn('eth1', self.inside(web, 'ip -o link'))
        self.cannot(client, 'ip route | grep default')
        shop.disconnect(web)
        self.assertNotIn('eth0', self.inside(web, 'ip -o link'))
        self.cannot(web, 'ip route | grep default')
        self.assertNotIn('8083', self.namespace.run('iptables-save'))
        shop.connect(web)
        self.assertIn('default', self.inside(web, 'ip route'))
        self.assertEqual('hello\n', self.fetch('http://127.0.0.1:8083/'))
        self.docker.networks.get('bridge').connect(web)
        shop.disconnect(web)
        self.assertIn('dev eth2', self.inside(web, 'ip route'))
        self.assertEqual('hello\n', self.fetch('http://127.0.0.1:8083/'))

    def test_ipv6(self):
        self.docker.networks.create(
            'six', enable_ipv6=True, ipam=types.IPAMConfig(pool_configs=[
                types.IPAMPool(subnet='fd00:9::/64')]))
        web = self.run_container('sh', '-c', SERVE, network='six',
                                 name='six', ports={'80/tcp': 8086})
        own = self.addresses(web, 'six')
        self.assertEqual(('fd00:9::2', 64, 'fd00:9::1'), (
            own['GlobalIPv6Address'], own['GlobalIPv6PrefixLen'],
            own['IPv6Gateway']))
        self.inside(web, 'ping -6 -c 1 -W 30 fd00:9::1')
        self.assertEqual('hello\n', self.fetch('http://[fd00:9::1]:8086/'))
        other = self.run_container(network='six')
        self.inside(other, 'ping -6 -c 1 -W 30 six')

    def test_the_options_of_a_bridge(self):
        self.docker.networks.create('quiet', options={
            'com.docker.network.bridge.name': 'quiet0',
            'com.docker.network.bridge.enable_icc': 'false',
            'com.docker.network.driver.mtu': '1400'})
        one = self.run_container('sh', '-c', SERVE, network='quiet',
                                 name='one')
        other = self.run_container(network='quiet')
        self.assertIn('quiet0', self.namespace.run('ip', '-o', 'link'))
        self.assertIn('mtu 1400', self.inside(one, 'ip link show eth0'))
        self.cannot(other, 'ping -c 1 -W 2 one')
        self.inside(other, 'ping -c 1 -W 30 '
                    + self.addresses(other, 'quiet')['Gateway'])

    def test_command_line(self):
        ident = self.cli('network', 'create', '--label', 'a=b', '--internal',
                         'street')
        self.assertEqual(64, len(ident))
        self.assertIn('street', self.cli(
            'network', 'ls', '--filter', 'type=custom', '--format',
            '{{.Name}} {{.Driver}} {{.Scope}}'))
        shown, = json.loads(self.cli('network', 'inspect', ident[:12]))
        self.assertTrue(shown['Internal'])
        self.assertEqual({'a': 'b'}, shown['Labels'])
        self.cli('run', '-d', '--name', 'one', sdk.IMAGE, 'sleep', '1000')
        self.addCleanup(self.cli, 'rm', '-f', 'one')
        self.cli('network', 'connect', '--alias', 'uno', 'street', 'one')
        for words, expected in (
                (('connect', 'street', 'one'), 'already exists in network'),
                (('rm', 'street'), 'has active endpoints'),
                (('rm', 'bridge'), 'pre-defined network'),
                (('create', 'street'), 'already exists'),
                (('create', 'host'), 'predefined host network'),
                (('create', '-d', 'overlay', 'x'), 'not supported'),
                (('inspect', 'nope'), 'network nope not found')):
            self.assertIn(expected, self.cli('network', *words, fails=True))
        self.cli('network', 'disconnect', '-f', 'street', 'one')
        self.assertEqual('street', self.cli('network', 'rm', 'street'))
        self.cli('network', 'create', 'idle')
        self.assertIn('idle', self.cli('network', 'prune', '-f'))
        now = self.docker.info()['SystemTime']
        told = self.cli('events', '--since', '2020-01-01', '--until', now,
                        '--filter', 'network=street', '--format',
                        '{{.Type}} {{.Action}}').splitlines()
        self.assertEqual(
            [f'network {action}' for action in (
                'create', 'connect', 'disconnect', 'destroy')], told)


class TracesTest(NetworksTestCase):

    def test_nothing_is_left(self):
        """Nothing but what the plugin portmap keeps for the next time."""
        self.assertEqual('', self.namespace.run('iptables-save'))
        shop = self.docker.networks.create('shop')
        self.assertNotIn('nb-', self.namespace.run('ip', '-o', 'link'))
        web = self.run_container(network='shop', ports={'80/tcp': 8087})
        rules = self.namespace.run('iptables-save')
        for chain in CHAINS:
            self.assertIn(chain, rules)
        self.daemon.kill()
        self.namespace.run('iptables', '-F', CHAINS[0])
        self.daemon.start()
        self.assertIn('-j DROP', self.namespace.run('iptables-save'))
        web.remove(force=True)
        shop.remove()
        rules = self.namespace.run('iptables-save')
        for gone in (*CHAINS, '8087', 'DNAT --to'):
            self.assertNotIn(gone, rules)
        links = self.namespace.run('ip', '-o', 'link').splitlines()
        self.assertEqual(1, len(links), links)


class CrashTest(NetworksTestCase):

    def test_records_that_were_thrown_away(self):
        """A new daemon gets along with bridges that it does not know."""
        self.docker.networks.create('shop')
        for mode in ('shop', 'bridge'):
            self.run_container(network=mode).remove(force=True)
        self.daemon.stop()
        shutil.rmtree(self.daemon.data_root)
        self.daemon.start()
        self.daemon.load(archives.busybox_image(sdk.IMAGE))
        links = self.namespace.run('ip', '-o', 'link')
        self.assertNotIn('nb-', links)
        self.assertIn('nc0', links)
        again = self.run_container()
        self.inside(again, 'ping -c 1 -W 30 '
                    + self.addresses(again, 'bridge')['Gateway'])
        again.remove(force=True)

    def test_killed_amid_what_it_does(self):
        """Whatever it was in the middle of, the next one gets it right."""
        self.docker.networks.create('shop')
        web = self.run_container(network='shop', name='web')
        for number, verb in enumerate(('connect', 'disconnect') * 3):
            sender = subprocess.Popen(
                [daemon.find_docker(), '-H', self.daemon.url, 'network',
                 verb, 'bridge', 'web'],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.05 * number)
            self.daemon.kill()
            sender.wait(WAIT_S)
            self.daemon.start()
            web.reload()
            shown = web.attrs['NetworkSettings']['Networks']
            links = self.inside(web, 'ls /sys/class/net').split()
            self.assertEqual(len(shown) + 1, len(links), (shown, links))
            veths = [line for line in self.namespace.run(
                'ip', '-o', 'link').splitlines() if 'veth' in line]
            self.assertEqual(len(shown), len(veths), veths)


class WithoutPluginsTest(NetworksTestCase):

    options = {'networks': {'default': 'auto',
                            'cni_directory': '/no/such/directory'}}

    def test_what_there_is_then(self):
        warned = self.daemon.json('POST', '/containers/create', {
            'Image': sdk.IMAGE, 'Cmd': ['true']})['Warnings']
        self.assertIn('containernetworking-plugins', ' '.join(warned))
        self.assertEqual('lo', self.docker.containers.run(
            sdk.IMAGE, ['ls', '/sys/class/net'],
            remove=True).decode().strip())
        for call, given in (
                (self.docker.networks.create, {'name': 'shop'}),
                (self.create_container, {'ports': {'80/tcp': 80}}),
                (self.create_container, {'network_mode': 'bridge'})):
            error = self.assertRaises(docker.errors.APIError, call, **given)
            self.assertEqual(501, error.status_code)
            self.assertIn('containernetworking-plugins', error.explanation)
        self.assertIn('containernetworking-plugins', self.daemon.log)
