import socket
import threading

from oslotest import base

from novacontainer.client import exceptions
from novacontainer.client import hijack

_TYPE = 'application/vnd.docker.raw-stream'
_HEAD = f'HTTP/1.1 101 UPGRADED\r\nContent-Type: {_TYPE}\r\n\r\n'.encode()


class HijackTestCase(base.BaseTestCase):

    def take_over(self, answer, body=None, timeout_s=10):
        """Take over a connection whose other end answers so."""
        ours, self.wire = socket.socketpair()
        self.addCleanup(self.wire.close)
        self.addCleanup(ours.close)
        ours.settimeout(timeout_s)

        def serve():
            self.request = self.wire.recv(65536)
            for part in answer:
                self.wire.sendall(part)
            if not answer or b' 101 ' not in answer[0] + answer[-1]:
                self.wire.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            return hijack.take_over(ours, '/s', '/v1.44/x?a=b', body,
                                    {'X-Further': 'one'})
        finally:
            thread.join()

    def test_streams(self):
        connection = self.take_over([_HEAD[:20], _HEAD[20:] + b'fir'],
                                    {'Tty': True})
        self.assertIn(b'POST /v1.44/x?a=b HTTP/1.1\r\n', self.request)
        self.assertIn(b'\r\nX-Further: one\r\n', self.request)
        self.assertTrue(self.request.endswith(b'{"Tty": true}'))
        self.assertEqual(_TYPE, connection.media_type)
        self.assertEqual(b'fir', connection.receive())
        self.assertFalse(connection.pending)
        self.assertEqual(5, connection.send(b'typed'))
        self.assertEqual(b'typed', self.wire.recv(100))
        connection.end_input()
        self.assertEqual(b'', self.wire.recv(100))
        self.wire.close()
        self.assertEqual(b'', connection.receive())
        self.assertRaises(exceptions.ConnectionFailed, connection.send, b'x')

    def test_no_room(self):
        with self.take_over([_HEAD]) as connection:
            while connection.send(b'x' * 65536):
                pass
            self.assertEqual(0, connection.send(b'x'))

    def test_refused(self):
        body = b'{"message": "No such exec", "code": "exec.not_found"}'
        error = self.assertRaises(
            exceptions.NotFound, self.take_over,
            [b'HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n'
             % len(body), body])
        self.assertEqual(('No such exec', 'exec.not_found', 404),
                         (error.message, error.code, error.status))

    def test_refused_without_words(self):
        error = self.assertRaises(
            exceptions.Failed, self.take_over,
            [b'HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nbad'])
        self.assertEqual('bad', error.message)

    def test_what_is_no_hijacking(self):
        for answer, error in (
                ([b'HTTP/1.1 200 OK\r\n\r\n'], exceptions.ProtocolFailed),
                ([b'SSH-2.0\r\n\r\n'], exceptions.ProtocolFailed),
                ([b'HTTP/1.1 1'], exceptions.ConnectionFailed),
                ([], exceptions.ConnectionFailed)):
            self.assertRaises(error, self.take_over, answer)

    def test_silence(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        ours.settimeout(0.01)
        self.assertRaises(exceptions.TimedOut, hijack.take_over, ours, '/s',
                          '/x', None)
        self.assertEqual(-1, ours.fileno())
