import dataclasses
import socket
import threading

from novacontainer.runtime import exception
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served

ID = fakes.EXEC.id


class ExecRoutesTest(served.ServedTestCase):

    def have(self, **changes):
        record = dataclasses.replace(fakes.EXEC, **changes)
        for method in ('get', 'check_start'):
            self.execs.give(method, record)

    def start(self, body='{}'):
        sock, head = self.hijack(f'/exec/{ID}/start', body)
        self.assertIn('101 UPGRADED', head)
        return sock

    def end(self, code=0):
        """Let the process end, and then its record say so."""
        self.execs.streams.end()
        self.execs.ended.set_result(code)

    def test_create(self):
        answer = self.call('POST', '/containers/web/exec', {'Cmd': 'ls'})
        self.assertEqual((201, {'Id': ID}), (answer.status, answer.json))
        self.assertEqual([('create', ('web', {'Cmd': ['ls']}), {})],
                         self.execs.calls)

    def test_inspect(self):
        shown = self.call('GET', f'/exec/{ID}/json').json
        self.assertEqual((ID, False, None), (
            shown['ID'], shown['Running'], shown['ExitCode']))
        self.execs.give('get', exception.NotFound('none', 'x'))
        self.assert_refused(404, 'x', self.call('GET', f'/exec/{ID}/json'))

    def test_resize(self):
        answer = self.call('POST', f'/exec/{ID}/resize?h=24&w=80')
        self.assertEqual((200, b''), (answer.status, answer.body))
        self.assertEqual([('resize', (ID, 24, 80), {})], self.execs.calls)

    def test_detached(self):
        answer = self.call('POST', f'/exec/{ID}/start', {'Detach': True})
        self.assertEqual((200, b''), (answer.status, answer.body))
        self.execs.give('start', exception.InvalidRequest('no', 'x'))
        self.assert_refused(400, 'x', self.call(
            'POST', f'/exec/{ID}/start', {'Detach': True}))

    def test_streams(self):
        sock = self.start()
        sock.sendall(b'text')
        process = self.execs.streams.process
        self.assertEqual(b'text', process.recv(100))
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(b'', process.recv(100))
        process.send(b'\3err')
        self.end()
        self.assertEqual(b'\2\0\0\0\0\0\0\3err', sock.recv(100))
        self.assertEqual(b'', sock.recv(100))
        self.assertIn(('start', (ID,), {
            'detach': False, 'console_size': (0, 0)}), self.execs.calls)

    def test_end_is_recorded_before_the_stream_ends(self):
        sock = self.start()
        self.execs.streams.end()
        sock.settimeout(0.2)
        self.assertRaises(TimeoutError, sock.recv, 10)
        self.execs.ended.set_result(0)
        sock.settimeout(served.TIMEOUT_S)
        self.assertEqual(b'', sock.recv(10))

    def test_terminal(self):
        self.have(terminal=True, detach_keys='q')
        sock = self.start('{"Tty": true, "ConsoleSize": [24, 80]}')
        self.execs.streams.process.send(b'\2text')
        self.assertEqual(b'text', sock.recv(100))
        sock.sendall(b'q')
        self.assertEqual(b'', sock.recv(100))
        self.assertIn(('start', (ID,), {
            'detach': False, 'console_size': (24, 80)}), self.execs.calls)
        self.assertIn(('detached', (ID,), {}), self.execs.calls)

    def test_end_of_a_terminals_input(self):
        self.have(terminal=True)
        sock = self.start('{"Tty": true}')
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(b'', sock.recv(100))

    def test_why_it_did_not_start_is_output(self):
        self.execs.give('start', exception.InvalidRequest('not there', 'x'))
        sock = self.start()
        self.assertEqual(b'\1\0\0\0\0\0\0\x0bnot there\r\n', sock.recv(100))
        self.assertEqual(b'', sock.recv(100))
        sock = self.start('{"Tty": true}')
        self.assertEqual(b'not there\r\n', sock.recv(100))

    def test_what_cannot_be_started_is_refused(self):
        self.execs.give('check_start', exception.Conflict('ran', 'x'))
        self.assert_refused(409, 'x', self.call(
            'POST', f'/exec/{ID}/start', {}))
        self.assert_refused(400, 'body.invalid_field', self.call(
            'POST', f'/exec/{ID}/start', {'Detach': 'yes'}))

    def test_client_that_leaves_while_it_starts(self):
        begun, go = threading.Event(), threading.Event()
        run = self.execs._answers['start']

        def slow(*args, **kwargs):
            begun.set()
            go.wait(served.TIMEOUT_S)
            return run

        self.execs.start = slow
        sock = self.start()
        begun.wait(served.TIMEOUT_S)
        sock.close()
        go.set()
        # The attachment is closed: its other end sees that.
        self.assertEqual(b'', self.execs.streams.process.recv(10))

    def test_shown_in_the_container(self):
        self.execs.give('ids', (ID,))
        shown = self.call('GET', '/containers/web/json').json
        self.assertEqual([ID], shown['ExecIDs'])
