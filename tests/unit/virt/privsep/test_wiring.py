import contextlib
import dataclasses
from unittest import mock

from oslotest import base

from novacontainer.virt import interface
from novacontainer.virt import privsep
from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import links
from novacontainer.virt.privsep import netns
from novacontainer.virt.privsep import offload
from novacontainer.virt.privsep import shaping
from novacontainer.virt.privsep import wiring

NETNS = '/run/netns/nc-0123456789ab'


class FakeNamespace:
    """The links of a namespace; remembers what was done to them."""

    def __init__(self, *present):
        self.links = {link.name: link for link in present}
        self.log = []

    def add(self, link):
        self.links[link.name] = link


class FakeLinks:
    """links.Links over fake namespaces; ``current`` is the thread's."""

    host: FakeNamespace
    container: FakeNamespace
    current: FakeNamespace
    failing: str = ''
    number = 100

    def __enter__(self):
        self.namespace = FakeLinks.current
        return self

    def __exit__(self, *failure):
        pass

    def _do(self, *what):
        if what[0] == self.failing:
            raise errors.WiringError(f'Cannot {what[0]}.')
        self.namespace.log.append(what)

    def all(self):
        return list(self.namespace.links.values())

    def find(self, name):
        return self.namespace.links.get(name)

    def require(self, name):
        return self.namespace.links[name]

    def create(self, wanted, name, fd):
        self._do('create', wanted.device, name)
        FakeLinks.number += 2
        end, peer = FakeLinks.number, FakeLinks.number + 1
        self.host.add(links.Link(end, wanted.device, 'veth', peer))
        self.container.add(links.Link(peer, name, 'veth', end))

    def raise_host_end(self, end, wanted):
        self._do('raise', end.name)

    def configure(self, link, wanted):
        self._do('configure', link.name)

    def up(self, link):
        self._do('up', link.name)

    def down(self, link):
        self._do('down', link.name)

    def delete(self, link):
        self._do('delete', link.name)
        del self.host.links[link.name]
        for name, peer in list(self.container.links.items()):
            if peer.is_peer_of(link):
                del self.container.links[name]

    def delete_by_name(self, name):
        self.delete(self.host.links[name])

    def add_addresses(self, link, addresses):
        self._do('addresses', link.name, *addresses)

    def remove_addresses(self, link, kept):
        self._do('only', link.name, *kept)

    def add_routes(self, link, routes):
        self._do('routes', link.name, *routes)


class WiringTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.host = FakeNamespace()
        self.container = FakeNamespace(links.Link(1, 'lo', ''))
        FakeLinks.host = FakeLinks.current = self.host
        FakeLinks.container = self.container
        self.patch(links, 'Links', FakeLinks)
        self.patch(links, 'prepare_ipv6', mock.Mock())
        self.shape = self.patch(shaping, 'shape', mock.Mock())
        self.offload = self.patch(
            offload, 'disable_tx_checksum', mock.Mock())
        self.patch(netns, 'opened', lambda path: contextlib.nullcontext(11))
        self.patch(netns, 'inside', self._inside)
        self.patch(privsep.network, 'client_mode', False)

    def patch(self, target, name, new):
        patcher = mock.patch.object(target, name, new)
        patcher.start()
        self.addCleanup(patcher.stop)
        return new

    def fail_at(self, step):
        self.patch(FakeLinks, 'failing', step)

    def _inside(self, fd, function):
        FakeLinks.current = self.container
        try:
            return function()
        finally:
            FakeLinks.current = self.host

    def wire(self, *interfaces):
        return wiring.wire(
            NETNS, [item.to_primitive() for item in interfaces])


FIRST = interface.Interface(
    'tap1', 'eth0', 'fa:16:3e:00:00:05', addresses=('10.0.0.5/24',),
    routes=(interface.Route('0.0.0.0/0', '10.0.0.1'),))
SECOND = interface.Interface(
    'tap2', 'eth1', 'fa:16:3e:00:00:06', addresses=('10.1.0.5/24',))


class TestWire(WiringTestCase):

    def test_two(self):
        self.assertEqual(
            [{'device': 'tap1', 'name': 'eth0', 'created': True},
             {'device': 'tap2', 'name': 'eth1', 'created': True}],
            self.wire(FIRST, SECOND))
        self.assertEqual(
            [('create', 'tap1', 'eth0'), ('raise', 'tap1'),
             ('create', 'tap2', 'eth1'), ('raise', 'tap2')], self.host.log)
        self.assertEqual(
            [('up', 'lo'),
             ('configure', 'eth0'), ('addresses', 'eth0', '10.0.0.5/24'),
             ('configure', 'eth1'), ('addresses', 'eth1', '10.1.0.5/24'),
             ('routes', 'eth0', FIRST.routes[0]), ('routes', 'eth1')],
            self.container.log)

    def test_bandwidth(self):
        rate = interface.Rate(1, 2, 3)
        limited = dataclasses.replace(SECOND, outbound=rate)
        self.wire(FIRST, limited)
        wishes = [shaping.Wish('eth0', None, None),
                  shaping.Wish('eth1', None, rate)]
        self.shape.assert_called_once_with(wishes, fresh=True)
        self.wire(FIRST, limited)
        self.shape.assert_called_with(wishes, fresh=False)

    def test_again_keeps_what_is_there(self):
        self.wire(FIRST, SECOND)
        before = dict(self.host.links)
        self.assertEqual(
            [{'device': 'tap1', 'name': 'eth0', 'created': False},
             {'device': 'tap2', 'name': 'eth1', 'created': False}],
            self.wire(FIRST, SECOND))
        self.assertEqual(before, self.host.links)
        self.assertNotIn('delete', [entry[0] for entry in self.host.log])

    def test_name_stays_when_the_order_changes(self):
        self.wire(FIRST, SECOND)
        renumbered = dataclasses.replace(SECOND, name='eth0')
        self.assertEqual(
            [{'device': 'tap2', 'name': 'eth1', 'created': False}],
            self.wire(renumbered))

    def test_new_interface_takes_the_lowest_free_name(self):
        self.wire(FIRST, SECOND)
        third = dataclasses.replace(FIRST, device='tap3', name='eth1')
        self.assertEqual('eth2', self.wire(SECOND, third)[1]['name'])

    def test_pair_into_a_former_namespace_is_replaced(self):
        self.host.add(links.Link(50, 'tap1', 'veth', 2))
        (pair,) = self.wire(FIRST)
        self.assertTrue(pair['created'])
        self.assertEqual(
            [('delete', 'tap1'), ('create', 'tap1', 'eth0'),
             ('raise', 'tap1')], self.host.log)

    def test_foreign_device_of_that_name(self):
        self.host.add(links.Link(50, 'tap1', 'tun'))
        error = self.assertRaises(errors.RefusedError, self.wire, FIRST)
        self.assertIn('tap1 exists and is not a veth', str(error))
        self.assertEqual([], self.host.log)

    def test_checksum_offload(self):
        self.wire(FIRST)
        self.offload.assert_not_called()
        self.wire(dataclasses.replace(FIRST, checksum_offload=False))
        self.offload.assert_called_once_with('eth0')

    def test_checksum_offload_fails(self):
        self.offload.side_effect = OSError(1, 'Operation not permitted')
        error = self.assertRaises(
            errors.WiringError, self.wire,
            dataclasses.replace(FIRST, checksum_offload=False))
        self.assertIn('checksum offload of eth0', str(error))

    def test_failure_at_any_step_leaves_nothing(self):
        for step in ('create', 'raise', 'up', 'configure', 'addresses',
                     'routes'):
            self.fail_at(step)
            error = self.assertRaises(
                errors.WiringError, self.wire, FIRST, SECOND)
            self.assertEqual(f'Cannot {step}.', str(error))
            self.assertEqual({}, self.host.links)

    def test_failure_keeps_what_was_there_before(self):
        self.wire(FIRST)
        self.fail_at('routes')
        self.assertRaises(errors.WiringError, self.wire, FIRST, SECOND)
        self.assertEqual(['tap1'], list(self.host.links))

    def test_bad_request_is_refused_before_anything(self):
        self.assertRaises(
            errors.RefusedError, self.wire, FIRST,
            dataclasses.replace(SECOND, device='eth0'))
        self.assertEqual([], self.host.log)


class TestHostEnds(WiringTestCase):

    def test_only_those_of_the_namespace(self):
        self.wire(FIRST, SECOND)
        self.host.add(links.Link(50, 'tap3', 'veth', 2))
        self.host.add(links.Link(51, 'eth0', ''))
        self.assertEqual(['tap1', 'tap2'], wiring.host_ends(NETNS))


class TestSilence(WiringTestCase):

    def test_silence(self):
        self.wire(FIRST, SECOND)
        del self.host.log[:]
        wiring.silence(['tap1', 'tap2', 'tap3'])
        self.assertEqual([('down', 'tap1'), ('down', 'tap2')], self.host.log)

    def test_foreign_device(self):
        self.host.add(links.Link(50, 'tap1', 'tun'))
        self.assertRaises(errors.RefusedError, wiring.silence, ['tap1'])
        self.assertEqual([], self.host.log)

    def test_bad_name(self):
        self.assertRaises(errors.RefusedError, wiring.silence, ['eth0'])


class TestUnwire(WiringTestCase):

    def test_unwire(self):
        self.wire(FIRST, SECOND)
        wiring.unwire(['tap1', 'tap2', 'tap3'])
        self.assertEqual({}, self.host.links)
        self.assertEqual(['lo'], list(self.container.links))

    def test_foreign_device(self):
        self.host.add(links.Link(50, 'tap1', 'tun'))
        self.assertRaises(errors.RefusedError, wiring.unwire, ['tap1'])
        self.assertIn('tap1', self.host.links)

    def test_bad_name(self):
        self.assertRaises(errors.RefusedError, wiring.unwire, ['eth0'])
