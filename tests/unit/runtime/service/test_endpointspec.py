import dataclasses

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import endpointspec
from tests.unit.runtime.api import fakes

SHOP = fakes.NETWORK
DEFAULT = dataclasses.replace(SHOP, name='bridge')


class CheckTest(base.BaseTestCase):

    def test_what_is_kept(self):
        self.assertEqual({
            'Aliases': ['www'], 'Links': ['db:db', 'web_1:w'],
            'MacAddress': '02:42:00:00:00:01',
            'IPAMConfig': {'IPv4Address': '10.9.0.7'}},
            endpointspec.check({
                'Aliases': ['www'], 'Links': ['db', '/web_1:/x/w'],
                'MacAddress': '02-42-00-00-00-01', 'DriverOpts': {},
                'GwPriority': 0, 'NetworkID': 'x', 'IPAddress': '1.2.3.4',
                'IPAMConfig': {'IPv4Address': '10.9.0.7'}}, SHOP))
        self.assertEqual({}, endpointspec.check(
            {'IPAMConfig': {}, 'Aliases': [], 'Unheard': None}, DEFAULT))

    def test_only_of_networks_that_somebody_made(self):
        for given, words in (
                ({'Aliases': ['x']}, 'aliases are only supported'),
                ({'IPAMConfig': {'IPv4Address': '10.9.0.7'}},
                 'user defined networks only')):
            error = self.assertRaises(
                exception.InvalidRequest, endpointspec.check, given, DEFAULT)
            self.assertIn(words, error.message)

    def test_only_where_the_subnet_was_chosen(self):
        error = self.assertRaises(
            exception.InvalidRequest, endpointspec.check,
            {'IPAMConfig': {'IPv6Address': 'fd00:9::5'}}, SHOP)
        self.assertIn('user configured subnets', error.message)

    def test_bad_values(self):
        for given in ({'Aliases': ['a b']}, {'Aliases': ['a\nb']},
                      {'MacAddress': 'x'}, {'Links': ['a:b c']},
                      {'MacAddress': '01:00:00:00:00:01'}, {'Links': [':']},
                      {'IPAMConfig': {'IPv4Address': 'x'}},
                      {'IPAMConfig': {'IPv4Address': '10.8.0.1'}}):
            self.assertRaises(exception.InvalidRequest, endpointspec.check,
                              given, SHOP)

    def test_what_is_not_honoured(self):
        for given in ({'GwPriority': 1}, {'Unheard': 'of'}, {'DriverOpts': {
                'com.docker.network.endpoint.ifname': 'x'}}):
            self.assertRaises(exception.NotSupported, endpointspec.check,
                              given, SHOP)

    def test_what_is_added(self):
        asked = {'IPAMConfig': {'LinkLocalIPs': ['169.254.1.1']},
                 'DriverOpts': {'note': 'x'}}
        self.assertEqual(asked, endpointspec.check(asked, DEFAULT))
        self.assertRaises(
            exception.InvalidRequest, endpointspec.check,
            {'IPAMConfig': {'LinkLocalIPs': ['10.0.0.1']}}, SHOP)

    def test_static(self):
        settings = {'IPAMConfig': {'IPv4Address': '10.9.0.7'}}
        self.assertEqual('10.9.0.7', endpointspec.static(settings, 4))
        self.assertEqual('', endpointspec.static(settings, 6))
        self.assertEqual('', endpointspec.static({}, 4))
