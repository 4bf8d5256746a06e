import types
from unittest import mock

from nova.compute import task_states as tasks
from nova.compute import vm_states
from nova import exception
from nova.objects import instance as instance_objects

from novacontainer.virt import attachments
from novacontainer.virt import containerops
from novacontainer.virt import interruptions
from novacontainer.virt import ports
from novacontainer.virt import powerops
from novacontainer.virt import volumeops
from tests import instances
from tests.unit.virt import rig

_C = mock.sentinel.context


class InterruptionsCase(rig.OpsTestCase):

    def setUp(self):
        super().setUp()
        self.instance = instances.instance(
            info_cache=None, host='cpu1', node='cpu1', compute_id=1,
            migration_context=None)
        self.enterContext(mock.patch.object(
            instance_objects.Instance, 'save', lambda instance: None))
        self.api = self.enterContext(mock.patch.object(
            interruptions.rpcapi, 'ComputeAPI')).return_value
        migrations = self.enterContext(mock.patch.object(
            interruptions, 'migration_objects'))
        self.migration = migrations.Migration.get_by_id_and_instance.\
            return_value
        self.migrations = []
        migrations.MigrationList.get_by_filters.side_effect = (
            lambda context, filters: mock.Mock(objects=self.migrations))
        self.awaited = self.enterContext(mock.patch.object(
            interruptions.actions, 'awaited', autospec=True,
            return_value=None))
        self.lost = self.enterContext(mock.patch.object(
            interruptions.lostrequests, 'LostRequests', autospec=True))
        self.known = self.enterContext(mock.patch.object(
            volumeops, 'known', autospec=True)).return_value
        self.unshelving = self.enterContext(mock.patch.object(
            instance_objects.InstanceList, 'get_by_filters',
            return_value=[]))
        self.virtapi = mock.Mock()
        self.power = mock.create_autospec(powerops.PowerOps, instance=True)
        self.found = mock.create_autospec(
            containerops.ContainerOps, instance=True)
        self.attachments = mock.create_autospec(
            attachments.Attachments, instance=True)
        self.ports = mock.create_autospec(ports.Ports, instance=True)
        self.ops = interruptions.Interruptions(
            self.virtapi, self.found, self.power, self.attachments,
            self.ports)

    def give_up(self, task, vm_state=vm_states.ACTIVE):
        """Learn that the request is lost, and say what it is afterwards."""
        self.instance.task_state = task
        self.instance.vm_state = vm_state
        give_up, _ = self.lost.call_args.args
        give_up(_C, self.instance)
        return self.instance.vm_state, self.instance.task_state

    def settle(self, task, vm_state=vm_states.ACTIVE, status='running'):
        """Settle, and say what it is afterwards."""
        self.instance.task_state = task
        self.instance.vm_state = vm_state
        self.found.find.return_value = (
            types.SimpleNamespace(status=status) if status else None)
        self.ops.settle(_C, 'cpu1', [self.instance])
        return self.instance.vm_state, self.instance.task_state


class InterruptionsTestCase(InterruptionsCase):

    def test_volumes_and_ports(self):
        self.settle(None)
        for ops in (self.attachments, self.ports):
            ops.settle.assert_called_once_with(_C, [self.instance])

    def test_what_is_the_manager_s(self):
        for task in (None, tasks.POWERING_OFF, tasks.POWERING_ON,
                     tasks.REBOOTING, tasks.DELETING, tasks.IMAGE_UPLOADING):
            self.assertEqual((vm_states.ACTIVE, task), self.settle(task))
        for task, status in ((tasks.PAUSING, 'running'),
                             (tasks.UNPAUSING, 'running'),
                             (tasks.UNPAUSING, 'paused')):
            self.assertEqual((vm_states.ACTIVE, task),
                             self.settle(task, status=status))
        self.assertEqual([], self.found.destroy.mock_calls)

    def test_request_that_is_on_its_way(self):
        """Nobody touches the task, the manager neither."""
        self.awaited.return_value = 7
        self.instance.vm_state = vm_states.ACTIVE
        self.instance.host = 'cpu1'
        for task in (tasks.RESCUING, tasks.REBUILDING, tasks.POWERING_ON):
            self.instance.task_state = task
            seen, = self.ops.settle(_C, 'cpu1', [self.instance])
            self.assertEqual(task, self.instance.task_state)
            self.assertEqual(self.instance.uuid, seen.uuid)
            self.assertIsNone(seen.task_state)
            # Saving it leaves the task where it is.
            self.assertNotIn('task_state', seen.obj_what_changed())
            self.lost.return_value.watch.assert_called_with(
                {self.instance.uuid: 7})
        self.assertEqual([], self.power.mock_calls + self.found.mock_calls)
        self.ops.stop()
        self.lost.return_value.stop.assert_called_once_with()

    def test_request_that_is_lost(self):
        for task in (tasks.POWERING_OFF, tasks.PAUSING, tasks.SHELVING):
            self.assertEqual((vm_states.STOPPED, None),
                             self.give_up(task, vm_states.STOPPED))
        self.assertEqual((vm_states.ERROR, None),
                         self.give_up(tasks.REBUILDING))
        self.assertEqual([], self.power.mock_calls + self.found.mock_calls)

    def test_request_that_is_made_again(self):
        task = tasks.SHELVING_OFFLOADING
        self.assertEqual((vm_states.SHELVED, task),
                         self.give_up(task, vm_states.SHELVED))
        self.api.shelve_offload_instance.assert_called_once()

    def test_request_to_another_host(self):
        self.migrations.append(mock.sentinel.evacuation)
        self.assertEqual((vm_states.ACTIVE, tasks.REBUILDING),
                         self.give_up(tasks.REBUILDING))

    def test_all_are_given_to_the_manager(self):
        self.instance.vm_state = vm_states.ACTIVE
        for task in (None, tasks.RESCUING, tasks.POWERING_ON):
            self.instance.task_state = task
            seen, = self.ops.settle(_C, 'cpu1', [self.instance])
            self.assertIs(self.instance, seen)

    def test_build(self):
        for task in (None, tasks.SCHEDULING, tasks.SPAWNING):
            self.settle(task, vm_states.BUILDING)
        self.assertEqual(2, self.found.destroy.call_count)
        self.assertEqual(tasks.SPAWNING, self.instance.task_state)

    def test_unshelve(self):
        self.instance.system_metadata = {'image_base_image_ref': 'before'}
        self.assertEqual(
            (vm_states.SHELVED_OFFLOADED, None),
            self.settle(tasks.SPAWNING, vm_states.SHELVED_OFFLOADED))
        self.found.destroy.assert_called_once_with(
            _C, self.instance, [], self.known)
        delete = self.virtapi.reportclient.delete_allocation_for_instance
        delete.assert_called_once_with(_C, self.instance.uuid, force=True)
        self.assertIsNone(self.instance.host)
        self.assertEqual('before', self.instance.image_ref)

    def test_unshelve_that_had_not_got_to_a_host(self):
        def make(**fields):
            return instances.instance(
                info_cache=None, vm_state=vm_states.SHELVED_OFFLOADED,
                task_state=tasks.UNSHELVING, **fields)
        claimed, died, other = self.unshelving.return_value = [
            make(host='cpu1'), make(host=None), make(host=None)]
        with mock.patch.object(
                interruptions.actions, 'died_at', autospec=True,
                side_effect=lambda context, instance, host: (
                    instance is died and host == 'cpu1')):
            self.assertEqual([], self.ops.settle(_C, 'cpu1', []))
        self.assertEqual(
            [tasks.UNSHELVING, None, tasks.UNSHELVING],
            [found.task_state for found in (claimed, died, other)])
        delete = self.virtapi.reportclient.delete_allocation_for_instance
        delete.assert_called_once_with(_C, died.uuid, force=True)

    def test_rebuild(self):
        task = tasks.REBUILD_SPAWNING
        for status in ('running', 'created', None):
            self.assertEqual((vm_states.ACTIVE, task),
                             self.settle(task, status=status))
        self.found.destroy.assert_called_once_with(
            _C, self.instance, [], self.known, destroy_vifs=False)
        self.assertEqual((vm_states.ERROR, None),
                         self.settle(task, vm_states.ERROR))

    def test_another_host_rebuilds_it(self):
        self.migrations.append(mock.sentinel.evacuation)
        self.settle(tasks.REBUILD_SPAWNING, vm_states.ERROR, 'created')
        self.assertEqual([], self.found.destroy.mock_calls)
        self.assertEqual(tasks.REBUILD_SPAWNING, self.instance.task_state)

    def test_pause_and_suspend(self):
        for task, done in ((tasks.PAUSING, vm_states.PAUSED),
                           (tasks.SUSPENDING, vm_states.SUSPENDED)):
            self.assertEqual((done, None), self.settle(task, status='paused'))
            self.assertEqual((vm_states.ACTIVE, None),
                             self.settle(task, status='exited'))
        self.assertEqual(2, self.power.silence.call_count)
        self.assertEqual((vm_states.ACTIVE, None),
                         self.settle(tasks.SUSPENDING))

    def test_unpause_and_resume(self):
        self.assertEqual(
            (vm_states.PAUSED, None),
            self.settle(tasks.UNPAUSING, vm_states.PAUSED, 'exited'))
        for status, done in (('running', vm_states.ACTIVE),
                             ('paused', vm_states.SUSPENDED),
                             ('exited', vm_states.SUSPENDED)):
            self.assertEqual((done, None), self.settle(
                tasks.RESUMING, vm_states.SUSPENDED, status))

    def test_rescue(self):
        self.assertEqual((vm_states.ACTIVE, None),
                         self.settle(tasks.RESCUING))
        self.found.put_back.assert_called_once_with(self.instance)
        self.power.power_on.assert_called_once_with(
            _C, self.instance, [], self.known)

    def test_rescue_of_what_did_not_run(self):
        for state in (vm_states.STOPPED, vm_states.ERROR):
            self.assertEqual((state, None),
                             self.settle(tasks.RESCUING, state))
        self.assertEqual([], self.power.power_on.mock_calls)

    def test_unrescue(self):
        self.assertEqual((vm_states.ACTIVE, None), self.settle(
            tasks.UNRESCUING, vm_states.RESCUED))
        self.found.put_back.assert_called_once_with(self.instance)
        self.power.power_on.assert_called_once_with(
            _C, self.instance, [], self.known)

    def test_one_that_fails_and_the_next(self):
        self.power.power_on.side_effect = (
            exception.InstancePowerOnFailure(reason='no'))
        self.assertEqual((vm_states.ERROR, None),
                         self.settle(tasks.RESCUING))
        other = instances.instance(
            info_cache=None, task_state=tasks.UPDATING_PASSWORD,
            vm_state=vm_states.ACTIVE)
        self.instance.task_state = tasks.RESCUING
        self.ops.settle(_C, 'cpu1', [self.instance, other])
        self.assertIsNone(other.task_state)

    def test_shelve(self):
        self.assertEqual((vm_states.ACTIVE, None),
                         self.settle(tasks.SHELVING))
        self.power.power_on.assert_called_once_with(
            _C, self.instance, [], self.known)
        for status, done in (('exited', vm_states.STOPPED),
                             ('paused', vm_states.PAUSED)):
            self.assertEqual((done, None), self.settle(
                tasks.SHELVING_IMAGE_UPLOADING, vm_states.PAUSED, status))

    def test_offload(self):
        self.settle(tasks.SHELVING_OFFLOADING, vm_states.SHELVED)
        self.api.shelve_offload_instance.assert_called_once_with(
            _C, self.instance, clean_shutdown=False, accel_uuids=[])

    def test_what_only_has_to_end(self):
        for task in (tasks.UPDATING_PASSWORD, tasks.IMAGE_BACKUP):
            self.assertEqual((vm_states.ACTIVE, None), self.settle(task))


class ResizesTestCase(InterruptionsCase):

    def setUp(self):
        super().setUp()
        self.context = mock.Mock(migration_id=7)
        self.enterContext(mock.patch.object(
            instance_objects.Instance, 'migration_context',
            new_callable=mock.PropertyMock, create=True,
            side_effect=lambda *value: self.context))

    def test_begin(self):
        """The manager does the rest."""
        for kind in ('resize', 'migration', 'evacuation'):
            self.migrations.append(mock.Mock(
                migration_type=kind, status='pre-migrating'))
        # What it has may be of another resize, or none.
        self.context = None
        for task in (tasks.RESIZE_PREP, tasks.RESIZE_MIGRATING):
            self.assertEqual((vm_states.ACTIVE, task), self.settle(task))
        move = self.virtapi.reportclient.move_allocations
        self.assertEqual(2 * [
            mock.call(_C, migration.uuid, self.instance.uuid)
            for migration in self.migrations[:2]], move.mock_calls)
        self.assertEqual(
            ['error', 'error', 'pre-migrating'],
            [migration.status for migration in self.migrations])

    def test_end(self):
        for count, task in enumerate(
                (tasks.RESIZE_MIGRATED, tasks.RESIZE_FINISH), 1):
            self.instance.old_flavor = instances.instance().flavor
            self.instance.old_flavor.id = 3
            self.instance.old_flavor.memory_mb = 32
            self.settle(task)
            self.assertEqual((3, 32), (self.instance.flavor.id,
                                       self.instance.memory_mb))
            self.assertEqual(tasks.RESIZE_MIGRATED, self.instance.task_state)
            self.assertEqual(count, self.api.finish_resize.call_count)
            self.assertIs(self.migration,
                          self.api.finish_resize.call_args.args[2])

    def test_request_that_is_lost(self):
        migration = mock.Mock(migration_type='resize', status='accepted')
        self.migrations.append(migration)
        self.assertEqual((vm_states.ACTIVE, None),
                         self.give_up(tasks.RESIZE_PREP))
        self.virtapi.reportclient.move_allocations.assert_called_once_with(
            _C, migration.uuid, self.instance.uuid)
        self.assertEqual('error', migration.status)

    def test_request_for_a_revert_that_is_made_again(self):
        self.migration.status = 'reverting'
        task = tasks.RESIZE_REVERTING
        self.assertEqual((vm_states.RESIZED, task),
                         self.give_up(task, vm_states.RESIZED))
        self.api.revert_resize.assert_called_once()

    def test_end_of_nothing(self):
        self.context = None
        self.assertEqual((vm_states.ERROR, None),
                         self.settle(tasks.RESIZE_FINISH))

    def test_revert(self):
        self.migration.status = 'reverting'
        self.settle(tasks.RESIZE_REVERTING, vm_states.RESIZED)
        self.assertIs(self.migration,
                      self.api.revert_resize.call_args.args[2])
        self.migration.status = 'reverted'
        self.settle(tasks.RESIZE_REVERTING, vm_states.RESIZED)
        self.assertIs(self.migration,
                      self.api.finish_revert_resize.call_args.args[2])

    def test_revert_that_is_done(self):
        self.context = None
        self.assertEqual((vm_states.ACTIVE, None), self.settle(
            tasks.RESIZE_REVERTING, vm_states.RESIZED))

    def test_confirm(self):
        self.migration.status = 'finished'
        self.settle(None, vm_states.RESIZED)
        self.api.confirm_resize.assert_not_called()
        self.migration.status = 'confirming'
        self.settle(None, vm_states.RESIZED)
        self.assertIs(self.migration,
                      self.api.confirm_resize.call_args.args[2])


class OlderNovaTestCase(InterruptionsCase):

    def test_asks_for_the_instances(self):
        self.instance.task_state = tasks.UPDATING_PASSWORD
        self.instance.vm_state = vm_states.ACTIVE
        with mock.patch.object(
                instance_objects.InstanceList, 'get_by_host',
                return_value=[self.instance]) as get:
            self.ops.settle_host('cpu1')
        self.assertEqual('cpu1', get.call_args.args[1])
        self.assertIsNone(self.instance.task_state)
