import ipaddress

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from novacontainer.runtime.service import addressing

SUBNET = networking.Subnet('10.9.0.0/29', '10.9.0.1',
                           reserved={'printer': '10.9.0.3'})


class AddressingTest(base.BaseTestCase):

    def test_pools(self):
        found = addressing.pools(['172.16.0.0/14:16', '192.168.0.0/16:20'])
        self.assertEqual([16, 20], [size for _, size in found])
        for word in ('10.0.0.0/8', '10.0.0.0/16:8', 'x:16', '10.0.0.0/8:31'):
            self.assertRaises(ValueError, addressing.pools, [word])

    def test_free_subnet(self):
        pools = addressing.pools(['10.0.0.0/23:24', '10.9.0.0/24:24'])
        taken = []
        for expected in ('10.0.0.0/24', '10.0.1.0/24', '10.9.0.0/24'):
            net = addressing.free_subnet(pools, taken)
            self.assertEqual(expected, str(net))
            taken.append(net)
        self.assertRaises(exception.Unavailable, addressing.free_subnet,
                          pools, taken)

    def test_overlapping(self):
        one = ipaddress.ip_network('10.0.0.0/8')
        six = ipaddress.ip_network('fd00::/64')
        self.assertIsNone(addressing.overlapping(one, [six]))
        inner = ipaddress.ip_network('10.1.0.0/16')
        self.assertEqual(inner, addressing.overlapping(one, [six, inner]))

    def test_local_subnet(self):
        one, other = map(addressing.local_subnet, ('a', 'b'))
        self.assertNotEqual(one, other)
        self.assertTrue(one.is_private)
        self.assertEqual(64, one.prefixlen)

    def test_pick(self):
        used = set()
        for expected in (2, 4, 5, 6):
            found = addressing.pick(SUBNET, used)
            self.assertEqual(f'10.9.0.{expected}', found)
            used.add(found)
        self.assertRaises(exception.Unavailable, addressing.pick, SUBNET,
                          used)

    def test_pick_what_is_preferred(self):
        self.assertEqual('10.9.0.5', addressing.pick(SUBNET, (), '10.9.0.5'))
        for barred in ('10.9.0.1', '10.9.0.3', '10.8.0.1'):
            self.assertEqual('10.9.0.2',
                             addressing.pick(SUBNET, (), barred))
        self.assertEqual('10.9.0.2', addressing.pick(
            SUBNET, {'10.9.0.5'}, '10.9.0.5'))

    def test_pick_from_a_range(self):
        part = networking.Subnet('10.9.0.0/24', '10.9.0.1', '10.9.0.128/25')
        self.assertEqual('10.9.0.128', addressing.pick(part, ()))
        six = networking.Subnet('fd00::/64', 'fd00::1')
        self.assertEqual('fd00::2', addressing.pick(six, ()))

    def test_static(self):
        self.assertEqual('10.9.0.4', addressing.check_static(
            '10.9.0.4', SUBNET))
        for text in ('10.8.0.1', 'fd00::1', 'x', ''):
            self.assertRaises(exception.InvalidRequest,
                              addressing.check_static, text, SUBNET)

    def test_mac(self):
        self.assertEqual('02:42:0a:09:00:04',
                         addressing.mac('10.9.0.4', 'x'))
        self.assertNotEqual(addressing.mac('', 'x'), addressing.mac('', 'y'))

    def test_subnet(self):
        for text in ('10.0.0.0', 'x/8', '10.0.0.0/40', ''):
            self.assertRaises(exception.InvalidRequest, addressing.subnet,
                              text)
