import inspect
from unittest import mock

import fixtures
from nova import exception
from nova.virt import driver as nova_driver
from nova.virt import event as virtevent
from nova.virt import fake
from oslotest import base

from novacontainer.client import exceptions
from novacontainer.virt import containerops
from novacontainer.virt import diagnosticsops
from novacontainer.virt import driver
from novacontainer.virt import guestops
from novacontainer.virt import hostops
from novacontainer.virt import imagecacheops
from novacontainer.virt import imageops
from novacontainer.virt import interfaceops
from novacontainer.virt import lifecycle
from novacontainer.virt import migrationops
from novacontainer.virt import networkops
from novacontainer.virt import powerops
from novacontainer.virt import rescueops
from novacontainer.virt import serialops
from novacontainer.virt import snapshotops
from tests import instances

_C = mock.sentinel.context
_N = mock.sentinel.network_info


class ContainerDriverTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MockPatch('os_vif.initialize'))
        self.driver = driver.ContainerDriver(fake.FakeVirtAPI())
        self.instance = instances.instance()
        for name, kind in (
                ('_containers', containerops.ContainerOps),
                ('_guests', guestops.GuestOps),
                ('_diagnostics', diagnosticsops.DiagnosticsOps),
                ('_image_cache', imagecacheops.ImageCacheOps),
                ('_images', imageops.ImageOps),
                ('_hosts', hostops.HostOps),
                ('_interfaces', interfaceops.InterfaceOps),
                ('_migrations', migrationops.MigrationOps),
                ('_networks', networkops.NetworkOps),
                ('_power', powerops.PowerOps),
                ('_rescues', rescueops.RescueOps),
                ('_serials', serialops.SerialOps),
                ('_snapshots', snapshotops.SnapshotOps),
                ('_lifecycle', lifecycle.Lifecycle)):
            setattr(self.driver, name,
                    mock.create_autospec(kind, instance=True))

    def test_signatures_are_nova_s(self):
        """Whatever Nova passes arrives under the same name."""
        for name, method in vars(driver.ContainerDriver).items():
            if not inspect.isfunction(method) or name.startswith('_'):
                continue
            theirs = inspect.signature(
                getattr(nova_driver.ComputeDriver, name)).parameters
            ours = inspect.signature(method).parameters
            self.assertEqual(list(theirs), list(ours), name)

    def test_capabilities(self):
        capabilities = driver.ContainerDriver.capabilities
        self.assertEqual({
            'has_imagecache', 'supports_attach_interface',
            'supports_evacuate', 'supports_image_type_raw',
            'supports_migrate_to_same_host', 'supports_trusted_certs'}, {
            name for name, supported in capabilities.items() if supported})
        self.assertEqual(set(nova_driver.ComputeDriver.capabilities),
                         set(capabilities))

    def test_what_nova_does_better_itself(self):
        """Its fallbacks for these keep the network."""
        for name in ('rebuild', 'soft_delete', 'restore'):
            self.assertNotIn(name, vars(driver.ContainerDriver))

    def test_spawn(self):
        self.driver.spawn(
            _C, self.instance, mock.sentinel.image, mock.sentinel.files,
            'secret', {}, network_info=_N, block_device_info=mock.sentinel.bdi)
        self.driver._containers.spawn.assert_called_once_with(
            _C, self.instance, mock.sentinel.image, _N, mock.sentinel.bdi,
            True, mock.sentinel.files, 'secret')

    def test_inside(self):
        self.driver.set_admin_password(self.instance, 'new')
        self.driver._guests.set_admin_password.assert_called_once_with(
            self.instance, 'new')

    def test_destroy_and_cleanup(self):
        self.driver.destroy(_C, self.instance, _N)
        self.driver._containers.destroy.assert_called_once_with(
            self.instance, _N, True)
        self.driver.cleanup(_C, self.instance, _N, destroy_vifs=False)
        self.driver._containers.destroy.assert_called_with(
            self.instance, _N, True, False)

    def test_power(self):
        ops = self.driver._power
        self.driver.power_off(self.instance, timeout=9, retry_interval=3)
        ops.power_off.assert_called_once_with(self.instance, 9)
        self.driver.power_on(_C, self.instance, _N)
        ops.power_on.assert_called_once_with(_C, self.instance, _N)
        self.driver.reboot(_C, self.instance, _N, 'SOFT')
        ops.reboot.assert_called_once_with(_C, self.instance, _N, 'SOFT')
        self.driver.resume_state_on_host_boot(_C, self.instance, _N, None)
        ops.resume_state_on_host_boot.assert_called_once_with(
            _C, self.instance, _N)
        self.driver.pause(self.instance)
        ops.pause.assert_called_once_with(self.instance)
        self.driver.unpause(self.instance)
        ops.unpause.assert_called_once_with(self.instance)
        self.driver.suspend(_C, self.instance)
        ops.suspend.assert_called_once_with(self.instance)
        self.driver.resume(_C, self.instance, _N)
        ops.resume.assert_called_once_with(_C, self.instance, _N)

    def test_images(self):
        self.assertIs(self.driver._images.cache.return_value,
                      self.driver.cache_image(_C, 'id'))
        self.driver._images.cache.assert_called_once_with(_C, 'id')
        self.driver.manage_image_cache(_C, mock.sentinel.instances)
        self.driver._image_cache.manage.assert_called_once_with(
            mock.sentinel.instances)

    def test_counters(self):
        ops = self.driver._diagnostics
        self.assertIs(ops.get_diagnostics.return_value,
                      self.driver.get_diagnostics(self.instance))
        self.assertIs(ops.get_host_cpu_stats.return_value,
                      self.driver.get_host_cpu_stats())

    def test_inspection(self):
        ops = self.driver._containers
        for ours, args in (
                ('list_instances', ()), ('list_instance_uuids', ()),
                ('instance_exists', (self.instance,)),
                ('get_info', (self.instance,))):
            self.assertIs(getattr(ops, ours).return_value,
                          getattr(self.driver, ours)(*args))

    def test_host(self):
        hosts = self.driver._hosts
        self.assertIs(hosts.get_available_nodes.return_value,
                      self.driver.get_available_nodes())
        self.assertIs(hosts.get_available_resource.return_value,
                      self.driver.get_available_resource('cpu1'))
        self.assertIs(hosts.get_host_ip_addr.return_value,
                      self.driver.get_host_ip_addr())
        self.assertIs(hosts.get_host_uptime.return_value,
                      self.driver.get_host_uptime())

    def test_provider_tree(self):
        tree = mock.Mock()
        tree.data.return_value.inventory = {}
        self.driver.update_provider_tree(tree, 'cpu1')
        name, node, ratios, reserved = (
            self.driver._hosts.update_provider_tree.call_args.args)
        self.assertEqual((tree, 'cpu1', 0), (name, node, reserved))
        self.assertEqual({'VCPU', 'MEMORY_MB', 'DISK_GB'}, set(ratios))

    def test_network(self):
        self.driver.plug_vifs(self.instance, _N)
        context, *args = self.driver._power.plug_vifs.call_args.args
        self.assertEqual([self.instance, _N], args)
        self.assertTrue(context.is_admin)
        self.driver.unplug_vifs(self.instance, None)
        self.driver._networks.unplug.assert_called_once_with(
            self.instance, [])

    def test_console_and_snapshot(self):
        self.driver._consoles = mock.Mock()
        self.assertIs(
            self.driver._consoles.get_console_output.return_value,
            self.driver.get_console_output(_C, self.instance))
        self.driver.snapshot(_C, self.instance, 'id', mock.sentinel.update)
        self.driver._snapshots.snapshot.assert_called_once_with(
            _C, self.instance, 'id', mock.sentinel.update)

    def test_shared_storage(self):
        hosts = self.driver._hosts
        self.assertIs(
            hosts.shared_storage_local.return_value,
            self.driver.check_instance_shared_storage_local(
                _C, self.instance))
        self.assertIs(
            hosts.shared_storage_remote.return_value,
            self.driver.check_instance_shared_storage_remote(_C, {}))
        self.driver.check_instance_shared_storage_cleanup(_C, {})

    def test_resize(self):
        ops = self.driver._migrations
        self.assertIs(
            ops.migrate_disk_and_power_off.return_value,
            self.driver.migrate_disk_and_power_off(
                _C, self.instance, 'dest', mock.sentinel.flavor, _N,
                timeout=9))
        ops.migrate_disk_and_power_off.assert_called_once_with(
            _C, self.instance, 'dest', mock.sentinel.flavor, _N, 9)
        self.driver.finish_migration(
            _C, None, self.instance, '', _N, None, True, {})
        ops.finish_migration.assert_called_once_with(
            _C, self.instance, _N, True)
        self.driver.confirm_migration(_C, None, self.instance, _N)
        self.driver.finish_revert_migration(
            _C, self.instance, _N, None, power_on=False)
        ops.finish_revert_migration.assert_called_once_with(
            _C, self.instance, _N, False)

    def test_rescue(self):
        self.driver.rescue(_C, self.instance, None, mock.sentinel.image,
                           'secret', {}, None)
        self.driver._rescues.rescue.assert_called_once_with(
            _C, self.instance, [], mock.sentinel.image, 'secret')
        self.driver.unrescue(_C, self.instance)
        self.driver._rescues.unrescue.assert_called_once_with(
            _C, self.instance)

    def test_live_migration_is_refused_before_it_begins(self):
        self.assertRaises(
            exception.MigrationPreCheckError,
            self.driver.check_can_live_migrate_destination, _C,
            self.instance, {}, {})

    def test_start_and_stop(self):
        self.driver.init_host('cpu1')
        self.driver._hosts.init_host.assert_called_once_with('cpu1')
        self.driver._lifecycle.start.assert_called_once_with()
        self.driver._networks.start_helpers.assert_called_once_with()
        self.driver._snapshots.discard_leftovers.assert_called_once_with()
        self.driver.cleanup_host('cpu1')
        self.driver._lifecycle.stop.assert_called_once_with()
        self.driver._serials.close_all.assert_called_once_with()

    def test_serial_console(self):
        self.assertIs(
            self.driver._serials.get_serial_console.return_value,
            self.driver.get_serial_console(_C, self.instance))
        self.driver._serials.get_serial_console.assert_called_once_with(
            self.instance)

    def test_serial_console_ends_with_the_instance(self):
        self.driver.destroy(_C, self.instance, _N)
        self.driver._serials.close.assert_called_once_with(self.instance)

    def test_serial_console_ends_with_what_is_left_of_the_instance(self):
        self.driver.cleanup(_C, self.instance, _N)
        self.driver._serials.close.assert_called_once_with(self.instance)

    def test_start_without_a_runtime(self):
        self.driver._lifecycle.start.side_effect = (
            exceptions.ConnectionFailed('The socket is gone.'))
        self.assertRaises(exception.HypervisorUnavailable,
                          self.driver.init_host, 'cpu1')

    def test_events_reach_nova(self):
        made = driver.ContainerDriver(fake.FakeVirtAPI())
        got = []
        made.register_event_listener(got.append)
        event = virtevent.LifecycleEvent(
            self.instance.uuid, virtevent.EVENT_LIFECYCLE_STOPPED)
        made._lifecycle._emit(event)
        self.assertEqual([event], got)

    def test_interfaces(self):
        self.driver.attach_interface(_C, self.instance, None,
                                     mock.sentinel.vif)
        self.driver._interfaces.attach.assert_called_once_with(
            _C, self.instance, mock.sentinel.vif)
        self.driver.detach_interface(_C, self.instance, mock.sentinel.vif)
        self.driver._interfaces.detach.assert_called_once_with(
            self.instance, mock.sentinel.vif)
        self.driver.inject_network_info(self.instance, None)
        self.driver._interfaces.readdress.assert_called_once_with(
            self.instance, [])
