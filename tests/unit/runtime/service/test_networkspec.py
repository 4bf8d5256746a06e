import ipaddress

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from novacontainer.runtime.service import networkspec

CHOSEN = {4: '172.20.0.0/16', 6: 'fd00::/64'}


def describe(**body):
    return networkspec.describe(
        {'Name': 'shop', **body}, 'f' * 64,
        lambda version: ipaddress.ip_network(CHOSEN[version]))


class DescribeTest(base.BaseTestCase):

    def test_name_with_a_space(self):
        self.assertEqual('shop 01', describe(Name='shop 01').name)

    def test_plain(self):
        found = describe(CheckDuplicate=True, Scope='local', ConfigFrom=None)
        self.assertEqual(('shop', 'bridge', False, False, False),
                         (found.name, found.driver, found.internal,
                          found.ipv6, found.attachable))
        self.assertEqual((networking.Subnet(
            '172.20.0.0/16', '172.20.0.1'),), found.subnets)

    def test_all_that_can_be_said(self):
        found = describe(
            Internal=True, Attachable=True, EnableIPv6=True,
            Labels={'a': 'b'}, Options={
                networking.OPTION_NAME: 'br0', networking.OPTION_MTU: '1400',
                networking.OPTION_ICC: 'false',
                networking.OPTION_BINDING: '127.0.0.1',
                networking.OPTION_PREFIX: 'net'},
            IPAM={'Driver': 'default', 'Options': {}, 'Config': [
                {'Subnet': 'fd00:1::/64'},
                {'Subnet': '10.9.0.0/24', 'Gateway': '10.9.0.254',
                 'IPRange': '10.9.0.128/25',
                 'AuxiliaryAddresses': {'printer': '10.9.0.7'}}]})
        self.assertTrue(found.internal and found.attachable and found.ipv6)
        self.assertEqual('br0', found.bridge)
        self.assertEqual((
            networking.Subnet('10.9.0.0/24', '10.9.0.254', '10.9.0.128/25',
                              {'printer': '10.9.0.7'}, True),
            networking.Subnet('fd00:1::/64', 'fd00:1::1', asked=True)),
            found.subnets)

    def test_ipv6_without_a_subnet(self):
        self.assertEqual(
            ['172.20.0.0/16', 'fd00::/64'],
            [one.cidr for one in describe(EnableIPv6=True).subnets])
        self.assertEqual(1, len(describe(IPAM={'Config': [{}]}).subnets))

    def test_kinds_of_refusal(self):
        for kind, bodies in (
                (exception.Forbidden, (
                    {'Name': 'bridge'}, {'Name': 'none'},
                    {'Name': 'default'}, {'Driver': 'host'},
                    {'Driver': 'null'})),
                (exception.NotFound, ({'Driver': 'weave'},)),
                (exception.NotSupported, (
                    {'Driver': 'overlay'}, {'Driver': 'macvlan'},
                    {'Ingress': True}, {'ConfigOnly': True},
                    {'ConfigFrom': {'Network': 'x'}}, {'Scope': 'swarm'},
                    {'EnableIPv4': False}, {'Options': {'x': 'y'}},
                    {'IPAM': {'Driver': 'dhcp'}},
                    {'IPAM': {'Options': {'x': 'y'}}})),
                (exception.InvalidRequest, (
                    {'Name': ''}, {'Name': 'a '}, {'Name': 'a/b'},
                    {'Name': '-a'},
                    {'Name': 'a' * 256}))):
            for body in bodies:
                self.assertRaises(kind, describe, **body)

    def test_bad_options(self):
        for name, value in (
                (networking.OPTION_NAME, 'a' * 16),
                (networking.OPTION_NAME, 'a/b'),
                (networking.OPTION_NAME, '..'),
                (networking.OPTION_MTU, '10'), (networking.OPTION_MTU, 'x'),
                (networking.OPTION_ICC, 'maybe'),
                (networking.OPTION_BINDING, '::1'),
                (networking.OPTION_PREFIX, 'with space')):
            self.assertRaises(exception.InvalidRequest, describe,
                              Options={name: value})

    def test_bad_subnets(self):
        for configs in (
                [{'Subnet': 'x'}], [{'Subnet': '10.0.0.0'}],
                [{'Subnet': '10.0.0.1/24'}], [{'Subnet': '10.0.0.0/31'}],
                [{'Gateway': '10.0.0.1'}],
                [{'Subnet': '10.0.0.0/24', 'Gateway': '10.1.0.1'}],
                [{'Subnet': '10.0.0.0/24', 'Gateway': 'x'}],
                [{'Subnet': '10.0.0.0/24', 'IPRange': '10.1.0.0/25'}],
                [{'Subnet': '10.0.0.0/24', 'IPRange': '10.0.0.0/16'}],
                [{'Subnet': '10.0.0.0/24',
                  'AuxiliaryAddresses': {'a': '10.1.0.1'}}],
                [{'Subnet': '10.0.0.0/24'}, {'Subnet': '10.1.0.0/24'}],
                [{'Subnet': 'fd00::/64'}]):
            self.assertRaises(exception.InvalidRequest, describe,
                              IPAM={'Config': configs})
