import socket
import struct
import threading
from unittest import mock

import fixtures
from nova.console import serial
from nova import exception
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.client import framing
from novacontainer.client import hijack
from novacontainer.virt import conf
from novacontainer.virt import containerspec
from novacontainer.virt import serialops
from tests import instances

_PATIENCE_S = 60


def _free_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


class SerialOpsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.instance = instances.instance()
        port = _free_port()
        for name, value in (('enabled', True),
                            ('port_range', f'{port}:{port + 1}'),
                            ('proxyclient_address', '127.0.0.1')):
            conf.CONF.set_override(name, value, 'serial_console')
            self.addCleanup(
                conf.CONF.clear_override, name, 'serial_console')
        self.released = threading.Event()
        self.useFixture(fixtures.MonkeyPatch(
            'nova.console.serial.release_port', self.release))
        self.useFixture(fixtures.MonkeyPatch(
            'nova.console.serial.ALLOCATED_PORTS', set()))
        client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        client.containers.inspect.return_value.status = 'running'
        self.containers = client.containers
        self.ops = serialops.SerialOps(client)
        self.addCleanup(self.ops.close_all)

    def release(self, host, port):
        serial.ALLOCATED_PORTS.discard((host, port))
        self.released.set()

    def process(self, media_type='application/vnd.docker.raw-stream',
                first=b''):
        """Have the next attach reach what this returns."""
        ours, theirs = socket.socketpair()
        ours.settimeout(_PATIENCE_S)
        self.addCleanup(ours.close)
        self.containers.attach.side_effect = [
            hijack.Connection(theirs, '/nonexistent', media_type, first)]
        return ours

    def call(self):
        console = self.ops.get_serial_console(self.instance)
        caller = socket.create_connection(
            (console.host, console.port), _PATIENCE_S)
        self.addCleanup(caller.close)
        return caller

    def test_both_ways(self):
        process = self.process(first=b'$ ')
        caller = self.call()
        self.assertEqual(b'$ ', caller.recv(100))
        caller.sendall(b'id\n')
        self.assertEqual(b'id\n', process.recv(100))
        process.sendall(b'root')
        self.assertEqual(b'root', caller.recv(100))
        self.containers.attach.assert_called_once_with(
            containerspec.container_name(self.instance), stdin=True)

    def test_frames_are_taken_apart(self):
        process = self.process(framing.MULTIPLEXED)
        caller = self.call()
        frame = struct.pack('>BxxxL', 2, 4) + b'oops'
        process.sendall(frame[:6])
        process.sendall(frame[6:])
        self.assertEqual(b'oops', caller.recv(100))

    def test_nonsense_ends_the_session(self):
        process = self.process(framing.MULTIPLEXED)
        caller = self.call()
        process.sendall(b'\x07' * 8)
        self.assertEqual(b'', caller.recv(100))

    def test_more_than_fits_is_typed(self):
        process = self.process()
        caller = self.call()
        typed = bytes(range(256)) * 16384
        sender = threading.Thread(target=caller.sendall, args=(typed,))
        sender.start()
        self.addCleanup(sender.join)
        taken = bytearray()
        while len(taken) < len(typed):
            taken += process.recv(65536)
        self.assertEqual(typed, bytes(taken))

    def test_process_ends(self):
        process = self.process()
        caller = self.call()
        process.close()
        self.assertEqual(b'', caller.recv(100))

    def test_next_caller(self):
        first = self.process()
        self.call().close()
        self.assertEqual(b'', first.recv(100))
        second = self.process()
        self.call().sendall(b'x')
        self.assertEqual(b'x', second.recv(100))

    def test_attach_refused(self):
        self.containers.attach.side_effect = exceptions.NotFound('No.')
        self.assertEqual(b'', self.call().recv(100))

    def test_descriptor_too_high_for_select(self):
        self.useFixture(fixtures.MockPatch(
            'select.select', side_effect=ValueError('out of range')))
        self.process()
        self.assertEqual(b'', self.call().recv(100))

    def test_same_port_again(self):
        self.assertEqual(self.ops.get_serial_console(self.instance).port,
                         self.ops.get_serial_console(self.instance).port)

    def test_port_that_could_not_be_kept(self):
        """It may be another instance's by now, and nobody must be sent there.
        """
        self.ops.get_serial_console(self.instance)
        before = self.ops._consoles[self.instance.uuid]
        # What accept says then: EINVAL, as any other error.
        before._listener.shutdown(socket.SHUT_RDWR)
        self.assertTrue(self.released.wait(_PATIENCE_S))
        process = self.process()
        caller = self.call()
        self.assertIsNot(before, self.ops._consoles[self.instance.uuid])
        caller.sendall(b'x')
        self.assertEqual(b'x', process.recv(100))

    def test_close_hangs_up(self):
        process = self.process(first=b'$ ')
        caller = self.call()
        caller.recv(100)
        self.ops.close(self.instance)
        self.assertEqual(b'', caller.recv(100))
        self.assertEqual(b'', process.recv(100))
        self.assertTrue(self.released.wait(_PATIENCE_S))
        self.assertEqual(set(), serial.ALLOCATED_PORTS)

    def test_close_all(self):
        self.ops.get_serial_console(self.instance)
        self.ops.close_all()
        self.assertTrue(self.released.wait(_PATIENCE_S))

    def test_close_without_one(self):
        self.ops.close(self.instance)
        self.assertFalse(self.released.is_set())

    def test_ports_exhausted(self):
        self.ops.get_serial_console(self.instance)
        self.assertRaises(
            exception.SocketPortRangeExhaustedException,
            self.ops.get_serial_console,
            instances.instance(uuid='0b6f3c1e-9d5a-4f27-8c3b-2e1d7a9c4f60'))

    def test_port_taken_at_the_last_moment(self):
        with mock.patch('socket.create_server', side_effect=OSError(98, '')):
            self.assertRaises(exception.SocketPortInUseException,
                              self.ops.get_serial_console, self.instance)
        self.assertEqual(set(), serial.ALLOCATED_PORTS)

    def test_disabled(self):
        conf.CONF.set_override('enabled', False, 'serial_console')
        self.assertRaises(exception.ConsoleTypeUnavailable,
                          self.ops.get_serial_console, self.instance)

    def test_not_running(self):
        self.containers.inspect.return_value.status = 'exited'
        self.assertRaises(exception.InstanceNotReady,
                          self.ops.get_serial_console, self.instance)

    def test_no_container(self):
        self.containers.inspect.side_effect = exceptions.NotFound('No.')
        self.assertRaises(exception.InstanceNotFound,
                          self.ops.get_serial_console, self.instance)
