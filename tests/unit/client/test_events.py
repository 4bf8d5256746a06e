import threading

from oslotest import base

from novacontainer import client
from novacontainer.client import exceptions
from tests.unit.client import endpoint


class EventsTestCase(base.BaseTestCase):

    def serve(self, *answers):
        self.endpoint = self.useFixture(endpoint.Endpoint(*answers))
        return client.Client(self.endpoint.path, timeout_s=5).events

    def test_stream(self):
        events = self.serve(endpoint.Answer(
            [b'{"Type": "container", "Action": "die", "timeNano": 12,'
             b' "Actor": {"ID": "f00", "Attributes": {"exitCode": "1"}}}\n',
             b'{}\n']))
        first, second = events.stream({'type': ['container']})
        self.assertEqual(
            ('container', 'die', 'f00', {'exitCode': '1'}, 12),
            (first.type, first.action, first.actor_id, first.attributes,
             first.time_ns))
        self.assertEqual(('', 0), (second.action, second.time_ns))
        self.assertEqual(
            '/v1.44/events?filters=%7B%22type%22%3A+%5B%22container%22%5D%7D',
            self.endpoint.requests[0].path)

    def test_since(self):
        events = self.serve(endpoint.Answer([]))
        self.assertEqual([], list(events.stream(since_ns=5_000_000_007)))
        self.assertEqual('/v1.44/events?since=5.000000007',
                         self.endpoint.requests[0].path)

    def test_silence(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def body():
            yield b'{"Action": "start"}\n'
            release.wait(10)

        stream = self.serve(endpoint.Answer(body())).stream(idle_s=0.1)
        self.assertEqual('start', next(stream).action)
        self.assertRaises(exceptions.TimedOut, next, stream)

    def test_documents(self):
        events = self.serve(endpoint.Answer([b'{"a": 1}\n']))
        self.assertEqual(
            [{'a': 1}], list(events.documents(None, '1.5', '2')))
        self.assertEqual('/v1.44/events?since=1.5&until=2',
                         self.endpoint.requests[0].path)
