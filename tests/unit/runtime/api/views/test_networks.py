import dataclasses

from oslotest import base

from novacontainer.runtime.api.views import networks
from novacontainer.runtime import networking
from tests.unit.runtime.api import fakes

SHOP, WEB = fakes.NETWORK, fakes.CONNECTION
CONTAINER = dataclasses.replace(
    fakes.CONTAINER, pid=7, host_config={'NetworkMode': 'shop'},
    config={'ExposedPorts': {'80/tcp': {}, '443/tcp': {}, '1-9': {}}})
DOWN = dataclasses.replace(WEB, endpoint=dataclasses.replace(
    WEB.endpoint, stage=networking.Stage.IDLE, ports=()))


class NetworksTest(base.BaseTestCase):

    def test_show(self):
        shown = networks.show(SHOP, [WEB])
        self.assertEqual(
            {'Driver': 'default', 'Options': {}, 'Config': [
                {'Subnet': '10.9.0.0/24', 'IPRange': '10.9.0.128/25',
                 'Gateway': '10.9.0.1',
                 'AuxiliaryAddresses': {'printer': '10.9.0.200'}},
                {'Subnet': 'fd00:9::/64', 'Gateway': 'fd00:9::1'}]},
            shown['IPAM'])
        self.assertEqual({'c' * 64: {
            'Name': 'web', 'EndpointID': '1' * 64,
            'MacAddress': '02:42:0a:09:00:80',
            'IPv4Address': '10.9.0.128/24',
            'IPv6Address': 'fd00:9::2/64'}}, shown['Containers'])
        self.assertEqual(('local', True, {'k': 'v'}), (
            shown['Scope'], shown['EnableIPv6'], shown['Labels']))

    def test_settings(self):
        shown = networks.settings(CONTAINER, [WEB], '/key')
        self.assertEqual({
            '80/tcp': [{'HostIp': '0.0.0.0',
                        'HostPort': '8080'}],
            '443/tcp': None, '1-9/tcp': None}, shown['Ports'])
        self.assertEqual(('', '/key'), (shown['IPAddress'],
                                        shown['SandboxKey']))
        shop = shown['Networks']['shop']
        self.assertEqual(
            (SHOP.id, '10.9.0.1', '10.9.0.128', 24, 'fd00:9::2', 64),
            (shop['NetworkID'], shop['Gateway'], shop['IPAddress'],
             shop['IPPrefixLen'], shop['GlobalIPv6Address'],
             shop['GlobalIPv6PrefixLen']))
        self.assertEqual(['www', 'cccccccccccc'], shop['Aliases'])
        self.assertEqual(['web', 'www', 'cccccccccccc', 'webhost'],
                         shop['DNSNames'])

    def test_what_does_not_run(self):
        shown = networks.settings(
            dataclasses.replace(CONTAINER, pid=0), [DOWN], '')
        self.assertEqual(({}, '', ''), (
            shown['Ports'], shown['SandboxID'],
            shown['Networks']['shop']['IPAddress']))
        asked = dataclasses.replace(DOWN, endpoint=dataclasses.replace(
            DOWN.endpoint, settings={'MacAddress': '02:42:0a:09:00:80'}))
        shown = networks.settings(
            dataclasses.replace(CONTAINER, pid=0), [asked], '')
        self.assertEqual('02:42:0a:09:00:80',
                         shown['Networks']['shop']['MacAddress'])
        self.assertEqual([], networks.port_list(
            dataclasses.replace(CONTAINER, pid=0), [DOWN]))

    def test_the_default_network_is_shown_at_the_top_too(self):
        default = dataclasses.replace(WEB, network=dataclasses.replace(
            SHOP, name='bridge'))
        shown = networks.settings(CONTAINER, [default], '')
        self.assertEqual(
            ('10.9.0.128', 24, '10.9.0.1', '02:42:0a:09:00:80'),
            (shown['IPAddress'], shown['IPPrefixLen'], shown['Gateway'],
             shown['MacAddress']))
        self.assertIsNone(shown['Networks']['bridge']['DNSNames'])

    def test_no_gateway_out_of_an_internal_one(self):
        inner = dataclasses.replace(WEB, network=dataclasses.replace(
            SHOP, internal=True))
        shown = networks.networks(CONTAINER, [inner])['shop']
        self.assertEqual(('', ''), (shown['Gateway'], shown['IPv6Gateway']))

    def test_modes_without_connections(self):
        for mode, names in (('none', ['none']), ('host', ['host']),
                            ('container:x', []), ('ns:/x', [])):
            self.assertEqual(names, list(networks.networks(
                dataclasses.replace(
                    CONTAINER, host_config={'NetworkMode': mode}), [])))

    def test_port_list(self):
        self.assertEqual([
            {'IP': '0.0.0.0', 'PrivatePort': 80,
             'PublicPort': 8080, 'Type': 'tcp'},
            {'PrivatePort': 443, 'Type': 'tcp'}],
            networks.port_list(CONTAINER, [WEB]))
