import datetime

from oslotest import base

from novacontainer.runtime import models
from novacontainer.runtime.service import events


def event(time_ns, action='start'):
    return models.Event('container', action, 'c1', {}, time_ns)


class EventHubTest(base.BaseTestCase):

    def test_subscriber_gets_each_event_once_in_order(self):
        hub, seen = events.EventHub(), []
        unsubscribe = hub.subscribe(seen.append)
        hub.publish(event(1))
        hub.publish(event(2))
        unsubscribe()
        unsubscribe()
        hub.publish(event(3))
        self.assertEqual([1, 2], [item.time_ns for item in seen])

    def test_the_same_callback_may_subscribe_twice(self):
        hub, seen = events.EventHub(), []
        first = hub.subscribe(seen.append)
        hub.subscribe(seen.append)
        first()
        hub.publish(event(1))
        self.assertEqual(1, len(seen))

    def test_history_is_inclusive_and_bounded(self):
        hub = events.EventHub(history=3)
        for time_ns in (1, 2, 3, 4):
            hub.publish(event(time_ns))
        self.assertEqual([2, 3, 4],
                         [e.time_ns for e in hub.history(0, 99)])
        self.assertEqual([3], [e.time_ns for e in hub.history(3, 3)])

    def test_container_event_has_dockers_attributes(self):
        container = models.Container(
            id='c1', name='web', image_id='sha256:1', image_name='nginx',
            config={'Labels': {'a': 'b'}}, host_config={}, id_map=None,
            created=datetime.datetime.now(datetime.UTC))
        made = events.container_event(container, 'die', {'exitCode': '3'})
        self.assertEqual(('container', 'die', 'c1'),
                         (made.type, made.action, made.actor_id))
        self.assertEqual(
            {'a': 'b', 'image': 'nginx', 'name': 'web', 'exitCode': '3'},
            made.attributes)
