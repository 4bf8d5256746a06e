import dataclasses
import socket
import time

from novacontainer.runtime import exception
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served


class AttachRoutesTest(served.ServedTestCase):

    def have(self, **config):
        self.containers.give('get', dataclasses.replace(
            fakes.CONTAINER, config=config))

    def attach(self, query='stream=1&stdin=1&stdout=1&stderr=1'):
        sock, _ = self.hijack(f'/containers/web/attach?{query}')
        return sock

    def joined(self, query='stream=1&stdin=1&stdout=1&stderr=1'):
        sock = self.attach(query)
        self.attachments.join()
        return sock

    def test_output_to_the_end(self):
        sock = self.joined()
        self.attachments.process.send(b'\3err')
        self.attachments.end()
        self.assertEqual(b'\2\0\0\0\0\0\0\3err', sock.recv(100))
        self.assertEqual(b'', sock.recv(100))
        self.assertEqual([('attach', ('c' * 64, ''), {})],
                         self.attachments.calls)

    def test_input_of_one_client(self):
        self.have(OpenStdin=True, StdinOnce=True)
        sock = self.joined()
        sock.sendall(b'text')
        self.assertEqual(b'text', self.attachments.process.recv(100))
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(b'', self.attachments.process.recv(100))
        self.attachments.process.send(b'\2late')
        self.assertIn(b'late', sock.recv(100))

    def test_input_that_is_not_open(self):
        sock = self.joined()
        sock.sendall(b'text')
        self.attachments.process.settimeout(0.1)
        self.assertRaises(TimeoutError, self.attachments.process.recv, 100)

    def test_terminal(self):
        self.have(OpenStdin=True, Tty=True)
        sock = self.joined('stream=1&stdin=1&stdout=1&detachKeys=ctrl-x')
        self.attachments.process.send(b'\2text')
        self.assertEqual(b'text', sock.recv(100))
        sock.sendall(b'\x18')
        self.assertEqual(b'', sock.recv(100))
        self.wait_for('detached')

    def wait_for(self, method):
        deadline = time.monotonic() + served.TIMEOUT_S
        while method not in [call[0] for call in self.attachments.calls]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_onlooker_does_not_end_the_input(self):
        self.have(OpenStdin=True, StdinOnce=True)
        sock = self.joined('stream=1&stdout=1')
        self.attachments.process.send(b'\2text')
        self.assertIn(b'text', sock.recv(100))
        sock.close()
        self.attachments.process.settimeout(0.2)
        self.assertRaises(TimeoutError, self.attachments.process.recv, 100)
        self.attachments.process.send(b'\2text')

    def test_log_first(self):
        self.containers.log.write_text(
            '2026-01-01T00:00:00.000000001+00:00 stdout F before\n'
            '2026-01-01T00:00:00.000000001+00:00 stderr F other\n')
        sock = self.joined('logs=1&stream=1&stdout=1')
        self.attachments.process.send(b'\2after')
        self.attachments.end()
        found = b''
        while data := sock.recv(100):
            found += data
        self.assertEqual(
            b'\1\0\0\0\0\0\0\7before\n\1\0\0\0\0\0\0\5after', found)

    def test_log_alone(self):
        self.containers.log.write_text(
            '2026-01-01T00:00:00.000000001+00:00 stdout F before\n')
        sock = self.attach('logs=1&stdout=1')
        self.assertEqual(b'\1\0\0\0\0\0\0\7before\n', sock.recv(100))
        self.assertEqual(b'', sock.recv(100))
        self.assertEqual([], self.attachments.calls)

    def test_nothing_to_join(self):
        sock = self.attach()
        self.attachments.joined.set_running_or_notify_cancel()
        self.attachments.joined.set_exception(
            exception.Conflict('it did not start', 'x'))
        self.assertEqual(b'', sock.recv(100))

    def test_refusals(self):
        self.attachments.give('attach', exception.Conflict('paused', 'x'))
        self.assert_refused(409, 'x', self.call(
            'POST', '/containers/web/attach?stream=1'))
        self.containers.give('get', exception.NotFound('none', 'y'))
        self.assert_refused(404, 'y', self.call(
            'POST', '/containers/web/attach?stream=1'))

    def test_resize(self):
        answer = self.call('POST', '/containers/web/resize?h=24&w=80')
        self.assertEqual((200, b''), (answer.status, answer.body))
        self.assertEqual([('resize', ('web', 24, 80), {})],
                         self.attachments.calls)
        self.assert_refused(400, 'invalid_request', self.call(
            'POST', '/containers/web/resize?h=24'))
