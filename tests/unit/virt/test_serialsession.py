import fcntl
import resource
import socket
import struct
import threading
from unittest import mock

from oslotest import base

from novacontainer.client import exceptions
from novacontainer.client import framing
from novacontainer.client import hijack
from novacontainer.virt import serialsession

_PATIENCE_S = 60
_RAW = 'application/vnd.docker.raw-stream'


def _high(wire):
    """The same socket with a descriptor that select(2) does not take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft <= 2048:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with wire:
        return socket.socket(fileno=fcntl.fcntl(
            wire.fileno(), fcntl.F_DUPFD_CLOEXEC, 1500))


class SessionTestCase(base.BaseTestCase):

    def start(self, media_type=_RAW, first=b'', moved=lambda wire: wire):
        """Join ``self.client`` and ``self.process`` in a thread."""
        self.client, caller = socket.socketpair()
        self.process, streams = socket.socketpair()
        for wire in (self.client, self.process):
            wire.settimeout(_PATIENCE_S)
            self.addCleanup(wire.close)
        self.reason = None
        self.caller = moved(caller)
        self.streams = hijack.Connection(
            moved(streams), '/nonexistent', media_type, first)
        session = serialsession.Session(self.caller, self.streams)
        self.thread = threading.Thread(target=self.run_session,
                                       args=(session,))
        self.thread.start()
        self.addCleanup(self.thread.join)
        self.addCleanup(self.process.close)
        self.addCleanup(self.client.close)

    def run_session(self, session):
        with self.caller, self.streams:
            try:
                session.run()
            except (OSError, exceptions.ClientError,
                    serialsession.Stalled) as error:
                self.reason = error

    def ended(self):
        self.thread.join(_PATIENCE_S)
        self.assertFalse(self.thread.is_alive())
        return self.reason

    def read(self, wire, size):
        data = bytearray()
        while len(data) < size:
            piece = wire.recv(65536)
            self.assertTrue(piece)
            data += piece
        return bytes(data)

    def test_both_ways(self):
        self.start(first=b'$ ')
        self.assertEqual(b'$ ', self.client.recv(100))
        self.client.sendall(b'id\n')
        self.assertEqual(b'id\n', self.process.recv(100))
        self.process.sendall(b'root')
        self.assertEqual(b'root', self.client.recv(100))

    def test_descriptors_beyond_1024(self):
        self.start(moved=_high)
        self.assertGreater(self.caller.fileno(), 1023)
        self.assertGreater(self.streams.fileno(), 1023)
        self.client.sendall(b'id\n')
        self.assertEqual(b'id\n', self.process.recv(100))
        self.process.sendall(b'root')
        self.assertEqual(b'root', self.client.recv(100))

    def test_frames_are_taken_apart(self):
        self.start(framing.MULTIPLEXED)
        frame = struct.pack('>BxxxL', 2, 4) + b'oops'
        self.process.sendall(frame[:6])
        self.process.sendall(frame[6:])
        self.assertEqual(b'oops', self.client.recv(100))

    def test_nonsense_ends_it(self):
        self.start(framing.MULTIPLEXED)
        self.process.sendall(b'\x07' * 8)
        self.assertEqual(b'', self.client.recv(100))
        self.assertIsInstance(self.ended(), exceptions.ProtocolFailed)

    def test_more_than_fits_is_typed(self):
        self.start()
        typed = bytes(range(256)) * 16384
        sender = threading.Thread(target=self.client.sendall, args=(typed,))
        sender.start()
        self.addCleanup(sender.join)
        self.assertEqual(typed, self.read(self.process, len(typed)))

    def test_more_than_fits_is_written(self):
        self.start()
        written = bytes(range(256)) * 16384
        sender = threading.Thread(target=self.process.sendall,
                                  args=(written,))
        sender.start()
        self.addCleanup(sender.join)
        self.assertEqual(written, self.read(self.client, len(written)))

    def test_what_is_typed_gets_through_a_flood(self):
        self.start()
        stop = threading.Event()

        def flood():
            while not stop.is_set():
                self.process.sendall(b'y\r\n' * 1000)
            self.process.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=flood)
        writer.start()
        self.addCleanup(writer.join)
        self.addCleanup(stop.set)
        self.read(self.client, 1_000_000)
        self.client.sendall(b'\x03')
        self.assertEqual(b'\x03', self.process.recv(100))
        stop.set()
        while self.client.recv(65536):
            pass
        self.assertIsNone(self.ended())

    def test_what_was_written_last_is_shown(self):
        """However much it is, and though the process has gone."""
        self.start()
        written = b'x' * 100_000
        sender = threading.Thread(target=self.process.sendall,
                                  args=(written,))
        sender.start()
        sender.join(_PATIENCE_S)
        self.process.shutdown(socket.SHUT_RDWR)
        self.assertEqual(written, self.read(self.client, len(written)))
        self.assertEqual(b'', self.client.recv(100))
        self.assertIsNone(self.ended())

    def test_client_leaves(self):
        self.start()
        self.client.close()
        self.assertEqual(b'', self.process.recv(100))
        self.assertIsNone(self.ended())

    def test_client_vanishes_while_something_is_shown(self):
        self.start()
        self.client.close()
        with mock.patch.object(serialsession.Session, '_over',
                               return_value=False):
            self.assertRaises(OSError, self.flood, self.process)
        self.ended()

    def flood(self, wire):
        while True:
            wire.sendall(b'x' * 65536)

    def test_client_that_does_not_read(self):
        """It holds the process up, and memory down, until it is left."""
        with mock.patch.object(serialsession, 'PATIENCE_S', 0.2):
            self.start()
            self.assertRaises(OSError, self.flood, self.process)
            self.assertIn('client took nothing', str(self.ended()))

    def test_output_that_waits_is_bounded(self):
        caller, client = socket.socketpair()
        process, streams = socket.socketpair()
        for wire in (caller, client, process, streams):
            self.addCleanup(wire.close)
        connection = hijack.Connection(streams, '/nonexistent', _RAW, b'')
        session = serialsession.Session(caller, connection)
        process.setblocking(False)
        with mock.patch.object(serialsession, 'PATIENCE_S', 0.2):
            runner = threading.Thread(
                target=self.assertRaises,
                args=(serialsession.Stalled, session.run))
            runner.start()
            while runner.is_alive():
                try:
                    process.send(b'x' * 65536)
                except BlockingIOError:
                    runner.join(0.01)
        self.assertLess(len(session._shown),
                        serialsession.OUTPUT_BYTES + 2 * 65536)

    def test_process_that_does_not_read(self):
        with mock.patch.object(serialsession, 'PATIENCE_S', 0.2):
            self.start()
            self.assertRaises(OSError, self.flood, self.client)
            self.assertIn('process took nothing', str(self.ended()))
