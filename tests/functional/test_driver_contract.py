"""Nova's own contract tests for drivers, with the real runtime.

They swallow NotImplementedError, so that a green run proves little by
itself: here the list of what may be missing is given, and held exactly.
"""

import socket
from unittest import mock

from nova import exception
from nova import objects
from nova.tests import fixtures as nova_fixtures
from nova.tests.unit.virt import test_virt_drivers

from tests.functional import computehost

_PATIENCE_S = 120

#: What the driver leaves to Nova's fallbacks, or does not offer.
NOT_IMPLEMENTED = {
    'test_block_stats',
    'test_get_instance_diagnostics',
    'test_get_instance_disk_info',
    'test_get_mks_console',
    'test_get_spice_console',
    'test_get_vnc_console',
    'test_host_power_action_reboot',
    'test_host_power_action_shutdown',
    'test_host_power_action_startup',
    'test_live_migration_abort',
    'test_poll_rebooting_instances',
    'test_restore_running',
    'test_restore_soft_deleted',
    'test_set_host_enabled',
    'test_soft_delete',
    'test_trigger_crash_dump',
}


class ContractTestCase(test_virt_drivers._VirtDriverTestCase,
                       computehost.HostTestCase):

    driver_module = 'novacontainer.virt.driver.ContainerDriver'

    def setUp(self):
        self.swallowed = self.enterContext(mock.patch.object(
            test_virt_drivers.LOG, 'error'))
        super().setUp()
        # An initiator needs more than a host without iSCSI has.
        self.useFixture(nova_fixtures.OSBrickFixture())
        self.image_service.add(computehost.NOVA_IMAGE, computehost.image())
        self.connection.init_host('myhostname')
        self.addCleanup(self.connection.cleanup_host, 'myhostname')

    def tearDown(self):
        missing = self._testMethodName in NOT_IMPLEMENTED
        self.assertEqual(missing, self.swallowed.called,
                         self.swallowed.call_args_list)
        super().tearDown()

    def test_migrate_disk_and_power_off(self):
        """Nova's own wants to another host."""
        self.assertRaises(exception.InstanceFaultRollback,
                          super().test_migrate_disk_and_power_off)

    def test_attach_detach_volume(self):
        """Nova's own are of a type that there is not."""
        self.assertRaises(exception.VolumeAttachFailed,
                          super().test_attach_detach_volume)

    def test_attach_detach_different_power_states(self):
        """The same."""
        self.assertRaises(
            exception.VolumeAttachFailed,
            super().test_attach_detach_different_power_states)

    def test_swap_volume(self):
        """The same."""
        self.assertRaises(exception.VolumeAttachFailed,
                          super().test_swap_volume)

    def test_get_device_name_for_instance(self):
        """Nova's own asks for a name that is no text."""
        instance, _ = self._get_running_instance()
        self.assertEqual(
            '/dev/vdb', self.connection.get_device_name_for_instance(
                instance, [], objects.BlockDeviceMapping(device_name=None)))

    def test_rescue(self):
        """Nova's own gives no image."""
        self.assertRaises(exception.ImageUnacceptable, super().test_rescue)

    def test_unrescue_rescued_instance(self):
        """Nor does this one."""
        self.assertRaises(exception.ImageUnacceptable,
                          super().test_unrescue_rescued_instance)

    def test_get_serial_console(self):
        """Nova's own types nothing."""
        self.image_service.add(computehost.NOVA_IMAGE,
                               computehost.image(['sh']))
        self.flags(enabled=True, group='serial_console')
        instance, network_info = self._get_running_instance()
        console = self.connection.get_serial_console(self.ctxt, instance)
        with socket.create_connection(
                (console.host, console.port), _PATIENCE_S) as caller:
            caller.sendall(b'echo answer=$((6*7))\n')
            said = b''
            while b'answer=42' not in said:
                piece = caller.recv(4096)
                self.assertNotEqual(b'', piece, said)
                said += piece
            self.connection.destroy(self.ctxt, instance, network_info)
            while caller.recv(4096):
                pass

    def test_set_admin_password(self):
        """The image has no shadow file."""
        self.assertRaises(exception.SetAdminPasswdNotSupported,
                          super().test_set_admin_password)

    def test_live_migration(self):
        """Nova's own swallows nothing here."""
        self.assertRaises(NotImplementedError, super().test_live_migration)

    def test_live_migration_force_complete(self):
        """Nova's own looks into the driver of libvirt."""
        self.assertRaises(
            NotImplementedError,
            self.connection.live_migration_force_complete, mock.Mock())
