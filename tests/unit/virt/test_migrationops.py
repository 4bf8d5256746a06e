from unittest import mock

from nova import exception
from nova import objects

from novacontainer.client import exceptions
from novacontainer.client import images
from novacontainer.virt import migrationops
from novacontainer.virt import powerops
from tests.unit.virt import rig

_C = mock.sentinel.context
_GIB = 1 << 30


class MigrationOpsTestCase(rig.OpsTestCase):

    def setUp(self):
        super().setUp()
        self.conf.config(my_ip='192.0.2.7')
        self.note(self.containers, 'update')
        self.ops = migrationops.MigrationOps(
            self.client, powerops.PowerOps(
                self.client, self.container_ops, self.network,
                self.volumes), self.volumes)
        self.client.images = mock.create_autospec(
            images.Images, instance=True)
        self.client.images.get.return_value = images.Image(
            'sha256:1', (), (), 100)
        self.instance.flavor = self.flavor(root_gb=5)

    def flavor(self, **fields):
        return objects.Flavor(**{
            'name': 'm1', 'memory_mb': 64, 'vcpus': 2, 'root_gb': 1,
            'ephemeral_gb': 0, 'swap': 0, 'extra_specs': {}, **fields})

    def bodies(self):
        for call in self.containers.update.call_args_list:
            self.assertEqual(f'nova-{self.instance.uuid}', call.args[0])
        return [call.args[1] for call in
                self.containers.update.call_args_list]


class OutTestCase(MigrationOpsTestCase):

    def out(self, flavor=None, dest='192.0.2.7', volumes=None):
        return self.ops.migrate_disk_and_power_off(
            _C, self.instance, dest, flavor or self.flavor(), rig.NETWORK,
            30, volumes)

    def assertRollsBack(self, kind, words, **kwargs):
        error = self.assertRaises(
            exception.InstanceFaultRollback, self.out, **kwargs)
        self.assertIsInstance(error.inner_exception, kind)
        self.assertIn(words, str(error.inner_exception))

    def test_larger(self):
        self.assertEqual('', self.out(self.flavor(root_gb=9)))
        self.assertEqual(['stop', 'silence'], self.steps)
        self.containers.stop.assert_called_once_with(mock.ANY, 30, None)

    def test_smaller_disk_is_made_at_once(self):
        self.out()
        self.assertEqual(['stop', 'silence', 'update'], self.steps)
        self.assertEqual([{'StorageOpt': {'size': '1G'}}], self.bodies())

    def test_nonsense_is_refused_before_anything_is_stopped(self):
        for key, words in (('quota:cpu_period', 'quota:cpu_period'),
                           ('quota:vif_inbound_average', 'quota:vif')):
            self.assertRollsBack(
                exception.InvalidInput, words,
                flavor=self.flavor(extra_specs={key: 'many'}))
        self.assertEqual([], self.steps)

    def test_other_disk_io(self):
        self.assertRollsBack(
            exception.ResizeError, 'quota:disk_read_iops_sec',
            flavor=self.flavor(
                extra_specs={'quota:disk_read_iops_sec': '100'}))
        self.assertEqual([], self.steps)

    def test_disks_without_a_limit(self):
        self.conf.config(limit_root_disk=False, group='novacontainer')
        self.out()
        self.assertEqual(['stop', 'silence'], self.steps)

    def test_files_do_not_fit(self):
        """It runs again, as if nothing had been asked."""
        self.note(self.containers, 'update', exceptions.Conflict(
            'They do not fit.', 'storage.too_small'))
        stop = self.containers.stop.side_effect

        def stopped(*args):
            self.status('exited')
            return stop(*args)

        self.containers.stop.side_effect = stopped
        self.assertRollsBack(exception.ResizeError, 'They do not fit.')
        self.assertEqual(
            ['stop', 'silence', 'update', 'init', 'plug', 'start'],
            self.steps)

    def test_volumes_are_disconnected_last(self):
        self.note_volumes()
        self.out(volumes=mock.sentinel.volumes)
        self.assertEqual(['stop', 'silence', 'update', 'disconnect'],
                         self.steps)
        self.volumes.disconnect.assert_called_once_with(
            _C, self.instance, mock.sentinel.volumes)

    def test_volumes_when_the_files_do_not_fit(self):
        self.note_volumes()
        self.note(self.containers, 'update', exceptions.Conflict('No.'))
        self.containers.stop.side_effect = lambda *args: self.status('exited')
        self.assertRollsBack(exception.ResizeError, 'No.',
                             volumes=mock.sentinel.volumes)
        self.assertEqual(
            ['silence', 'update', 'connect', 'init', 'plug', 'start'],
            self.steps)

    def test_files_do_not_fit_and_it_does_not_start_either(self):
        self.note(self.containers, 'update', exceptions.Conflict('first'))
        self.containers.stop.side_effect = lambda *args: self.status('exited')
        self.note(self.containers, 'start', exceptions.Failed('second'))
        self.assertRollsBack(exception.ResizeError, 'first')

    def test_what_was_stopped_stays_so(self):
        self.status('exited')
        self.note(self.containers, 'update', exceptions.Conflict('No.'))
        self.assertRollsBack(exception.ResizeError, 'No.')
        self.assertEqual(['stop', 'silence', 'update'], self.steps)

    def test_image_larger_than_the_disk(self):
        self.client.images.get.return_value = images.Image(
            'sha256:1', (), (), 2 * _GIB)
        self.assertRollsBack(exception.FlavorDiskSmallerThanImage,
                             'too small')
        self.assertEqual([], self.steps)

    def test_another_host(self):
        self.assertRollsBack(exception.MigrationError,
                             'allow_resize_to_same_host', dest='192.0.2.8')
        self.assertEqual([], self.steps)

    def test_what_is_decided_at_the_build(self):
        self.assertRollsBack(
            exception.ResizeError, 'novacontainer:init', flavor=self.flavor(
                extra_specs={'novacontainer:init': 'true'}))
        self.assertEqual([], self.steps)
        self.out(self.flavor(extra_specs={'novacontainer:pids': '5'}))

    def test_ephemeral_disks_keep_their_size(self):
        self.assertRollsBack(exception.ResizeError, 'ephemeral',
                             flavor=self.flavor(ephemeral_gb=1))
        self.assertEqual([], self.steps)

    def test_nonsense_in_the_flavor(self):
        self.assertRollsBack(
            exception.InvalidInput, 'pids', flavor=self.flavor(
                extra_specs={'novacontainer:pids': 'many'}))

    def test_removed_by_hand(self):
        self.containers.inspect.side_effect = self.missing()
        self.assertRollsBack(exception.InstanceNotFound, '')

    def test_runtime_away(self):
        self.note(self.containers, 'stop',
                  exceptions.ConnectionFailed('The socket is gone.'))
        self.assertRollsBack(exception.HypervisorUnavailable, 'socket')


class FinishTestCase(MigrationOpsTestCase):

    def test_limits_then_start(self):
        self.status('exited')
        self.ops.finish_migration(_C, self.instance, rig.NETWORK, True)
        self.assertEqual(['update', 'update', 'init', 'plug', 'start'],
                         self.steps)
        limits, disk = self.bodies()
        self.assertEqual(64 << 20, limits['Memory'])
        self.assertEqual(200_000, limits['CpuQuota'])
        self.assertEqual({'StorageOpt': {'size': '5G'}}, disk)

    def test_stays_stopped(self):
        self.ops.finish_migration(_C, self.instance, rig.NETWORK, False)
        self.ops.finish_revert_migration(
            _C, self.instance, rig.NETWORK, False)
        self.assertEqual(['update'] * 4, self.steps)

    def test_volumes(self):
        self.note_volumes()
        for finish in (self.ops.finish_migration,
                       self.ops.finish_revert_migration):
            for power_on, steps in (
                    (True, ['connect', 'init', 'plug', 'start']),
                    (False, ['connect'])):
                self.status('exited')
                self.steps.clear()
                finish(_C, self.instance, rig.NETWORK, power_on,
                       mock.sentinel.volumes)
                self.assertEqual(steps, self.steps[2:])
                self.volumes.connect.assert_called_with(
                    _C, self.instance, mock.sentinel.volumes)

    def test_no_room(self):
        self.note(self.containers, 'update', exceptions.Failed('full'))
        self.assertRaises(exception.ResizeError, self.ops.finish_migration,
                          _C, self.instance, rig.NETWORK, True)
        self.assertEqual(['update'], self.steps)

    def test_host_without_the_programs(self):
        self.note(self.containers, 'update', exceptions.NotSupported('mkfs'))
        self.assertRaises(exception.ResizeError, self.ops.finish_migration,
                          _C, self.instance, rig.NETWORK, True)

    def test_revert(self):
        self.status('exited')
        self.ops.finish_revert_migration(
            _C, self.instance, rig.NETWORK, True)
        self.assertEqual(['update', 'update', 'init', 'plug', 'start'],
                         self.steps)

    def test_revert_of_what_has_grown(self):
        self.status('exited')

        def update(name, body, timeout_s):
            if 'StorageOpt' in body:
                raise exceptions.Conflict('full', 'storage.too_small')

        self.containers.update.side_effect = update
        self.ops.finish_revert_migration(
            _C, self.instance, rig.NETWORK, True)
        self.assertEqual(['init', 'plug', 'start'], self.steps)
