import threading
import time
from unittest import mock

import fixtures
from nova.virt import event as virtevent
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import events
from novacontainer.client import exceptions
from novacontainer.virt import lifecycle

_LABEL = 'org.openstack.nova.instance'
_ONE = '11111111-0000-4000-8000-000000000001'
_TWO = '22222222-0000-4000-8000-000000000002'


def _event(action, uuid=_ONE, time_ns=5, **attributes):
    return events.Event(
        'container', action, 'f00',
        {_LABEL: uuid, 'name': f'nova-{uuid}', **attributes} if uuid else {},
        time_ns)


#: The daemon ends the stream, instead of being silent from there on.
_END = object()


class _Streams:
    """Plays one list of events and errors after another."""

    def __init__(self, *streams):
        self.streams = list(streams)
        self.asked = []
        self.finished = threading.Event()

    def stream(self, filters, since_ns, idle_s):
        self.asked.append(since_ns)
        if not self.streams:
            self.finished.set()
            # Silence takes time; and a green thread has to let others run.
            time.sleep(0.01)
            raise exceptions.TimedOut('Silence.')
        for item in self.streams.pop(0):
            if item is _END:
                return
            if isinstance(item, Exception):
                raise item
            yield item
        raise exceptions.TimedOut('Silence.')


class LifecycleTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(
            fixtures.MockPatchObject(lifecycle, '_RETRY_S', 0.01))
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        self.statuses({})
        self.emitted = []
        self.tidy = mock.Mock()
        self.follower = lifecycle.Lifecycle(
            self.client,
            lambda event: self.emitted.append(
                (event.get_instance_uuid(), event.get_transition())),
            self.tidy)

    def statuses(self, *answers):
        """What the runtime lists, call by call: status by uuid."""
        lists = [
            answer if isinstance(answer, Exception) else
            [containers.Container(
                'f00', f'nova-{uuid}', status, '', {_LABEL: uuid})
             for uuid, status in answer.items()]
            for answer in answers]
        self.client.containers.list.side_effect = lists

    def follow(self, *streams):
        played = _Streams(*streams)
        self.client.events = played
        self.follower.start()
        thread = self.follower._thread
        self.assertTrue(played.finished.wait(10))
        self.follower.stop()
        thread.join(10)
        self.assertFalse(thread.is_alive())
        return played

    def test_every_transition(self):
        self.statuses({_ONE: 'created'})
        self.follow([_event('start'), _event('pause'), _event('unpause'),
                     _event('die')])
        self.assertEqual(
            [(_ONE, virtevent.EVENT_LIFECYCLE_STARTED),
             (_ONE, virtevent.EVENT_LIFECYCLE_PAUSED),
             (_ONE, virtevent.EVENT_LIFECYCLE_RESUMED),
             (_ONE, virtevent.EVENT_LIFECYCLE_STOPPED)], self.emitted)

    def test_what_nobody_asked_for(self):
        self.follow([_event('create'), _event('die', uuid=None),
                     _event('exec_start')])
        self.assertEqual([], self.emitted)

    def test_the_container_that_is_rescued_is_not_the_instance(self):
        self.follow([_event('die', name=f'nova-{_ONE}-rescued')])
        self.assertEqual([], self.emitted)

    def test_the_same_twice_is_reported_once(self):
        self.follow([_event('die'), _event('die')])
        self.assertEqual(
            [(_ONE, virtevent.EVENT_LIFECYCLE_STOPPED)], self.emitted)

    def test_state_at_the_start_is_not_news(self):
        self.statuses({_ONE: 'exited'})
        self.follow()
        self.assertEqual([], self.emitted)

    def test_silence_goes_on_where_it_stopped(self):
        played = self.follow(
            [_event('start', time_ns=2 ** 62)], [])
        self.assertEqual(2 ** 62 + 1, played.asked[1])

    def test_what_a_gap_has_hidden(self):
        self.statuses({_ONE: 'running', _TWO: 'running'},
                      exceptions.ConnectionFailed('Still away.'),
                      {_ONE: 'exited', _TWO: 'running'})
        self.follow([exceptions.ConnectionFailed('Cut.')])
        self.assertEqual(
            [(_ONE, virtevent.EVENT_LIFECYCLE_STOPPED),
             (_TWO, virtevent.EVENT_LIFECYCLE_STARTED)], self.emitted)

    def test_what_was_told_before_a_gap(self):
        """Nova ignored it if a stop had lost the runtime by then."""
        self.statuses({_ONE: 'running'}, {_ONE: 'exited', _TWO: 'paused'})
        self.follow([_event('die'), exceptions.ConnectionFailed('Cut.'),
                     _event('die')], [_event('die')])
        self.assertEqual(
            [(_ONE, virtevent.EVENT_LIFECYCLE_STOPPED),
             (_ONE, virtevent.EVENT_LIFECYCLE_STOPPED),
             (_TWO, virtevent.EVENT_LIFECYCLE_PAUSED)], self.emitted)

    def test_tidied_up(self):
        """Beside the silences, after the gap."""
        self.statuses({}, {})
        played = self.follow([exceptions.ConnectionFailed('Cut.')], [])
        self.assertGreaterEqual(self.tidy.call_count, len(played.asked) - 1)

    def test_stream_that_just_ends(self):
        """A daemon that is stopped ends its streams properly."""
        self.statuses({_ONE: 'running'}, {_ONE: 'paused'})
        self.follow([_END])
        self.assertEqual(
            [(_ONE, virtevent.EVENT_LIFECYCLE_PAUSED)], self.emitted)

    def test_destroyed_is_forgotten(self):
        self.statuses({_ONE: 'running'})
        self.follow([_event('die'), _event('destroy')])
        self.assertEqual({}, self.follower._states)

    def test_runtime_away_at_the_start(self):
        self.statuses(exceptions.ConnectionFailed('Away.'))
        self.assertRaises(
            exceptions.ConnectionFailed, self.follower.start)

    def test_stopped_while_the_runtime_is_away(self):
        self.client.containers.list.side_effect = [
            [], *[exceptions.ConnectionFailed('Away.')] * 1000]
        self.client.events = _Streams([exceptions.ConnectionFailed('Cut.')])
        self.follower.start()
        self.follower.stop()
        self.follower._thread.join(10)
        self.assertFalse(self.follower._thread.is_alive())
