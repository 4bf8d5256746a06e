from unittest import mock

from nova.compute import vm_states
from nova import exception
from nova.objects import instance_info_cache

from novacontainer.client import exceptions
from novacontainer.virt import powerops
from tests import instances
from tests.unit.virt import rig


class PowerOpsTestCase(rig.OpsTestCase):

    def setUp(self):
        super().setUp()
        self.ops = powerops.PowerOps(
            self.client, self.container_ops, self.network, self.volumes)


class PowerTestCase(PowerOpsTestCase):

    def power_on(self, *volumes):
        self.ops.power_on(mock.sentinel.context, self.instance, rig.NETWORK,
                          *volumes)

    def reboot(self, kind, *volumes):
        self.ops.reboot(
            mock.sentinel.context, self.instance, rig.NETWORK, kind,
            *volumes)

    def test_power_off(self):
        self.ops.power_off(self.instance, 60)
        self.containers.stop.assert_called_once_with(
            f'nova-{self.instance.uuid}', 60, None)

    def test_what_is_off_is_silent(self):
        """The kernel would answer for it."""
        self.ops.power_off(self.instance)
        self.assertEqual(['stop', 'silence'], self.steps)
        self.network.silence.assert_called_once_with(
            self.instance, rig.NETWORK)

    def test_network_that_nova_has_not_looked_at_yet(self):
        self.instance.info_cache = instance_info_cache.InstanceInfoCache(
            network_info=None)
        self.ops.power_off(self.instance)
        self.network.silence.assert_called_once_with(self.instance, [])

    def test_power_off_nothing(self):
        self.note(self.containers, 'stop', self.missing())
        self.ops.power_off(self.instance)
        self.assertEqual(['stop'], self.steps)

    def test_power_off_fails(self):
        self.note(self.containers, 'stop', exceptions.Failed('stuck'))
        self.assertRaises(exception.InstancePowerOffFailure,
                          self.ops.power_off, self.instance)

    def test_power_on(self):
        self.status('exited')
        self.power_on()
        self.assertEqual(['init', 'plug', 'start'], self.steps)

    def test_power_on_does_not_wait_for_neutron(self):
        """A port that stayed up is not reported again."""
        self.status('exited')
        self.power_on()
        self.network.wait_for_plugged.assert_not_called()

    def test_power_on_what_runs(self):
        for status in ('running', 'paused'):
            self.status(status)
            self.power_on()
        self.assertEqual([], self.steps)

    def test_power_on_nothing(self):
        self.containers.inspect.side_effect = self.missing()
        self.assertRaises(exception.InstanceNotFound, self.power_on)

    def test_power_on_fails(self):
        self.status('exited')
        self.note(self.containers, 'start', exceptions.Failed('oops'))
        self.assertRaises(exception.InstancePowerOnFailure, self.power_on)

    def test_soft_reboot_is_one_request(self):
        """A nova-compute that dies meanwhile leaves nothing stopped."""
        self.conf.config(reboot_timeout=7, group='novacontainer')
        self.reboot('SOFT')
        self.assertEqual(['restart'], self.steps)
        self.containers.restart.assert_called_once_with(
            f'nova-{self.instance.uuid}', 7)

    def test_reboot_of_what_does_not_run(self):
        self.status('exited')
        for kind in ('SOFT', 'HARD'):
            self.steps.clear()
            self.reboot(kind)
            self.assertEqual(['stop', 'init', 'plug', 'start'], self.steps)
            self.containers.stop.assert_called_with(
                mock.ANY, 0, 'KILL')

    def test_hard_reboot(self):
        def stop(name, timeout_s, signal):
            self.status('exited')
            return mock.DEFAULT

        self.containers.stop.side_effect = stop
        self.reboot('HARD')
        self.assertEqual(['init', 'plug', 'start'], self.steps)

    def test_reboot_fails(self):
        for verb in ('stop', 'restart'):
            self.note(self.containers, verb, exceptions.Failed('stuck'))
        for kind in ('SOFT', 'HARD'):
            self.assertRaises(
                exception.InstanceRebootFailure, self.reboot, kind)

    def test_hard_reboot_of_what_was_removed_by_hand(self):
        self.note(self.containers, 'stop', self.missing())
        self.images.describe.return_value = instances.image_meta()
        self.status('created')
        self.reboot('HARD')
        self.assertEqual(['stop', 'create', 'init', 'plug', 'start'],
                         self.steps)
        self.images.describe.assert_called_once_with(
            mock.sentinel.context, self.instance)

    def test_after_a_rescue_that_failed_with_the_runtime(self):
        """What runs then is the instance, not what was to rescue it."""
        for start in (self.power_on, lambda: self.reboot('HARD')):
            self.containers.inspect.side_effect = None
            self.status('exited')
            start()
            self.containers.rename.assert_called_once_with(
                f'nova-{self.instance.uuid}-rescued',
                f'nova-{self.instance.uuid}')
            self.assertEqual(['remove', 'init', 'plug', 'start'],
                             self.steps[-4:])
            self.containers.rename.reset_mock()

    def test_hard_reboot_of_what_a_build_left(self):
        """It is no whole instance, and is made anew."""
        self.leftovers.note(
            f'nova-{self.instance.uuid}', self.containers.remove)
        self.images.describe.return_value = instances.image_meta()
        self.status('created')
        self.containers.stop.side_effect = self.missing()
        self.reboot('HARD')
        self.assertEqual(['remove', 'create', 'init', 'plug', 'start'],
                         self.steps)

    def test_while_it_is_rescued(self):
        self.instance.vm_state = vm_states.RESCUED
        self.containers.inspect.side_effect = None
        self.status('exited')
        self.power_on()
        self.reboot('HARD')
        self.containers.rename.assert_not_called()

    def test_soft_reboot_of_what_was_removed_by_hand(self):
        self.containers.inspect.side_effect = self.missing()
        self.assertRaises(exception.InstanceRebootFailure, self.reboot,
                          'SOFT')
        self.containers.inspect.side_effect = None
        self.status('exited')
        self.note(self.containers, 'stop', self.missing())
        self.assertRaises(exception.InstanceRebootFailure, self.reboot,
                          'SOFT')
        self.assertEqual(['stop'], self.steps)

    def test_hard_reboot_without_an_image(self):
        self.note(self.containers, 'stop', self.missing())
        self.images.describe.side_effect = exception.ImageNotFound(
            image_id='x')
        self.assertRaises(exception.ImageNotFound, self.reboot, 'HARD')
        self.assertEqual(['stop'], self.steps)

    def test_power_on_with_volumes(self):
        """Without their devices the runtime would refuse it."""
        self.note_volumes()
        self.status('exited')
        self.power_on(mock.sentinel.volumes)
        self.assertEqual(['connect', 'init', 'plug', 'start'], self.steps)
        self.volumes.connect.assert_called_once_with(
            mock.sentinel.context, self.instance, mock.sentinel.volumes)

    def test_volume_that_cannot_be_connected(self):
        self.status('exited')
        self.note(self.volumes, 'connect', exception.VolumeAttachFailed(
            volume_id='v', reason='no'))
        self.assertRaises(exception.VolumeAttachFailed, self.power_on,
                          mock.sentinel.volumes)
        self.assertEqual(['connect'], self.steps)

    def test_soft_reboot_leaves_volumes_alone(self):
        self.note_volumes()
        self.reboot('SOFT', mock.sentinel.volumes)
        self.assertEqual(['restart'], self.steps)

    def test_soft_reboot_that_misses_a_device(self):
        self.note_volumes()
        self.note(self.containers, 'restart', exceptions.InvalidRequest(
            'It has gone.', 'container.invalid_device'))
        self.containers.stop.side_effect = lambda *args: self.status('exited')
        self.reboot('SOFT', mock.sentinel.volumes)
        self.assertEqual(['restart', 'connect', 'init', 'plug', 'start'],
                         self.steps)

    def test_soft_reboot_that_is_refused(self):
        self.note(self.containers, 'restart',
                  exceptions.InvalidRequest('Something else.'))
        self.assertRaises(exception.InstanceRebootFailure, self.reboot,
                          'SOFT', mock.sentinel.volumes)

    def test_hard_reboot_connects_volumes_anew(self):
        self.note_volumes()
        self.status('exited')
        self.reboot('HARD', mock.sentinel.volumes)
        self.assertEqual(
            ['stop', 'disconnect', 'connect', 'init', 'plug', 'start'],
            self.steps)

    def test_resume_on_host_boot_with_volumes(self):
        self.note_volumes()
        self.status('exited')
        self.ops.resume_state_on_host_boot(
            mock.sentinel.context, self.instance, rig.NETWORK,
            mock.sentinel.volumes)
        self.assertEqual(['connect', 'init', 'plug', 'start'], self.steps)

    def test_resume_on_host_boot(self):
        self.status('exited')
        self.ops.resume_state_on_host_boot(
            mock.sentinel.context, self.instance, rig.NETWORK)
        self.assertEqual(['init', 'plug', 'start'], self.steps)

    def test_resume_what_runs(self):
        for status in ('running', 'paused'):
            self.status(status)
            self.ops.resume_state_on_host_boot(
                mock.sentinel.context, self.instance, rig.NETWORK)
        self.assertEqual([], self.steps)

    def test_pause(self):
        self.ops.pause(self.instance)
        self.ops.unpause(self.instance)
        self.assertEqual(['pause', 'silence', 'plug', 'unpause'], self.steps)
        self.network.plug.assert_called_once_with(
            None, self.instance, rig.NETWORK, rig.NETNS)

    def test_pause_twice(self):
        self.note(self.containers, 'pause',
                  exceptions.Conflict('is paused', 'container.paused'))
        self.note(self.containers, 'unpause',
                  exceptions.Conflict('is not', 'container.not_paused'))
        self.ops.pause(self.instance)
        self.ops.unpause(self.instance)

    def test_pause_what_does_not_run(self):
        self.note(self.containers, 'pause',
                  exceptions.Conflict('No.', 'container.not_running'))
        self.assertRaises(exception.InstanceNotRunning,
                          self.ops.pause, self.instance)

    def test_pause_nothing(self):
        self.note(self.containers, 'pause', self.missing())
        self.note(self.containers, 'unpause', self.missing())
        for step in (self.ops.pause, self.ops.unpause):
            self.assertRaises(
                exception.InstanceNotFound, step, self.instance)


class SuspendTestCase(PowerOpsTestCase):

    def resume(self):
        self.ops.resume(mock.sentinel.context, self.instance, rig.NETWORK)

    def test_memory_is_given_back(self):
        self.ops.suspend(self.instance)
        self.containers.pause.assert_called_once_with(
            f'nova-{self.instance.uuid}', reclaim=True)
        self.assertEqual(['pause', 'silence'], self.steps)

    def test_frozen_already(self):
        """nova-compute died in the middle of a suspend."""
        self.note(self.containers, 'pause',
                  exceptions.Conflict('is paused', 'container.paused'))
        self.ops.suspend(self.instance)
        self.assertEqual(['pause', 'silence'], self.steps)

    def test_suspend_what_does_not_run(self):
        """Nova puts the instance back to where it was."""
        self.note(self.containers, 'pause',
                  exceptions.Conflict('No.', 'container.not_running'))
        error = self.assertRaises(exception.InstanceFaultRollback,
                                  self.ops.suspend, self.instance)
        self.assertIsInstance(error.inner_exception,
                              exception.InstanceNotRunning)

    def test_suspend_nothing(self):
        """It stays what it is; a hard reboot makes it anew."""
        self.note(self.containers, 'pause', self.missing())
        self.assertRaises(exception.InstanceFaultRollback,
                          self.ops.suspend, self.instance)

    def test_resume(self):
        self.status('paused')
        self.resume()
        self.assertEqual(['plug', 'unpause'], self.steps)

    def test_resume_after_the_host_was_rebooted(self):
        self.status('exited')
        self.resume()
        self.assertEqual(['init', 'plug', 'start'], self.steps)

    def test_resume_after_the_host_was_rebooted_with_volumes(self):
        self.note_volumes()
        self.status('exited')
        self.ops.resume(mock.sentinel.context, self.instance, rig.NETWORK,
                        mock.sentinel.volumes)
        self.assertEqual(['connect', 'init', 'plug', 'start'], self.steps)

    def test_resume_what_runs(self):
        self.resume()
        self.assertEqual([], self.steps)

    def test_resume_nothing(self):
        self.containers.inspect.side_effect = self.missing()
        self.assertRaises(exception.InstanceFaultRollback, self.resume)


class PlugVifsTestCase(PowerOpsTestCase):

    def plug_vifs(self):
        self.ops.plug_vifs(mock.sentinel.context, self.instance, rig.NETWORK)

    def test_running(self):
        self.plug_vifs()
        self.network.plug.assert_called_once_with(
            mock.sentinel.context, self.instance, rig.NETWORK, rig.NETNS)

    def test_not_running(self):
        for status in ('created', 'exited', 'paused'):
            self.status(status)
            self.plug_vifs()
        self.containers.inspect.side_effect = self.missing()
        self.plug_vifs()
        self.assertEqual([], self.steps)
