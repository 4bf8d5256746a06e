import json
import time

from novacontainer.runtime import models
from tests.unit.runtime.api import served


def event(action='start', time_ns=0, kind='container', **attributes):
    return models.Event(kind, action, 'c' * 64, attributes,
                        time_ns or time.time_ns())


class EventRoutesTest(served.ServedTestCase):

    def follow(self, query=''):
        response = self.open('GET', f'/v1.44/events?{query}')
        self.assertEqual(200, response.status)
        return response

    @staticmethod
    def next(response):
        return json.loads(response.readline())

    def test_new_events_only(self):
        self.events.publish(event('old'))
        response = self.follow()
        self.events.publish(event('start', 1700000000_000000005,
                                  image='x', name='web'))
        shown = self.next(response)
        self.assertEqual(
            {'status': 'start', 'id': 'c' * 64, 'from': 'x',
             'Type': 'container', 'Action': 'start',
             'Actor': {'ID': 'c' * 64,
                       'Attributes': {'image': 'x', 'name': 'web'}},
             'scope': 'local', 'time': 1700000000,
             'timeNano': 1700000000000000005}, shown)

    def test_past_then_present_without_doubles(self):
        self.events.publish(event('one'))
        self.events.publish(event('two'))
        response = self.follow('since=1')
        self.events.publish(event('three'))
        self.assertEqual(['one', 'two', 'three'],
                         [self.next(response)['Action'] for _ in range(3)])

    def test_since_and_until(self):
        for second in (1, 2, 3):
            self.events.publish(event(str(second), second * 10**9))
        answer = self.call('GET', '/events?since=2&until=2.5')
        self.assertEqual('2', answer.json['Action'])

    def test_until_in_the_future_ends(self):
        until = time.time() + 0.5
        response = self.follow(f'until={until:.6f}')
        self.assertEqual(b'', response.read())
        self.assertGreaterEqual(time.time(), until - 0.1)

    def test_filters(self):
        response = self.follow(
            'filters=%7B%22type%22:[%22container%22],'
            '%22event%22:[%22die%22,%22start%22],'
            '%22label%22:[%22a=b%22]%7D')
        self.events.publish(event('die'))
        self.events.publish(event('pause', a='b'))
        self.events.publish(event('start', kind='image', a='b'))
        self.events.publish(event('die', a='b'))
        self.assertEqual('die', self.next(response)['Action'])

    def test_bad_queries(self):
        for query in ('since=x', 'until=-1', 'filters=x',
                      'filters=%7B%22colour%22:[]%7D', 'since=5&until=4'):
            self.assertEqual(400,
                             self.call('GET', f'/events?{query}').status)

    def test_followers_hold_no_thread(self):
        following = [self.follow() for _ in range(10)]
        self.assertEqual(200, self.call('GET', '/info').status)
        self.events.publish(event('die'))
        for response in following:
            self.assertEqual('die', self.next(response)['Action'])

    def test_follower_that_vanishes_is_unsubscribed(self):
        sock = self.raw()
        sock.sendall(b'GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        self.assertEqual(1, len(self.events._callbacks))
        sock.close()
        deadline = time.monotonic() + served.TIMEOUT_S
        while self.events._callbacks and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual({}, self.events._callbacks)

    def test_stopping_the_server_ends_the_stream(self):
        response = self.follow()
        self.run_in_loop(self.server.stop())
        self.assertRaises(served.BROKEN, response.read)
        self.assertEqual({}, self.events._callbacks)
