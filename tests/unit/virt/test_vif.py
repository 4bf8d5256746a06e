import errno
import importlib
import itertools
import pathlib
import sys
from unittest import mock

import fixtures
from nova import exception
from nova.network import model
import os_vif
from os_vif import exception as os_vif_exception
from os_vif import objects as os_vif_objects
from os_vif.objects import vif as os_vif_vif
from oslo_privsep import daemon as privsep_daemon
from oslotest import base
from pyroute2.netlink import exceptions as netlink_exceptions

from novacontainer.virt import vif as vif_types
from tests import networkinfo

DEVICE = 'tap3f2a1b4c-5d'
ANY = networkinfo.subnet('10.0.0.0/24', '10.0.0.5', gateway='10.0.0.1')


class TestConnection(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        os_vif_objects.register_all()

    def refused(self, vif):
        error = self.assertRaises(
            exception.VirtualInterfacePlugException,
            vif_types.connection, vif)
        return str(error)

    def assertNoTap(self, switch):
        """Of the releases of os-vif, the later ones would make one."""
        self.assertFalse(getattr(switch.port_profile, 'create_tap', False))

    def test_native(self):
        connection = vif_types.connection(networkinfo.vif(ANY))
        self.assertEqual(DEVICE, connection.device)
        self.assertEqual('', connection.bridge)
        self.assertFalse(connection.kernel_datapath)
        self.assertFalse(connection.host_ipv6)
        switch = connection.switch
        self.assertIsInstance(switch, os_vif_vif.VIFOpenVSwitch)
        self.assertEqual(DEVICE, switch.vif_name)
        self.assertTrue(switch.port_profile.create_port)
        self.assertNoTap(switch)
        self.assertEqual(networkinfo.PORT, switch.port_profile.interface_id)
        self.assertEqual('netdev', switch.port_profile.datapath_type)

    def test_create_tap_is_cleared(self):
        connection = vif_types.connection(networkinfo.vif(
            ANY, details={'ovs_create_tap': True}))
        self.assertNoTap(connection.switch)

    def test_hybrid(self):
        connection = vif_types.connection(networkinfo.vif(
            ANY, details={'ovs_hybrid_plug': True,
                          'datapath_type': 'system'}))
        self.assertEqual(DEVICE, connection.device)
        self.assertEqual('qbr3f2a1b4c-5d', connection.bridge)
        self.assertTrue(connection.kernel_datapath)
        self.assertIsInstance(
            connection.switch, os_vif_vif.VIFBridge)
        self.assertNoTap(connection.switch)

    def test_datapath_that_neutron_does_not_tell_is_not_trusted(self):
        connection = vif_types.connection(networkinfo.vif(ANY, details={}))
        self.assertFalse(connection.kernel_datapath)

    def test_tap(self):
        connection = vif_types.connection(networkinfo.vif(
            ANY, kind='tap', details={'mac_address': '00:61:fe:ed:ca:fe'}))
        self.assertIsNone(connection.switch)
        self.assertEqual('00:61:fe:ed:ca:fe', connection.host_address)
        self.assertTrue(connection.host_ipv6)

    def test_tap_without_a_mac_address(self):
        connection = vif_types.connection(networkinfo.vif(
            ANY, kind='tap', details={}))
        self.assertEqual('', connection.host_address)

    def test_unbound_and_binding_failed(self):
        for kind in ('unbound', 'binding_failed'):
            message = self.refused(networkinfo.vif(ANY, kind=kind))
            self.assertIn(networkinfo.PORT, message)
            self.assertIn(f'vif_type={kind}', message)
            self.assertIn('Check that the Neutron agent', message)

    def test_any_other_type(self):
        for kind in ('hw_veb', 'vhostuser', 'bridge', None):
            message = self.refused(networkinfo.vif(ANY, kind=kind))
            self.assertIn(f'Unexpected vif_type={kind}', message)
            self.assertIn('ovs, tap', message)

    def test_hardware_port(self):
        message = self.refused(networkinfo.vif(
            ANY, vnic_type=model.VNIC_TYPE_DIRECT))
        self.assertIn('vnic_type direct', message)

    def test_device_name_without_a_devname(self):
        self.assertEqual(
            DEVICE, vif_types.device_name(model.VIF(id=networkinfo.PORT)))


class TestRemnant(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        os_vif_objects.register_all()

    def test_what_is_known_is_as_it_was_plugged(self):
        for details in ({}, {'ovs_hybrid_plug': True}):
            vif = networkinfo.vif(ANY, details=details)
            connection = vif_types.remnant(vif)
            self.assertEqual(
                vif_types.connection(vif).bridge, connection.bridge)
            self.assertFalse(connection.guessed)

    def test_tap(self):
        connection = vif_types.remnant(
            networkinfo.vif(ANY, kind='tap', bridge=None))
        self.assertIsNone(connection.switch)

    def test_what_is_not_known_is_looked_for_in_every_bridge(self):
        for vif in (
                model.VIF(id=networkinfo.PORT),
                networkinfo.vif(ANY, kind='unbound'),
                networkinfo.vif(ANY, kind='binding_failed'),
                networkinfo.vif(ANY, kind='hw_veb'),
                networkinfo.vif(ANY, bridge=None),
                networkinfo.vif(ANY, vnic_type='direct', profile={})):
            connection = vif_types.remnant(vif)
            self.assertEqual(DEVICE, connection.device)
            self.assertTrue(connection.guessed)
            self.assertEqual(DEVICE, connection.switch.vif_name)
            self.assertEqual('', connection.switch.network.bridge)


class TestPlugIn(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        os_vif_objects.register_all()
        self.vif = networkinfo.vif(ANY, kind='midonet', bridge=None)

    def install(self, target):
        """Have an installed package offer a function for a VIF type."""
        place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        package = place / 'backend-1.0.dist-info'
        package.mkdir()
        (package / 'METADATA').write_text('Name: backend\nVersion: 1.0\n')
        (package / 'entry_points.txt').write_text(
            f'[novacontainer.vif_types]\nmidonet = {target}\n')
        (place / 'nc_test_backend.py').write_text(
            'from novacontainer.virt import vif\n'
            'def connect(port):\n'
            '    return vif.Connection(\n'
            "        vif_id=port['id'], device=vif.device_name(port),\n"
            '        kernel_datapath=True)\n')
        self.useFixture(fixtures.MonkeyPatch(
            'sys.path', [str(place), *sys.path]))
        self.addCleanup(sys.modules.pop, 'nc_test_backend', None)
        importlib.invalidate_caches()

    def test_type_of_another_package(self):
        self.install('nc_test_backend:connect')
        for connect in (vif_types.connection, vif_types.remnant):
            connection = connect(self.vif)
            self.assertEqual(DEVICE, connection.device)
            self.assertTrue(connection.kernel_datapath)
            self.assertIsNone(connection.switch)

    def test_refusals_name_it(self):
        self.install('nc_test_backend:connect')
        error = self.assertRaises(
            exception.VirtualInterfacePlugException,
            vif_types.connection, networkinfo.vif(ANY, kind='vhostuser'))
        self.assertIn('midonet, ovs, tap', str(error))

    def test_own_types_stay(self):
        self.install('nc_test_backend:connect')
        self.assertIsNotNone(
            vif_types.connection(networkinfo.vif(ANY)).switch)

    def test_what_cannot_be_loaded(self):
        for target in ('nc_test_missing:connect', 'nc_test_backend:wrong'):
            self.install(target)
            error = self.assertRaises(
                exception.VirtualInterfacePlugException,
                vif_types.connection, self.vif)
            self.assertIn(f'{target} is registered', str(error))
            self.assertIn('Install the package', str(error))
            self.assertTrue(vif_types.remnant(self.vif).guessed)


class TestSwitch(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        os_vif_objects.register_all()
        self.connection = vif_types.connection(networkinfo.vif(ANY))
        self.instance = networkinfo.instance()

    def test_plug(self):
        with mock.patch.object(os_vif, 'plug') as plug:
            vif_types.plug(self.connection, self.instance)
        (switch, info), _ = plug.call_args
        self.assertIs(self.connection.switch, switch)
        self.assertEqual(self.instance.uuid, info.uuid)

    def test_nothing_to_plug(self):
        tap = vif_types.connection(networkinfo.vif(ANY, kind='tap'))
        with mock.patch.object(os_vif, 'plug') as plug, \
                mock.patch.object(os_vif, 'unplug') as unplug:
            vif_types.plug(tap, self.instance)
            vif_types.unplug(tap, self.instance)
        plug.assert_not_called()
        unplug.assert_not_called()

    def failing(self, operation, kind):
        """os-vif fails as it does: its error raised while handling ours."""
        def fail(vif, info):
            try:
                raise OSError('Connection refused.')
            except OSError as error:
                raise kind(vif=vif, err=error)  # noqa: B904
        return mock.patch.object(os_vif, operation, side_effect=fail)

    def test_plug_fails(self):
        with self.failing('plug', os_vif_exception.PlugException):
            error = self.assertRaises(
                exception.VirtualInterfacePlugException,
                vif_types.plug, self.connection, self.instance)
        self.assertEqual(
            f'Port {networkinfo.PORT} cannot be connected to the virtual '
            f'switch: Connection refused. Check that Open vSwitch runs on '
            f'this host and that [os_vif_ovs] ovsdb_connection leads to it.',
            str(error))

    def test_no_plugin(self):
        failure = os_vif_exception.NoMatchingPlugin(plugin_name='ovs')
        with mock.patch.object(os_vif, 'plug', side_effect=failure):
            error = self.assertRaises(
                exception.VirtualInterfacePlugException,
                vif_types.plug, self.connection, self.instance)
        self.assertIn('ovs', str(error))

    def test_helper_of_os_vif_does_not_start(self):
        failure = os_vif_exception.PlugException(vif='V', err='exited')
        failure.__context__ = privsep_daemon.FailedToDropPrivileges('exited')
        with mock.patch.object(os_vif, 'plug', side_effect=failure):
            error = self.assertRaises(
                exception.VirtualInterfacePlugException,
                vif_types.plug, self.connection, self.instance)
        self.assertIn('nova-rootwrap through sudo', str(error))

    def test_forget(self):
        with mock.patch.object(os_vif, 'unplug') as unplug:
            vif_types.forget(self.connection, self.instance)
        self.assertIs(self.connection.switch, unplug.call_args.args[0])

    def test_forget_fails(self):
        with self.failing('unplug', os_vif_exception.UnplugException):
            error = self.assertRaises(
                exception.VirtualInterfacePlugException,
                vif_types.forget, self.connection, self.instance)
        self.assertIn('Connection refused', str(error))

    def test_unplug_of_what_goes_meanwhile(self):
        """The kernel removes it with the namespace of its other end."""
        plugin = mock.Mock()
        self.useFixture(fixtures.MockPatchObject(
            os_vif, '_EXT_MANAGER', {self.connection.switch.plugin: plugin}))
        unplug = plugin.obj.unplug
        for disconnect, error in itertools.product(
                (vif_types.unplug, vif_types.forget),
                (os_vif_exception.NetworkInterfaceNotFound(interface='tap'),
                 netlink_exceptions.NetlinkError(errno.ENODEV))):
            unplug.reset_mock()
            unplug.side_effect = [error, None]
            disconnect(self.connection, self.instance)
            self.assertEqual(2, unplug.call_count)

    def test_unplug_that_the_kernel_refuses(self):
        plugin = mock.Mock()
        self.useFixture(fixtures.MockPatchObject(
            os_vif, '_EXT_MANAGER', {self.connection.switch.plugin: plugin}))
        plugin.obj.unplug.side_effect = netlink_exceptions.NetlinkError(
            errno.EPERM)
        self.assertRaises(exception.VirtualInterfaceUnplugException,
                          vif_types.unplug, self.connection, self.instance)
        self.assertEqual(1, plugin.obj.unplug.call_count)

    def test_unplug_fails(self):
        with self.failing('unplug', os_vif_exception.UnplugException):
            error = self.assertRaises(
                exception.VirtualInterfaceUnplugException,
                vif_types.unplug, self.connection, self.instance)
        self.assertIn(networkinfo.PORT, str(error))
        self.assertIn('Connection refused', str(error))


class TestDeviceExists(base.BaseTestCase):

    def test_device_exists(self):
        self.assertTrue(vif_types.device_exists('lo'))
        self.assertFalse(vif_types.device_exists('tapffffffff-ff'))
