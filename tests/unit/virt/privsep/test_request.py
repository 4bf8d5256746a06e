from oslotest import base

from novacontainer.virt import interface
from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import request

GOOD = {
    'device': 'tap3f2a1b4c-5d',
    'name': 'eth0',
    'address': 'fa:16:3e:00:00:05',
    'mtu': 1450,
    'host_address': '',
    'host_ipv6': False,
    'bridge': '',
    'checksum_offload': False,
    'accept_ra': False,
    'exact': False,
    'addresses': ['10.0.0.5/24', 'fd00::5/64'],
    'routes': [{'destination': '0.0.0.0/0', 'gateway': '10.0.0.1',
                'onlink': False}],
    'inbound': None,
    'outbound': {'average_bytes': 1, 'peak_bytes': 2, 'burst_bytes': 3},
}
ROUTE = GOOD['routes'][0]


class TestInterfaces(base.BaseTestCase):

    def refused(self, primitives):
        return str(self.assertRaises(
            errors.RefusedError, request.interfaces, primitives))

    def test_good(self):
        (result,) = request.interfaces([GOOD])
        self.assertEqual('tap3f2a1b4c-5d', result.device)
        self.assertEqual(('10.0.0.5/24', 'fd00::5/64'), result.addresses)
        self.assertEqual('10.0.0.1', result.routes[0].gateway)

    def test_rates(self):
        (result,) = request.interfaces([GOOD])
        self.assertIsNone(result.inbound)
        self.assertEqual(interface.Rate(1, 2, 3), result.outbound)
        for rate in (7, [], {}, dict(GOOD['outbound'], peak_bytes=0),
                     dict(GOOD['outbound'], burst_bytes=1 << 32),
                     dict(GOOD['outbound'], average_bytes='1'),
                     dict(GOOD['outbound'], average_bytes=True)):
            self.refused([dict(GOOD, inbound=rate)])

    def test_mac_address_in_upper_case(self):
        (result,) = request.interfaces(
            [dict(GOOD, address='FA:16:3E:00:00:05')])
        self.assertEqual('fa:16:3e:00:00:05', result.address)

    def test_not_a_list(self):
        for value in (None, 'tap1', {'device': 'tap1'}, 7):
            self.assertIn('must be a list', self.refused(value))

    def test_not_mappings(self):
        for value in (None, 'tap1', 7):
            self.assertIn('as a mapping', self.refused([value]))

    def test_too_many(self):
        self.assertIn('513 interfaces', self.refused([GOOD] * 513))

    def test_every_key_is_required(self):
        for key in GOOD:
            broken = dict(GOOD)
            del broken[key]
            self.assertIn(key, self.refused([broken]))

    def test_every_key_of_a_route_is_required(self):
        for key in ROUTE:
            broken = dict(ROUTE)
            del broken[key]
            self.assertIn(key, self.refused([dict(GOOD, routes=[broken])]))

    def test_bad_values(self):
        for key, values in {
            'device': ['eth0', 'tap', 'tap../../x', 'tap3f2a1b4c-5de6',
                       'tapABCDEF', 'tap1\n', 'xtap1', '', None, 7],
            'name': ['lo', 'eth', 'eth0000', 'eth0\n', 'tap1', None],
            'address': ['', 'fa:16:3e:00:00', 'zz:16:3e:00:00:05', None, 7],
            'host_address': ['fa:16:3e', 7],
            'mtu': [-1, 1, 67, 65536, '1450', None, 1450.0],
            'bridge': ['br-int', 'qbr', 'qbr/x', 7],
            'addresses': ['10.0.0.5/24', None, ['10.0.0.5/33'], ['here'],
                          [167772165], [None], ['10.0.0.5/24'] * 1025],
            'routes': [None, ['default'], [7]],
        }.items():
            for value in values:
                self.refused([dict(GOOD, **{key: value})])

    def test_bad_values_of_a_route(self):
        for key, values in {
            'destination': ['default', '10.0.0.0/40', 7, None],
            'gateway': ['router', 7, 'fd00::1'],
        }.items():
            for value in values:
                self.refused([dict(
                    GOOD, routes=[dict(ROUTE, **{key: value})])])

    def test_message_names_value_and_rule(self):
        message = self.refused([dict(GOOD, device='eth0')])
        self.assertIn("'eth0'", message)
        self.assertIn('tap', message)


class TestDevices(base.BaseTestCase):

    def test_good(self):
        self.assertEqual(
            ['tap3f2a1b4c-5d'], request.devices(['tap3f2a1b4c-5d']))

    def test_bad(self):
        for value in (None, 'tap1', ['eth0'], ['lo'], [None], [['tap1']]):
            self.assertRaises(errors.RefusedError, request.devices, value)
