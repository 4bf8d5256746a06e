import contextlib
from unittest import mock

from nova.compute import power_state
from nova.compute import task_states
from nova import exception
from nova.network import model
from nova.objects import instance as instance_objects
from oslo_utils import timeutils

from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.virt import blockdevice
from novacontainer.virt import imageops
from tests import instances
from tests.unit.virt import rig


class ContainerOpsTestCase(rig.OpsTestCase):

    def setUp(self):
        super().setUp()
        self.ops = self.container_ops


class SpawnTestCase(ContainerOpsTestCase):

    def spawn(self, block_device_info=None, power_on=True,
              injected_files=(), admin_password=None, **image):
        self.ops.spawn(
            mock.sentinel.context, self.instance,
            instances.image_meta(**image), rig.NETWORK, block_device_info,
            power_on, injected_files, admin_password)

    def assertAborts(self, words, **kwargs):
        error = self.assertRaises(
            exception.BuildAbortException, self.spawn, **kwargs)
        self.assertIn(words, str(error))

    def test_the_network_is_complete_before_the_start(self):
        self.spawn()
        self.assertEqual(
            ['create', 'init', 'expect', 'plug', 'plugged', 'start'],
            self.steps)
        self.network.plug.assert_called_once_with(
            mock.sentinel.context, self.instance, rig.NETWORK, rig.NETNS)

    def test_what_is_created(self):
        self.conf.config(pids_limit=99, group='novacontainer')
        self.spawn()
        name, body = self.containers.create.call_args.args
        self.assertEqual(f'nova-{self.instance.uuid}', name)
        self.assertEqual(imageops.reference(instances.image_meta(), None),
                         body['Image'])
        self.assertEqual(99, body['HostConfig']['PidsLimit'])

    def test_terminal_where_there_are_serial_consoles(self):
        for enabled in (True, False):
            self.conf.config(enabled=enabled, group='serial_console')
            self.spawn()
            body = self.containers.create.call_args.args[1]
            self.assertEqual(
                [enabled] * 2,
                [body.get(key, False) for key in ('Tty', 'OpenStdin')])

    def rebuild(self, task):
        self.instance.launched_at = timeutils.utcnow(with_timezone=True)
        with mock.patch.object(
                instance_objects.Instance, 'get_by_uuid',
                return_value=mock.Mock(task_state=task)):
            self.spawn()

    def test_rebuild(self):
        self.rebuild(task_states.REBUILD_SPAWNING)
        self.assertEqual('start', self.steps[-1])

    def test_deleted_while_it_is_rebuilt(self):
        """The delete has found nothing to remove."""
        self.assertRaises(
            exception.InstanceNotFound, self.rebuild, task_states.DELETING)
        self.assertEqual(['start', 'unplug', 'remove'], self.steps[-3:])

    def test_runtime_that_goes_away(self):
        """What cannot be taken back is removed when it is there again."""
        for verb in ('create', 'start'):
            with self.subTest(verb):
                self.note(self.containers, verb, exceptions.Unavailable('!'))
                self.note(self.containers, 'remove',
                          exceptions.Unavailable('!'))
                self.assertRaises(
                    exception.HypervisorUnavailable, self.spawn)
                self.steps.clear()
                self.note(self.containers, 'remove')
                self.leftovers.remove_all()
                self.leftovers.remove_all()
                self.assertEqual(['remove'], self.steps)
                self.note(self.containers, 'create')

    def test_what_an_earlier_build_left_is_removed_first(self):
        self.leftovers.note(
            f'nova-{self.instance.uuid}', self.containers.remove)
        self.spawn()
        self.assertEqual(['remove', 'create'], self.steps[:2])

    def test_powered_off(self):
        self.spawn(power_on=False)
        self.assertEqual(['create'], self.steps)

    def test_bad_image(self):
        self.images.ensure.side_effect = exception.ImageUnacceptable(
            image_id='x', reason='no')
        self.assertRaises(exception.ImageUnacceptable, self.spawn)
        self.assertEqual([], self.steps)

    def test_no_command(self):
        self.image(command=())
        error = self.assertRaises(exception.ImageUnacceptable, self.spawn)
        self.assertIn('names no command', str(error))
        self.assertEqual([], self.steps)

    def test_command_by_image_property(self):
        self.image(command=())
        self.spawn(properties={'os_command_line': 'sleep 1'})
        self.assertIn('start', self.steps)

    def test_volume_to_boot_from(self):
        self.assertAborts('does not boot from a volume', block_device_info={
            'block_device_mapping': [{'boot_index': 0}]})
        self.assertEqual([], self.steps)

    def test_volumes(self):
        self.note_volumes()
        volumes = {'block_device_mapping': [{'boot_index': None}]}
        self.spawn(block_device_info=volumes)
        self.assertEqual(['create', 'connect', 'init'], self.steps[:3])
        self.volumes.connect.assert_called_once_with(
            mock.sentinel.context, self.instance, volumes)
        self.volumes.disconnect.assert_not_called()

    def test_volumes_of_what_is_powered_off(self):
        self.note_volumes()
        self.spawn(power_on=False)
        self.assertEqual(['create', 'connect'], self.steps)

    def test_failure_with_volumes(self):
        """They go when nothing has them in use any more."""
        self.note_volumes()
        self.note(self.containers, 'start', exceptions.Failed('oops'))
        self.assertRaises(exception.InstanceDeployFailure, self.spawn)
        self.assertEqual(['start', 'unplug', 'remove', 'disconnect'],
                         self.steps[-4:])

    def test_volume_that_cannot_be_connected(self):
        self.note_volumes()
        self.note(self.volumes, 'connect', exception.VolumeAttachFailed(
            volume_id='v', reason='no'))
        self.assertRaises(exception.VolumeAttachFailed, self.spawn)
        self.assertEqual(['create', 'connect', 'remove', 'disconnect'],
                         self.steps)

    def test_disk_io(self):
        self.instance.flavor.extra_specs['quota:disk_read_iops_sec'] = '7'
        self.client.system = mock.Mock()
        self.client.system.info.return_value = {'DockerRootDir': '/data'}
        with mock.patch.object(blockdevice, 'holding',
                               return_value='/dev/vda') as holding:
            self.spawn()
        holding.assert_called_once_with('/data')
        body = self.containers.create.call_args.args[1]
        self.assertEqual([{'Path': '/dev/vda', 'Rate': 7}],
                         body['HostConfig']['BlkioDeviceReadIOps'])

    def test_ephemeral_disk(self):
        self.spawn(block_device_info={'ephemerals': [{'size': 3}]})
        mount, = self.containers.create.call_args.args[1][
            'HostConfig']['Mounts']
        self.assertEqual(
            ('/mnt/ephemeral0', {'size': '3G'}),
            (mount['Target'],
             mount['VolumeOptions']['DriverConfig']['Options']))

    def test_what_goes_into_the_guest(self):
        self.note(self.tags, 'tell')
        self.note(self.drives, 'make')
        self.note(self.guest, 'prepare')
        self.drives.mounts.return_value = [mock.sentinel.mount]
        files = [('/etc/motd', b'hello')]
        self.spawn(injected_files=files, admin_password='secret')
        self.assertEqual(['tell', 'make', 'create', 'prepare', 'init'],
                         self.steps[:5])
        self.drives.make.assert_called_once_with(
            self.instance, rig.NETWORK, files=files, admin_password='secret')
        self.guest.prepare.assert_called_once_with(
            self.instance, files, 'secret')
        body = self.containers.create.call_args.args[1]
        self.assertEqual([mock.sentinel.mount],
                         body['HostConfig']['Mounts'])

    def test_guest_cannot_be_prepared(self):
        self.note(self.guest, 'prepare',
                  exceptions.InvalidRequest('/etc is a directory.'))
        self.assertAborts('/etc is a directory')
        self.assertEqual(['create', 'prepare', 'remove'], self.steps)
        self.drives.remove.assert_called_with(self.instance)

    def test_create_fails(self):
        self.note(self.containers, 'create',
                  exceptions.Failed('crun failed'))
        self.assertRaises(exception.InstanceDeployFailure, self.spawn)
        self.assertEqual(['create'], self.steps)

    def test_the_name_is_taken(self):
        self.note(self.containers, 'create', exceptions.Conflict(
            'taken', 'container.name_in_use'))
        self.assertRaises(exception.InstanceExists, self.spawn)
        self.assertEqual(['create'], self.steps)

    def test_command_not_found(self):
        self.note(self.containers, 'init', exceptions.InvalidRequest(
            'Command not found: /nope', 'container.command_not_found'))
        self.assertAborts('Command not found: /nope')
        self.assertEqual(['create', 'init', 'remove'], self.steps)

    def test_vif_cannot_be_plugged(self):
        self.note(self.network, 'plug',
                  exception.VirtualInterfacePlugException('no bridge'))
        self.assertRaises(
            exception.VirtualInterfacePlugException, self.spawn)
        self.assertEqual(
            ['create', 'init', 'expect', 'plug', 'unplug', 'remove'],
            self.steps)

    def test_neutron_never_reports(self):
        """Nova would replace the reason with a general one."""
        @contextlib.contextmanager
        def timeout(instance, network_info):
            yield
            raise exception.VirtualInterfaceCreateException(
                'Neutron did not report the ports up.')

        self.network.wait_for_plugged.side_effect = timeout
        self.assertAborts('Neutron did not report the ports up.')
        self.assertEqual(
            ['create', 'init', 'plug', 'unplug', 'remove'], self.steps)

    def test_start_fails(self):
        self.note(self.containers, 'start', exceptions.Failed('oops'))
        self.assertRaises(exception.InstanceDeployFailure, self.spawn)
        self.assertEqual(['start', 'unplug', 'remove'], self.steps[-3:])

    def test_deleted_in_the_middle(self):
        for verb in ('init', 'start'):
            self.note(self.containers, verb, self.missing())
            self.note(self.containers, 'remove', self.missing())
            self.assertRaises(exception.InstanceNotFound, self.spawn)
            self.assertEqual('remove', self.steps[-1])
            self.note(self.containers, verb)

    def test_undo_fails_too(self):
        """The failure that came first is the one that is reported."""
        self.note(self.containers, 'start', exceptions.Failed('first'))
        self.note(self.containers, 'remove',
                  exceptions.ConnectionFailed('second'))
        self.note(self.network, 'unplug',
                  exception.VirtualInterfaceUnplugException(reason='third'))
        error = self.assertRaises(
            exception.InstanceDeployFailure, self.spawn)
        self.assertIn('first', str(error))
        self.assertEqual(['start', 'unplug', 'remove'], self.steps[-3:])

    def test_exits_at_once(self):
        self.containers.wait.side_effect = None
        self.containers.wait.return_value = 3
        self.status('exited', exit_code=3)
        self.console.tail.return_value = 'httpd: bad port\n'
        self.assertAborts('exited with code 3 at once')
        self.assertAborts('Its last output: httpd: bad port')
        self.assertEqual(['unplug', 'remove'], self.steps[-2:])

    def test_exits_at_once_without_a_word(self):
        self.containers.wait.side_effect = None
        self.containers.wait.return_value = 0
        self.status('exited')
        self.assertAborts('exited with code 0')
        self.assertAborts('Its last output: none.')

    def test_too_little_memory(self):
        self.containers.wait.side_effect = None
        self.containers.wait.return_value = 137
        self.status('exited', exit_code=137, oom_killed=True)
        self.assertAborts('64 MB are not enough')

    def test_nobody_wants_to_wait(self):
        self.conf.config(start_grace=0, group='novacontainer')
        self.spawn()
        self.containers.wait.assert_not_called()

    def test_runtime_dies_while_we_wait(self):
        self.containers.wait.side_effect = exceptions.ConnectionFailed('Cut')
        self.assertRaises(exception.HypervisorUnavailable, self.spawn)
        self.assertEqual(['unplug', 'remove'], self.steps[-2:])


class DestroyTestCase(ContainerOpsTestCase):

    def destroy(self, **kwargs):
        self.ops.destroy(mock.sentinel.context, self.instance, rig.NETWORK,
                         **kwargs)

    def test_all(self):
        self.destroy()
        self.assertEqual(['remove', 'remove', 'unplug'], self.steps)
        # The one that rescues has the root of the other in use.
        self.assertEqual(
            [mock.call(f'nova-{self.instance.uuid}', force=True),
             mock.call(f'nova-{self.instance.uuid}-rescued', force=True)],
            self.containers.remove.call_args_list)

    def test_again(self):
        self.note(self.containers, 'remove', self.missing())
        self.destroy()
        self.assertEqual(['remove', 'remove', 'unplug'], self.steps)

    def test_network_that_nova_has_forgotten(self):
        """Deleted in the database while this host was down."""
        forgotten = [model.VIF(id='x')]
        self.network.connected.return_value = forgotten
        self.destroy()
        self.network.connected.assert_called_once_with(
            self.instance, rig.NETNS)
        self.network.unplug.assert_called_once_with(self.instance, forgotten)

    def test_network_that_nova_knows(self):
        known = [model.VIF(id='x')]
        self.ops.destroy(mock.sentinel.context, self.instance, known)
        self.network.connected.assert_not_called()
        self.network.unplug.assert_called_once_with(self.instance, known)

    def test_no_container_and_no_network(self):
        self.containers.inspect.side_effect = self.missing()
        self.destroy()
        self.network.unplug.assert_called_once_with(self.instance, [])

    def test_runtime_away(self):
        self.note(self.containers, 'remove',
                  exceptions.ConnectionFailed('The socket is gone.'))
        self.assertRaises(exception.InstancePowerOffFailure, self.destroy)
        self.assertEqual(['remove'], self.steps)

    def test_volumes(self):
        """They go when nothing has them in use any more."""
        self.note_volumes()
        volumes = {'block_device_mapping': []}
        self.destroy(block_device_info=volumes)
        self.assertEqual(['remove', 'remove', 'disconnect', 'unplug'],
                         self.steps)
        self.volumes.disconnect.assert_called_once_with(
            mock.sentinel.context, self.instance, volumes)

    def test_volumes_of_what_has_no_container(self):
        self.note_volumes()
        self.note(self.containers, 'remove', self.missing())
        self.destroy(block_device_info={})
        self.assertIn('disconnect', self.steps)

    def test_keep_the_files_but_not_the_volumes(self):
        self.note_volumes()
        self.destroy(destroy_disks=False)
        self.assertEqual(['stop', 'disconnect', 'unplug'], self.steps)

    def test_keep_the_files(self):
        self.destroy(destroy_disks=False)
        self.assertEqual(['stop', 'unplug'], self.steps)

    def test_keep_the_network(self):
        self.destroy(destroy_vifs=False)
        self.assertEqual(['remove', 'remove'], self.steps)

    def test_unplug_fails(self):
        self.note(self.network, 'unplug',
                  exception.VirtualInterfaceUnplugException(reason='no'))
        self.assertRaises(exception.InstancePowerOffFailure, self.destroy)


class InspectTestCase(ContainerOpsTestCase):

    def test_one_that_is_rescued_counts_once(self):
        self.containers.list.return_value = [
            containers.Container(name, name, 'running', '', {
                'org.openstack.nova.instance': 'uuid-1'})
            for name in ('nova-uuid-1', 'nova-uuid-1-rescued')]
        self.assertEqual(['uuid-1'], self.ops.list_instance_uuids())

    def test_lists(self):
        self.containers.list.return_value = [
            containers.Container('1', 'a', 'running', '', {
                'org.openstack.nova.instance': 'uuid-1',
                'org.openstack.nova.name': 'instance-1'}),
            containers.Container('2', 'b', 'exited', '', {
                'org.openstack.nova.instance': 'uuid-2'})]
        self.assertEqual(['uuid-1', 'uuid-2'],
                         self.ops.list_instance_uuids())
        self.assertEqual(['instance-1'], self.ops.list_instances())
        self.containers.list.assert_called_with(
            {'label': ['org.openstack.nova.instance']})

    def test_lists_without_a_runtime(self):
        self.containers.list.side_effect = exceptions.ConnectionFailed('x')
        self.assertRaises(exception.HypervisorUnavailable,
                          self.ops.list_instance_uuids)

    def test_exists_asks_once(self):
        self.assertTrue(self.ops.instance_exists(self.instance))
        self.containers.inspect.assert_called_once_with(
            f'nova-{self.instance.uuid}')
        self.containers.inspect.side_effect = self.missing()
        self.assertFalse(self.ops.instance_exists(self.instance))

    def test_info(self):
        self.status('paused')
        info = self.ops.get_info(self.instance)
        self.assertEqual((power_state.PAUSED, 'f00'),
                         (info.state, info.internal_id))

    def test_info_of_nothing(self):
        self.containers.inspect.side_effect = self.missing()
        self.assertRaises(exception.InstanceNotFound, self.ops.get_info,
                          self.instance)
