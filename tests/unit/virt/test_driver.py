import inspect
import os
import sys
from unittest import mock

import fixtures
from nova import exception
from nova import objects
from nova.objects import fields
from nova.objects import instance as instance_objects
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
from novacontainer.virt import interruptions
from novacontainer.virt import lifecycle
from novacontainer.virt import migrationops
from novacontainer.virt import networkops
from novacontainer.virt import powerops
from novacontainer.virt import rescueops
from novacontainer.virt import serialops
from novacontainer.virt import snapshotops
from novacontainer.virt import volumeops
from tests import concurrency
from tests import instances

_C = mock.sentinel.context
_N = mock.sentinel.network_info
_B = mock.sentinel.block_device_info


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
                ('_interruptions', interruptions.Interruptions),
                ('_volumes', volumeops.VolumeOps),
                ('_lifecycle', lifecycle.Lifecycle)):
            setattr(self.driver, name,
                    mock.create_autospec(kind, instance=True))

    def test_signatures_are_nova_s(self):
        """Whatever Nova passes arrives under the same name.

        What only later releases pass, which ours takes too, has a default.
        """
        for name, method in vars(driver.ContainerDriver).items():
            if not inspect.isfunction(method) or name.startswith('_'):
                continue
            theirs = inspect.signature(
                # Nova before 2026.2 has fewer.
                getattr(nova_driver.ComputeDriver, name, method)).parameters
            ours = inspect.signature(method).parameters
            self.assertEqual(list(theirs), list(ours)[:len(theirs)], name)
            for parameter in list(ours.values())[len(theirs):]:
                self.assertIsNot(parameter.empty, parameter.default, name)

    def test_runs_as_the_environment_says(self):
        """On eventlet, or on native threads, which tests would not show."""
        patcher = sys.modules.get('eventlet.patcher')
        self.assertEqual(
            os.environ.get(concurrency.VARIABLE) == '0',
            patcher is not None and patcher.is_monkey_patched('thread'))

    def test_capabilities(self):
        capabilities = driver.ContainerDriver.capabilities
        self.assertEqual({
            'has_imagecache', 'supports_attach_interface',
            'supports_device_tagging', 'supports_tagged_attach_interface',
            'supports_tagged_attach_volume',
            'supports_evacuate', 'supports_extend_volume',
            'supports_image_type_raw', 'supports_migrate_to_same_host',
            'supports_multiattach', 'supports_trusted_certs'}, {
            name for name, supported in capabilities.items() if supported})
        self.assertEqual(set(nova_driver.ComputeDriver.capabilities),
                         set(capabilities))

    def test_what_nova_does_better_itself(self):
        """Its fallbacks for these keep the network."""
        for name in ('rebuild', 'soft_delete', 'restore'):
            self.assertNotIn(name, vars(driver.ContainerDriver))

    def test_nova_has_no_name_for_us_in_diagnostics(self):
        """Once it has, the form of microversion 2.48 can be filled."""
        self.assertEqual(
            {'libvirt', 'xenapi', 'vmwareapi', 'ironic', 'hyperv'},
            set(fields.HypervisorDriver.ALL))

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
        self.driver.destroy(_C, self.instance, _N, _B)
        self.driver._containers.destroy.assert_called_once_with(
            _C, self.instance, _N, _B, True)
        self.driver.cleanup(_C, self.instance, _N, _B, destroy_vifs=False)
        self.driver._containers.destroy.assert_called_with(
            _C, self.instance, _N, _B, True, False)

    def test_power(self):
        ops = self.driver._power
        self.driver.power_off(self.instance, timeout=9, retry_interval=3)
        ops.power_off.assert_called_once_with(self.instance, 9)
        self.driver.power_on(_C, self.instance, _N, _B)
        ops.power_on.assert_called_once_with(_C, self.instance, _N, _B)
        self.driver.reboot(_C, self.instance, _N, 'SOFT', _B)
        ops.reboot.assert_called_once_with(
            _C, self.instance, _N, 'SOFT', _B)
        self.driver.resume_state_on_host_boot(
            _C, self.instance, _N, None, _B)
        ops.resume_state_on_host_boot.assert_called_once_with(
            _C, self.instance, _N, _B)
        self.driver.pause(self.instance)
        ops.pause.assert_called_once_with(self.instance)
        self.driver.unpause(self.instance)
        ops.unpause.assert_called_once_with(self.instance)
        self.driver.suspend(_C, self.instance)
        ops.suspend.assert_called_once_with(self.instance)
        self.driver.resume(_C, self.instance, _N, _B)
        ops.resume.assert_called_once_with(_C, self.instance, _N, _B)

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
                _C, self.instance, 'dest', mock.sentinel.flavor, _N, _B,
                timeout=9))
        ops.migrate_disk_and_power_off.assert_called_once_with(
            _C, self.instance, 'dest', mock.sentinel.flavor, _N, 9, _B)
        self.driver.finish_migration(
            _C, None, self.instance, '', _N, None, True, {}, _B)
        ops.finish_migration.assert_called_once_with(
            _C, self.instance, _N, True, _B)
        self.driver.confirm_migration(_C, None, self.instance, _N)
        self.driver.finish_revert_migration(
            _C, self.instance, _N, None, _B, power_on=False)
        ops.finish_revert_migration.assert_called_once_with(
            _C, self.instance, _N, False, _B)

    def test_rescue(self):
        self.driver.rescue(_C, self.instance, None, mock.sentinel.image,
                           'secret', _B, None)
        self.driver._rescues.rescue.assert_called_once_with(
            _C, self.instance, [], mock.sentinel.image, 'secret', _B)
        self.driver.unrescue(_C, self.instance)
        self.driver._rescues.unrescue.assert_called_once_with(
            _C, self.instance)

    def test_volumes(self):
        ops = self.driver._volumes
        self.assertIs(ops.get_connector.return_value,
                      self.driver.get_volume_connector(self.instance))
        info = mock.sentinel.info
        self.driver.attach_volume(_C, info, self.instance, '/dev/vdb',
                                  encryption={})
        ops.attach.assert_called_once_with(
            _C, info, self.instance, '/dev/vdb', {})
        self.driver.detach_volume(_C, info, self.instance, '/dev/vdb', {})
        ops.detach.assert_called_once_with(
            _C, info, self.instance, '/dev/vdb', {})
        self.driver.extend_volume(_C, info, self.instance, 7)
        ops.extend.assert_called_once_with(_C, info, self.instance, 7)

    def test_names_of_devices(self):
        self.assertEqual('/dev/vda', self.driver.default_root_device_name(
            self.instance, None, None))
        present = [objects.BlockDeviceMapping(device_name=name)
                   for name in ('/dev/vda', '/dev/vdb')]
        for asked, given in ((None, '/dev/vdc'), ('/dev/sdx', '/dev/sdx')):
            self.assertEqual(
                given, self.driver.get_device_name_for_instance(
                    self.instance, present,
                    objects.BlockDeviceMapping(device_name=asked)))

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
        self.driver._interruptions.stop.assert_called_once_with()

    def test_settles_what_was_interrupted(self):
        there = instance_objects.InstanceList(objects=[self.instance])
        seen = self.instance.obj_clone()
        settle = self.driver._interruptions.settle
        settle.return_value = [seen]
        self.driver.init_host('cpu1')
        found = self.driver.process_instances_at_startup(_C, there)
        settle.assert_called_once_with(_C, 'cpu1', there)
        self.assertIsInstance(found, instance_objects.InstanceList)
        self.assertIs(seen, found[0])

    def test_older_nova_does_not_ask(self):
        hook = 'process_instances_at_startup'
        with mock.patch.object(nova_driver.ComputeDriver, hook, create=True):
            self.driver.init_host('cpu1')
            self.driver._interruptions.settle_host.assert_not_called()
            delattr(nova_driver.ComputeDriver, hook)
            self.driver.init_host('cpu1')
            # Where Nova has none, the patch takes it away in the end.
            setattr(nova_driver.ComputeDriver, hook, None)
        self.driver._interruptions.settle_host.assert_called_once_with('cpu1')

    def test_serial_console(self):
        self.assertIs(
            self.driver._serials.get_serial_console.return_value,
            self.driver.get_serial_console(_C, self.instance))
        self.driver._serials.get_serial_console.assert_called_once_with(
            self.instance)

    def test_serial_console_ends_with_the_instance(self):
        ending = self.driver._serials.ending
        for end in (self.driver.destroy, self.driver.cleanup):
            ending.reset_mock()
            self.driver._containers.destroy.side_effect = (
                lambda *args: ending.return_value.__exit__.assert_not_called()
            )
            end(_C, self.instance, _N)
            ending.assert_called_once_with(self.instance)
            ending.return_value.__enter__.assert_called_once_with()
            ending.return_value.__exit__.assert_called_once()

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
