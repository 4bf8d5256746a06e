from unittest import mock

from oslotest import base
import pyroute2
from pyroute2.netlink import exceptions as netlink_exceptions

from novacontainer.virt import interface
from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import shaping

RATE = interface.Rate(1_000_000, 2_000_000, 200_000)


class Message(dict):
    """A message as pyroute2 decodes it."""

    def __init__(self, attributes, **fields):
        super().__init__(fields)
        self._attributes = attributes

    def get_attr(self, name):
        return self._attributes.get(name)


class Netlink:
    """As much of a namespace as shaping sees."""

    def __init__(self, *names):
        self.links = {name: number
                      for number, name in enumerate(('lo', *names), 1)}
        self.queues = {}
        self.steps = []
        self.failure = None

    def get_links(self):
        return [Message({'IFLA_IFNAME': name}, index=index)
                for name, index in self.links.items()]

    def get_qdiscs(self, index):
        return [Message({'TCA_KIND': kind}, handle=handle)
                for (where, kind), handle in self.queues.items()
                if where == index]

    def link(self, verb, **fields):
        self.steps.append((verb, fields.get('ifname', fields.get('index'))))
        if self.failure == verb:
            raise netlink_exceptions.NetlinkError(95)
        if verb == 'add':
            self.links[fields['ifname']] = max(self.links.values()) + 1
        elif verb == 'del':
            self.links = {name: index for name, index in self.links.items()
                          if index != fields['index']}

    def tc(self, verb, kind, index, handle=0, **fields):
        self.steps.append((verb, kind, index, fields))
        if verb == 'add' and kind in ('htb', 'ingress'):
            self.queues[(index, kind)] = handle
        elif verb == 'del':
            del self.queues[(index, kind)]

    def close(self):
        self.steps.append('closed')


class ShapeTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.netlink = Netlink('eth0')
        self.opened = self.enterContext(mock.patch.object(
            pyroute2, 'IPRoute', return_value=self.netlink))

    def shape(self, inbound=None, outbound=None, fresh=False):
        del self.netlink.steps[:]
        shaping.shape([shaping.Wish('eth0', inbound, outbound)], fresh=fresh)
        self.assertEqual('closed', self.netlink.steps.pop())
        return [step[:3] for step in self.netlink.steps]

    def test_nothing_to_do(self):
        shaping.shape([shaping.Wish('eth0', None, None)], fresh=True)
        self.opened.assert_not_called()
        self.assertEqual([], self.shape())

    def test_outbound(self):
        self.assertEqual(
            [('add', 'htb', 2), ('replace-class', 'htb', 2),
             ('add', 'pfifo', 2)], self.shape(outbound=RATE))
        fields = self.netlink.steps[1][3]
        self.assertEqual(
            (1_000_000, 2_000_000, 200_000, 67584),
            (fields['rate'], fields['ceil'], fields['burst'],
             fields['cburst']))
        self.assertEqual(132, self.netlink.steps[2][3]['limit'])

    def test_inbound(self):
        self.assertEqual(
            [('add', 'in-eth0'), ('set', 3), ('add', 'htb', 3),
             ('replace-class', 'htb', 3), ('add', 'pfifo', 3),
             ('add', 'ingress', 2), ('add-filter', 'u32', 2)],
            self.shape(inbound=RATE))
        action, = self.netlink.steps[-1][3]['action']
        self.assertEqual(3, action['ifindex'])

    def test_again(self):
        """What is there goes on: only the numbers are set once more."""
        self.shape(RATE, RATE)
        self.assertEqual(
            [('replace-class', 'htb', 2), ('replace-class', 'htb', 3)],
            self.shape(RATE, RATE))

    def test_lifted(self):
        self.shape(RATE, RATE)
        self.assertEqual(
            [('del', 'htb', 2), ('del', 'ingress', 2), ('del', 3)],
            self.shape())
        self.assertEqual([], self.shape())

    def test_interface_is_another_one(self):
        self.shape(RATE)
        self.netlink.links['eth0'] = 9
        self.netlink.queues.pop((2, 'ingress'))
        self.assertEqual(
            [('replace-class', 'htb', 3), ('add', 'ingress', 9),
             ('add-filter', 'u32', 9)], self.shape(RATE))

    def test_interface_has_gone(self):
        self.netlink.links['in-eth7'] = 8
        self.assertEqual([('del', 8)], self.shape())

    def test_queues_of_others_stay(self):
        self.netlink.queues[(2, 'htb')] = 0x10000
        self.assertEqual([], self.shape())

    def test_no_ifb(self):
        self.netlink.failure = 'add'
        error = self.assertRaises(errors.WiringError, self.shape, RATE)
        self.assertIn('kernel module ifb', str(error))

    def test_queue_lengths(self):
        for average_bytes, packets in ((1, 16), (10**6, 132), (10**9, 1000)):
            rate = interface.Rate(average_bytes, average_bytes, 1)
            self.assertEqual(packets, shaping._packets(rate))
