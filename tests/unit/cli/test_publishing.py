import argparse

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import publishing


class PublishingTestCase(base.BaseTestCase):

    def parse(self, *words):
        parser = argparse.ArgumentParser()
        publishing.add_arguments(parser)
        return parser.parse_args(words)

    def bindings(self, *words):
        given = self.parse(*(word for one in words for word in ('-p', one)))
        return publishing.members(given)['PortBindings']

    def test_nothing_is_asked(self):
        given = self.parse()
        self.assertEqual(({}, {}), (publishing.members(given),
                                    publishing.body(given)))

    def test_ports(self):
        self.assertEqual({
            '80/tcp': [{'HostPort': '8080'}, {'HostPort': ''},
                       {'HostPort': '8000-8010'},
                       {'HostPort': '', 'HostIp': '127.0.0.1'}],
            '53/udp': [{'HostPort': '53', 'HostIp': '::1'}],
            '90/tcp': [{'HostPort': '9000'}],
            '91/tcp': [{'HostPort': '9001'}]},
            self.bindings('8080:80', '80', '8000-8010:80', '127.0.0.1::80',
                          '[::1]:53:53/udp', '9000-9001:90-91'))

    def test_no_ports(self):
        for word in ('x', '80:x', '1:2:3:4', '1-2:3-5', '/udp'):
            given = self.parse('-p', word)
            self.assertRaises(failure.CommandFailed, publishing.members,
                              given)
        self.assertRaises(failure.CommandFailed, publishing.body,
                          self.parse('--expose', 'x'))

    def test_members(self):
        self.assertEqual(
            {'NetworkMode': 'bridge', 'PublishAllPorts': True,
             'Links': ['db:data']},
            publishing.members(self.parse(
                '--network', 'bridge', '-P', '--link', 'db:data')))

    def test_body(self):
        self.assertEqual({
            'ExposedPorts': {'80/tcp': {}, '90/udp': {}, '91/udp': {}},
            'MacAddress': '02:00:00:00:00:01',
            'NetworkingConfig': {'EndpointsConfig': {'shop': {
                'Aliases': ['a'], 'Links': ['db'], 'IPAMConfig': {
                    'IPv4Address': '10.9.0.7', 'IPv6Address': 'fd00::7'}}}}},
            publishing.body(self.parse(
                '--network', 'shop', '--network-alias', 'a', '--link', 'db',
                '--ip', '10.9.0.7', '--ip6', 'fd00::7', '-p', '8080:80',
                '--expose', '90-91/udp', '--mac-address',
                '02:00:00:00:00:01')))
