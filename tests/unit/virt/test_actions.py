import types
import unittest
from unittest import mock

from nova.compute import task_states

from novacontainer.virt import actions
from tests import instances

_C = mock.sentinel.context


def _event(name, result=None, host='cpu1'):
    return types.SimpleNamespace(event=name, result=result, host=host)


class ActionsTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.instance = instances.instance(task_state=task_states.RESCUING)
        self.names = ['rescue', 'create']
        self.events = []
        self.objects = self.enterContext(mock.patch.object(
            actions, 'action_objects'))
        self.objects.InstanceActionList.get_by_instance_uuid.side_effect = (
            lambda context, uuid: [
                types.SimpleNamespace(
                    id=number, action=name, created_at=-number)
                for number, name in enumerate(self.names)])
        self.get_events = (
            self.objects.InstanceActionEventList.get_by_action)
        self.get_events.side_effect = lambda context, number: self.events

    def assertAwaits(self, wanted):
        self.assertEqual(wanted, actions.awaited(_C, self.instance))

    def test_nothing_was_begun(self):
        self.assertAwaits(0)
        self.get_events.assert_called_once_with(_C, 0)
        self.events = [_event('conductor_migrate_server')]
        self.assertAwaits(0)

    def test_it_was_begun(self):
        self.events = [_event('compute_rescue_instance')]
        self.assertAwaits(None)

    def test_it_has_failed(self):
        self.events = [_event('compute_rescue_instance', 'Error')]
        self.assertAwaits(None)

    def test_it_goes_on_in_the_background(self):
        self.instance.task_state = task_states.IMAGE_UPLOADING
        self.events = [_event('compute_snapshot_instance', 'Success')]
        self.assertAwaits(None)

    def test_parts(self):
        """The next one was sent to the same that died."""
        self.instance.task_state = task_states.RESIZE_MIGRATED
        self.events = [_event('compute_resize_instance', 'Success'),
                       _event('compute_prep_resize', 'Success')]
        self.assertAwaits(None)

    def test_locked_meanwhile(self):
        self.names = ['unlock', 'lock', 'rescue', 'create']
        self.assertAwaits(2)
        self.get_events.assert_called_once_with(_C, 2)

    def test_no_action(self):
        self.names = []
        self.assertAwaits(None)

    def test_where_it_was_begun(self):
        def died():
            return actions.died_at(_C, self.instance, 'cpu1')

        for events, wanted in (
                ([], False),
                ([_event('conductor_unshelve_instance')], False),
                ([_event('compute_unshelve_instance')], True),
                ([_event('compute_unshelve_instance', host='cpu2')], False),
                ([_event('compute_unshelve_instance', 'Success')], False)):
            self.events = events
            self.assertIs(wanted, died())
        self.names = []
        self.assertFalse(died())

    def test_no_task_or_one_that_goes_on(self):
        for task in (None, task_states.DELETING):
            self.instance.task_state = task
            self.assertAwaits(None)
        self.get_events.assert_not_called()

    def assertAttachBegun(self, wanted, events, created_at=-1):
        self.get_events.side_effect = lambda context, number: events[number]
        self.assertIs(wanted, actions.attach_begun(_C, types.SimpleNamespace(
            instance_uuid=self.instance.uuid, created_at=created_at)))

    def test_attachments(self):
        """Only those since the volume has been the instance's count."""
        self.names = ['attach_volume', 'attach_volume', 'attach_volume']
        begun = [_event('compute_attach_volume')]
        self.assertAttachBegun(True, {0: begun, 1: begun})
        self.assertAttachBegun(False, {0: [], 1: begun})
        self.assertAttachBegun(False, {0: begun, 1: []})
        self.assertAttachBegun(False, {}, created_at=1)

    def test_no_attachment(self):
        self.names = ['reboot', 'create']
        self.assertAttachBegun(False, {})

    def test_detachment(self):
        self.names = ['reboot', 'detach_volume', 'detach_volume']
        events = {2: [_event('compute_detach_volume')]}
        for result, wanted in ((None, True), ('Success', False),
                               ('Error', False)):
            events[1] = [_event('compute_detach_volume', result)]
            self.get_events.side_effect = lambda context, id: events[id]
            self.assertIs(
                wanted, actions.detach_died(_C, self.instance.uuid))
        self.names = ['create']
        self.assertFalse(actions.detach_died(_C, self.instance.uuid))
