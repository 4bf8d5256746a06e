import os
import pty
import socket
import threading

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import session
from novacontainer.client import exceptions
from novacontainer.client import framing
from novacontainer.client import hijack
from tests.unit.cli import command

RAW = 'application/vnd.docker.raw-stream'


class SessionTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        ours, self.wire = socket.socketpair()
        self.addCleanup(self.wire.close)
        self.ours = ours
        self.addCleanup(ours.close)
        self.console = command.console()

    def pipe(self, data=b''):
        """Have an input with a descriptor; returns its other end."""
        reading, writing = os.pipe()
        self.console.source = os.fdopen(reading, 'rb')
        self.addCleanup(self.console.source.close)
        sink = os.fdopen(writing, 'wb', buffering=0)
        self.addCleanup(sink.close)
        sink.write(data)
        return sink

    def session(self, media_type=RAW, first=b'', **wishes):
        """Make a session with the other end of ``wire``."""
        return session.Session(
            self.console, hijack.Connection(
                self.ours, '/s', media_type, first),
            session.Wishes(**{'stdin': False, 'tty': False, **wishes}))

    def run_session(self, joined):
        """Run it; nobody's size is to be asked for."""
        joined.run(lambda rows, columns: self.fail('no terminal'))

    def test_output_alone(self):
        self.wire.sendall(b'rest')
        self.wire.close()
        self.run_session(self.session(first=b'first '))
        self.assertEqual('first rest', self.console.output.text)

    def test_streams_are_told_apart(self):
        self.wire.sendall(b'\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err')
        self.wire.close()
        self.run_session(self.session(framing.MULTIPLEXED))
        self.assertEqual('out', self.console.output.text)
        self.assertEqual('err', self.console.errors.text)

    def test_a_cut_frame(self):
        self.wire.sendall(b'\1\0\0\0\0\0\0\3o')
        self.wire.close()
        self.assertRaises(exceptions.ProtocolFailed, self.run_session,
                          self.session(framing.MULTIPLEXED))

    def test_input_and_its_end(self):
        self.pipe(b'typed').close()
        seen = []

        def answer():
            with self.wire.makefile('rb') as file:
                seen.append(file.read())
            self.wire.sendall(b'done')
            self.wire.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=answer)
        thread.start()
        self.addCleanup(thread.join)
        self.run_session(self.session(stdin=True))
        self.assertEqual([b'typed'], seen)
        self.assertEqual('done', self.console.output.text)

    def test_input_that_does_not_end_the_process(self):
        self.pipe(b'typed').close()
        joined = self.session(stdin=True, ends_input=False)

        def answer():
            self.wire.recv(100)
            self.wire.settimeout(0.2)
            try:
                seen.append(self.wire.recv(100))
            except TimeoutError:
                seen.append('open')
            self.wire.close()

        seen = []
        thread = threading.Thread(target=answer)
        thread.start()
        self.addCleanup(thread.join)
        self.run_session(joined)
        self.assertEqual(['open'], seen)

    def test_more_input_than_there_is_room_for(self):
        data = b'x' * (4 << 20)
        sink = self.pipe()
        writer = threading.Thread(
            target=lambda: (sink.write(data), sink.close()))
        writer.start()
        self.addCleanup(writer.join)
        seen = []

        def echo():
            # Output first, more than fits: were it not read meanwhile, both
            # ends would wait for ever.
            self.wire.sendall(data)
            with self.wire.makefile('rb') as file:
                seen.append(file.read())
            self.wire.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=echo)
        thread.start()
        self.addCleanup(thread.join)
        self.run_session(self.session(stdin=True))
        self.assertEqual([data], seen)
        self.assertEqual(data.decode(), self.console.output.text)

    def test_nobody_takes_the_input(self):
        self.pipe(b'typed')
        self.wire.sendall(b'over')
        self.wire.close()
        self.run_session(self.session(stdin=True))
        self.assertEqual('over', self.console.output.text)

    def test_detached(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.console.source = os.fdopen(slave, 'rb', buffering=0)
        self.addCleanup(self.console.source.close)
        os.write(master, b'lsq')
        joined = self.session(stdin=True, tty=True, detach_keys='q')
        self.run_session(joined)
        self.assertTrue(joined.detached)

    def test_a_terminal_is_wanted(self):
        wishes = session.Wishes(stdin=True, tty=True)
        error = self.assertRaises(failure.CommandFailed, session.check,
                                  self.console, wishes)
        self.assertIn('not a terminal', error.message)
        session.check(command.console(terminal=True), wishes)
        session.check(self.console, session.Wishes(stdin=False, tty=True))
