from unittest import mock

from nova.compute import task_states as tasks
from nova import exception
from nova.objects import instance as instance_objects

from novacontainer.virt import conf
from novacontainer.virt import lostrequests
from tests import instances
from tests.unit.virt import rig


class LostRequestsTestCase(rig.OpsTestCase):

    def setUp(self):
        super().setUp()
        self.instance = instances.instance(task_state=tasks.PAUSING)
        self.timer = self.enterContext(mock.patch.object(
            lostrequests.threading, 'Timer', autospec=True))
        self.get = self.enterContext(mock.patch.object(
            instance_objects.Instance, 'get_by_uuid',
            return_value=self.instance))
        self.awaited = self.enterContext(mock.patch.object(
            lostrequests.actions, 'awaited', autospec=True, return_value=7))
        self.give_up = mock.Mock()
        self.lost = lostrequests.LostRequests(self.give_up, ['flavor'])

    def look(self, awaited):
        """Let the time pass for which it waits; returns what is given up."""
        self.lost.watch(awaited)
        _, look, args = self.timer.call_args.args
        look(*args)
        return [call.args[1] for call in self.give_up.call_args_list]

    def test_one_that_has_not_come(self):
        self.assertEqual([self.instance], self.look({'u': 7}))
        self.assertEqual(600, self.timer.call_args.args[0])
        self.timer.return_value.start.assert_called_once_with()
        self.assertTrue(self.timer.return_value.daemon)
        self.get.assert_called_once_with(
            mock.ANY, 'u', expected_attrs=['flavor'])

    def test_one_that_has_come(self):
        self.awaited.return_value = None
        self.assertEqual([], self.look({'u': 7}))

    def test_another_one(self):
        self.awaited.return_value = 8
        self.assertEqual([], self.look({'u': 7}))

    def test_an_instance_that_is_gone_and_the_next(self):
        self.get.side_effect = [
            exception.InstanceNotFound(instance_id='u'), self.instance]
        self.assertEqual([self.instance], self.look({'u': 7, 'v': 7}))

    def test_nothing_to_wait_for(self):
        self.lost.watch({})
        conf.CONF.set_override('lost_request_timeout', 0, conf.GROUP)
        self.addCleanup(conf.CONF.clear_override, 'lost_request_timeout',
                        conf.GROUP)
        self.lost.watch({'u': 7})
        self.timer.assert_not_called()

    def test_stop(self):
        self.lost.stop()
        self.lost.watch({'u': 7})
        self.lost.stop()
        self.timer.return_value.cancel.assert_called_once_with()
