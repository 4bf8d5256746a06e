import dataclasses
import os
import struct
import threading

from novacontainer.runtime import models
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served

STAMP = '2026-11-20T12:00:0%d.000000001+00:00'


def record(second, stream, text, mark='F'):
    return f'{STAMP % second} {stream} {mark} {text}\n'


def frames(data):
    """Take the multiplexed format apart."""
    found = []
    while data:
        number, size = struct.unpack('>BxxxL', data[:8])
        found.append((number, data[8:8 + size]))
        data = data[8 + size:]
    return found


class LogRoutesTest(served.ServedTestCase):

    def setUp(self):
        super().setUp()
        self.write(record(1, 'stdout', 'one') + record(2, 'stderr', 'two')
                   + record(3, 'stdout', 'thr', 'P')
                   + record(4, 'stdout', 'ee'))

    def write(self, text):
        with self.containers.log.open('a') as log:
            log.write(text)

    def have(self, **changes):
        self.containers.give('get', dataclasses.replace(
            fakes.CONTAINER, **changes))

    def logs(self, query, version=''):
        return self.call('GET', f'{version}/containers/web/logs?{query}')

    def test_both_streams(self):
        answer = self.logs('stdout=1&stderr=1')
        self.assertEqual('application/vnd.docker.multiplexed-stream',
                         answer.headers['Content-Type'])
        self.assertEqual(
            [(1, b'one\n'), (2, b'two\n'), (1, b'thr'), (1, b'ee\n')],
            frames(answer.body))

    def test_one_stream_with_times(self):
        self.assertEqual(
            [(1, b'2026-11-20T12:00:01.000000001Z one\n'),
             (1, b'2026-11-20T12:00:03.000000001Z thr'), (1, b'ee\n')],
            frames(self.logs('stdout=1&timestamps=1').body))

    def test_tail_and_bounds(self):
        self.assertEqual([(1, b'thr'), (1, b'ee\n')],
                         frames(self.logs('stdout=1&tail=1').body))
        self.assertEqual([], frames(self.logs('stdout=1&tail=0').body))
        self.assertEqual(frames(self.logs('stdout=1&tail=all').body),
                         frames(self.logs('stdout=1&tail=-7').body))
        since = f'{1795176002}.000000001'
        self.assertEqual(
            [(2, b'two\n')],
            frames(self.logs(
                f'stderr=1&stdout=1&since={since}&until={since}').body))

    def test_terminal_is_raw(self):
        self.have(config={'Tty': True})
        answer = self.logs('stdout=1')
        self.assertEqual('application/vnd.docker.raw-stream',
                         answer.headers['Content-Type'])
        self.assertEqual(b'one\nthree\n', answer.body)

    def test_old_clients_know_one_type(self):
        answer = self.logs('stdout=1', '/v1.41')
        self.assertEqual('application/vnd.docker.raw-stream',
                         answer.headers['Content-Type'])

    def test_no_log_yet(self):
        self.containers.log.unlink()
        answer = self.logs('stdout=1&follow=1')
        self.assertEqual((200, b''), (answer.status, answer.body))

    def test_bad_queries(self):
        for query in ('', 'stdout=0', 'stdout=1&tail=x', 'stdout=1&tail=1.5',
                      'stdout=1&since=yesterday', 'stdout=1&until=1e9'):
            self.assert_refused(400, 'invalid_request', self.logs(query))

    def test_follow_ends_with_the_container(self):
        self.have(status=models.Status.RUNNING)
        response = self.open(
            'GET', '/containers/web/logs?stdout=1&follow=1&tail=0')
        self.write(record(5, 'stdout', 'late'))
        self.assertEqual([(1, b'late\n')], frames(response.read(13)))
        # What comes together with the end is not lost.
        self.write(record(6, 'stdout', 'last'))
        self.containers.exit.set_result(0)
        self.assertEqual([(1, b'last\n')], frames(response.read()))

    def test_follow_does_not_wait_for_the_dead(self):
        self.have(status=models.Status.EXITED)
        self.assertEqual(200, self.logs('stdout=1&follow=1').status)

    def test_follow_ends_at_until(self):
        self.have(status=models.Status.RUNNING)
        answer = self.logs('stdout=1&follow=1&until=1795176001.5')
        self.assertEqual([(1, b'one\n')], frames(answer.body))

    def test_followers_hold_no_thread(self):
        self.have(status=models.Status.RUNNING)
        following = [self.open('GET', '/containers/web/logs?stdout=1&follow=1')
                     for _ in range(10)]
        self.assertEqual(200, self.call('GET', '/info').status)
        self.containers.exit.set_result(0)
        for response in following:
            self.assertEqual(3, len(frames(response.read())))

    def test_follower_that_vanishes_leaves_nothing(self):
        self.have(status=models.Status.RUNNING)
        gone = threading.Event()
        self.containers.exit.add_done_callback(lambda _: gone.set())
        before = len(os.listdir('/proc/self/fd'))
        sock = self.raw()
        sock.sendall(b'GET /containers/web/logs?stdout=1&follow=1 HTTP/1.1'
                     b'\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        sock.close()
        self.assertTrue(gone.wait(served.TIMEOUT_S))
        self.call('GET', '/_ping')
        self.assertLessEqual(len(os.listdir('/proc/self/fd')), before + 2)

    def test_stopping_the_server_ends_the_stream(self):
        self.have(status=models.Status.RUNNING)
        response = self.open('GET', '/containers/web/logs?stdout=1&follow=1')
        self.run_in_loop(self.server.stop())
        self.assertRaises(served.BROKEN, response.read)
