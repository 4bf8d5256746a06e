import errno
import pathlib
from unittest import mock

import fixtures
from oslotest import base
import pyroute2
from pyroute2.netlink import exceptions as netlink_exceptions

from novacontainer.virt import interface
from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import links

WANTED = interface.Interface(
    device='tap3f2a1b4c-5d', name='eth0', address='fa:16:3e:00:00:05',
    mtu=1450)


class Message(dict):
    """A link message as pyroute2 decodes it."""

    def __init__(self, name, index=7, kind='veth', flags=0, **attributes):
        super().__init__(index=index, flags=flags)
        self._attributes = {
            'IFLA_IFNAME': name,
            **{f'IFLA_{key.upper()}': value
               for key, value in attributes.items()}}
        self._kind = kind

    def get_attr(self, name):
        return self._attributes.get(name)

    def get_nested(self, *path):
        assert path == ('IFLA_LINKINFO', 'IFLA_INFO_KIND')
        return self._kind


def refusal(number):
    return netlink_exceptions.NetlinkError(number)


class LinksTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.netlink = mock.create_autospec(pyroute2.IPRoute, instance=True)
        self.netlink.get_links = mock.Mock(return_value=[])
        self.netlink.link = mock.Mock()
        self.netlink.addr = mock.Mock()
        self.netlink.get_addr = mock.Mock()
        self.netlink.route = mock.Mock()
        patcher = mock.patch.object(
            pyroute2, 'IPRoute', return_value=self.netlink)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.sysctl = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        patcher = mock.patch.object(links, '_SYSCTL', self.sysctl)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.links = links.Links()

    def failure(self, function, *args):
        return str(self.assertRaises(errors.WiringError, function, *args))


class TestFind(LinksTestCase):

    def test_all(self):
        self.netlink.get_links.return_value = [
            Message('lo', index=1, kind=None, flags=1,
                    address='00:00:00:00:00:00'),
            Message('eth0', index=2, link=9, mtu=1450, master=4,
                    address='fa:16:3e:00:00:05')]
        self.assertEqual(
            [links.Link(1, 'lo', '', address='00:00:00:00:00:00',
                        is_up=True),
             links.Link(2, 'eth0', 'veth', peer_index=9, mtu=1450,
                        master_index=4, address='fa:16:3e:00:00:05')],
            self.links.all())

    def test_find(self):
        self.netlink.get_links.return_value = [Message('eth0')]
        self.assertEqual('eth0', self.links.find('eth0').name)

    def test_find_nothing(self):
        self.assertIsNone(self.links.find('eth0'))
        self.netlink.get_links.side_effect = refusal(errno.ENODEV)
        self.assertIsNone(self.links.find('eth0'))

    def test_find_fails(self):
        self.netlink.get_links.side_effect = refusal(errno.EPERM)
        self.assertIn('Cannot look up eth0: Operation not permitted',
                      self.failure(self.links.find, 'eth0'))

    def test_require_nothing(self):
        self.assertIn('eth0 vanished',
                      self.failure(self.links.require, 'eth0'))

    def test_no_socket(self):
        with mock.patch.object(
                pyroute2, 'IPRoute',
                side_effect=OSError(errno.EMFILE, 'Too many open files')):
            self.assertIn('Too many open files', self.failure(links.Links))

    def test_socket_is_closed(self):
        with links.Links():
            pass
        self.netlink.close.assert_called_once_with()


class TestLink(base.BaseTestCase):

    def test_peers(self):
        host = links.Link(9, 'tap1', 'veth', peer_index=2)
        self.assertTrue(
            links.Link(2, 'eth0', 'veth', peer_index=9).is_peer_of(host))
        for other in (links.Link(2, 'eth0', 'veth', peer_index=8),
                      links.Link(3, 'eth0', 'veth', peer_index=9),
                      links.Link(2, 'eth0', 'macvlan', peer_index=9)):
            self.assertFalse(other.is_peer_of(host))

    def test_require_veth(self):
        links.Link(9, 'tap1', 'veth').require_veth()
        for kind in ('tun', ''):
            error = self.assertRaises(
                errors.RefusedError,
                links.Link(9, 'tap1', kind).require_veth)
            self.assertIn('tap1 exists and is not a veth', str(error))


class TestChange(LinksTestCase):

    def test_create(self):
        self.links.create(WANTED, 'eth3', 11)
        self.netlink.link.assert_called_once_with(
            'add', ifname='tap3f2a1b4c-5d', kind='veth', mtu=1450,
            peer={'ifname': 'eth3', 'address': 'fa:16:3e:00:00:05',
                  'net_ns_fd': 11, 'mtu': 1450})

    def test_create_with_the_kernels_mtu_and_a_given_address(self):
        self.links.create(
            interface.Interface('tap1', 'eth0', 'fa:16:3e:00:00:05',
                                host_address='00:61:fe:ed:ca:fe'),
            'eth0', 11)
        self.netlink.link.assert_called_once_with(
            'add', ifname='tap1', kind='veth', address='00:61:fe:ed:ca:fe',
            peer={'ifname': 'eth0', 'address': 'fa:16:3e:00:00:05',
                  'net_ns_fd': 11})

    def test_create_fails(self):
        self.netlink.link.side_effect = refusal(errno.EEXIST)
        self.assertIn(
            'Cannot create the pair tap3f2a1b4c-5d and eth0: File exists.',
            self.failure(self.links.create, WANTED, 'eth0', 11))

    def test_raise_host_end(self):
        (self.sysctl / 'tap1').mkdir()
        self.links.raise_host_end(links.Link(9, 'tap1', 'veth'), WANTED)
        self.netlink.link.assert_called_once_with(
            'set', index=9, state='up', mtu=1450)
        self.assertEqual(
            '1', (self.sysctl / 'tap1/disable_ipv6').read_text())

    def test_host_end_that_keeps_ipv6(self):
        (self.sysctl / 'tap1').mkdir()
        self.links.raise_host_end(
            links.Link(9, 'tap1', 'veth'),
            interface.Interface('tap1', 'eth0', '', host_ipv6=True))
        self.assertFalse((self.sysctl / 'tap1/disable_ipv6').exists())

    def test_host_end_that_is_right_is_not_touched(self):
        self.links.raise_host_end(
            links.Link(9, 'tap1', 'veth', is_up=True, mtu=1450), WANTED)
        self.netlink.link.assert_not_called()

    def test_host_end_joins_its_bridge(self):
        wanted = interface.Interface('tap1', 'eth0', '', bridge='qbr1')
        self.netlink.get_links.return_value = [
            Message('qbr1', index=5, kind='bridge')]
        self.links.raise_host_end(
            links.Link(9, 'tap1', 'veth', is_up=True), wanted)
        self.netlink.link.assert_called_once_with(
            'set', index=9, master=5)
        self.netlink.link.reset_mock()
        self.links.raise_host_end(
            links.Link(9, 'tap1', 'veth', is_up=True, master_index=5),
            wanted)
        self.netlink.link.assert_not_called()

    def test_bridge_is_missing(self):
        wanted = interface.Interface('tap1', 'eth0', '', bridge='qbr1')
        self.assertIn('bridge qbr1', self.failure(
            self.links.raise_host_end, links.Link(9, 'tap1', 'veth'),
            wanted))

    def test_configure_sets_what_differs(self):
        self.links.configure(
            links.Link(2, 'eth0', 'veth', mtu=1500, is_up=True,
                       address='fa:16:3e:00:00:05'), WANTED)
        self.netlink.link.assert_called_once_with(
            'set', index=2, mtu=1450)
        self.netlink.link.reset_mock()
        self.links.configure(
            links.Link(2, 'eth0', 'veth', mtu=1450, is_up=True,
                       address='fa:16:3e:00:00:05'), WANTED)
        self.netlink.link.assert_not_called()

    def test_up(self):
        self.links.up(links.Link(1, 'lo', '', is_up=True))
        self.netlink.link.assert_not_called()
        self.links.up(links.Link(1, 'lo', ''))
        self.netlink.link.assert_called_once_with(
            'set', index=1, state='up')

    def test_down(self):
        self.links.down(links.Link(7, 'tap1', 'veth'))
        self.netlink.link.assert_not_called()
        self.links.down(links.Link(7, 'tap1', 'veth', is_up=True))
        self.netlink.link.assert_called_once_with(
            'set', index=7, state='down')

    def test_delete(self):
        self.netlink.get_links.return_value = [Message('tap1', index=9)]
        self.links.delete_by_name('tap1')
        self.netlink.link.assert_called_once_with('del', index=9)

    def test_delete_what_has_gone(self):
        self.links.delete_by_name('tap1')
        self.netlink.link.assert_not_called()
        self.netlink.link.side_effect = refusal(errno.ENODEV)
        self.links.delete(links.Link(9, 'tap1', 'veth'))

    def test_delete_fails(self):
        self.netlink.link.side_effect = refusal(errno.EBUSY)
        self.assertIn('Cannot delete tap1', self.failure(
            self.links.delete, links.Link(9, 'tap1', 'veth')))


class TestAddresses(LinksTestCase):

    LINK = links.Link(2, 'eth0', 'veth')

    def test_addresses(self):
        self.links.add_addresses(self.LINK, ['10.0.0.5/24', 'fd00::5/64'])
        self.assertEqual(
            [mock.call('replace', index=2, address='10.0.0.5', prefixlen=24,
                       family=2),
             # IFA_F_NODAD, include/uapi/linux/if_addr.h
             mock.call('replace', index=2, address='fd00::5', prefixlen=64,
                       family=10, flags=2)],
            self.netlink.addr.mock_calls)

    def test_address_fails(self):
        self.netlink.addr.side_effect = refusal(errno.EOPNOTSUPP)
        self.assertIn(
            'Cannot add the address fd00::5/64 to eth0',
            self.failure(
                self.links.add_addresses, self.LINK, ['fd00::5/64']))

    @staticmethod
    def address(text, flags=0x80, narrow=0x80):
        """A message about an address.  0x80: IFA_F_PERMANENT."""
        ip, _, length = text.partition('/')
        found = {'IFA_ADDRESS': ip, 'IFA_FLAGS': flags}
        message = mock.MagicMock()
        message.get_attr = found.get
        message.__getitem__.side_effect = {
            'prefixlen': int(length), 'flags': narrow}.__getitem__
        return message

    def test_addresses_that_are_not_kept(self):
        self.netlink.get_addr.return_value = [
            self.address('10.0.0.5/24'), self.address('10.0.0.9/24'),
            self.address('fd00::9/64', flags=None),
            self.address('fd00::a/64', flags=0, narrow=0),
            self.address('fe80::1/64')]
        self.links.remove_addresses(self.LINK, ['10.0.0.5/24'])
        self.assertEqual(
            [mock.call('del', index=2, address='10.0.0.9', prefixlen=24,
                       family=2),
             mock.call('del', index=2, address='fd00::9', prefixlen=64,
                       family=10)],
            self.netlink.addr.mock_calls)

    def test_addresses_that_stay_against_our_will(self):
        self.netlink.get_addr.return_value = [self.address('10.0.0.9/24')]
        self.netlink.addr.side_effect = refusal(errno.EPERM)
        self.assertIn('Cannot remove the address 10.0.0.9/24 of eth0',
                      self.failure(
                          self.links.remove_addresses, self.LINK, []))
        self.netlink.get_addr.side_effect = refusal(errno.ENODEV)
        self.assertIn('Cannot list the addresses of eth0', self.failure(
            self.links.remove_addresses, self.LINK, []))

    def test_routes(self):
        self.links.add_routes(self.LINK, [
            interface.Route('0.0.0.0/0', '10.9.0.1', onlink=True),
            interface.Route('::/0', 'fe80::1'),
            interface.Route('192.168.0.0/24')])
        self.assertEqual(
            [mock.call('replace', dst='0.0.0.0/0', oif=2, family=2,
                       gateway='10.9.0.1', flags=['onlink']),
             mock.call('replace', dst='::/0', oif=2, family=10,
                       gateway='fe80::1'),
             mock.call('replace', dst='192.168.0.0/24', oif=2, family=2,
                       scope=253)],
            self.netlink.route.mock_calls)

    def test_route_fails(self):
        self.netlink.route.side_effect = refusal(errno.ENETUNREACH)
        self.assertIn(
            'Cannot add the route to 0.0.0.0/0 via 10.9.0.1 on eth0: '
            'Network is unreachable.',
            self.failure(self.links.add_routes, self.LINK,
                         [interface.Route('0.0.0.0/0', '10.9.0.1')]))


class TestPrepareIPv6(LinksTestCase):

    def test_prepare(self):
        (self.sysctl / 'eth0').mkdir()
        for accept, value in ((False, '0'), (True, '1')):
            links.prepare_ipv6('eth0', accept)
            self.assertEqual(
                '0', (self.sysctl / 'eth0/accept_dad').read_text())
            self.assertEqual(
                value, (self.sysctl / 'eth0/accept_ra').read_text())

    def test_kernel_without_ipv6(self):
        links.prepare_ipv6('eth0', False)

    def test_read_only(self):
        (self.sysctl / 'eth0/accept_dad').mkdir(parents=True)
        self.assertIn('accept_dad: Is a directory', self.failure(
            links.prepare_ipv6, 'eth0', False))
