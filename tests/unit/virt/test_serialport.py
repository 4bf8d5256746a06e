import socket
import threading
from unittest import mock

import fixtures
from nova.console import serial
from nova import exception
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.client import hijack
from novacontainer.virt import conf
from novacontainer.virt import serialport

_PATIENCE_S = 60
_RAW = 'application/vnd.docker.raw-stream'


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


class SerialPortTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        port = free_port()
        conf.CONF.set_override('port_range', f'{port}:{port + 2}',
                               'serial_console')
        self.addCleanup(conf.CONF.clear_override, 'port_range',
                        'serial_console')
        self.released = threading.Event()
        self.useFixture(fixtures.MonkeyPatch(
            'nova.console.serial.release_port', self.release))
        self.useFixture(fixtures.MonkeyPatch(
            'nova.console.serial.ALLOCATED_PORTS', set()))
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        self.processes = []
        self.attached = threading.Semaphore(0)
        self.client.containers.attach.side_effect = self.attach

    def release(self, host, port):
        serial.ALLOCATED_PORTS.discard((host, port))
        self.released.set()

    def attach(self, name, **kwargs):
        ours, theirs = socket.socketpair()
        ours.settimeout(_PATIENCE_S)
        self.addCleanup(ours.close)
        self.processes.append(ours)
        self.attached.release()
        return hijack.Connection(theirs, '/nonexistent', _RAW, b'$ ')

    def port(self):
        port = serialport.SerialPort(self.client, 'nova-x', '127.0.0.1')
        self.addCleanup(self.released.wait, _PATIENCE_S)
        self.addCleanup(port.close)
        return port

    def call(self, port):
        caller = socket.create_connection(
            (port.host, port.port), _PATIENCE_S)
        self.addCleanup(caller.close)
        return caller

    def joined(self, port):
        """A caller and the process's end of its session."""
        caller = self.call(port)
        self.assertEqual(b'$ ', caller.recv(100))
        return caller, self.processes[-1]

    def test_session(self):
        caller, process = self.joined(self.port())
        caller.sendall(b'x')
        self.assertEqual(b'x', process.recv(100))
        # Nothing that is typed is kept back as the beginning of a sequence.
        self.client.containers.attach.assert_called_once_with(
            'nova-x', stdin=True, detach_keys='none')

    def test_process_ends(self):
        caller, process = self.joined(self.port())
        process.close()
        self.assertEqual(b'', caller.recv(100))

    def test_next_caller(self):
        port = self.port()
        for _ in range(3 * serialport.MAX_CALLERS):
            caller, process = self.joined(port)
            caller.close()
            self.assertEqual(b'', process.recv(100))
            self.until_callers(port, 0)

    def until_callers(self, port, count):
        """Wait for a session's thread to have ended."""
        ticks = threading.Event()
        for _ in range(_PATIENCE_S * 100):
            if len(port._callers) == count:
                return
            ticks.wait(0.01)
        self.fail(f'{len(port._callers)} callers, not {count}')

    def test_several_at_once_and_one_too_many(self):
        port = self.port()
        callers = [self.joined(port)[0]
                   for _ in range(serialport.MAX_CALLERS)]
        refused = self.call(port)
        self.assertIn(b'as many sessions as it can', refused.recv(1000))
        self.assertEqual(b'', refused.recv(100))
        self.assertEqual(serialport.MAX_CALLERS, len(self.processes))
        for number, process in enumerate(self.processes):
            process.sendall(b'%d' % number)
        self.assertEqual(
            [b'%d' % number for number in range(serialport.MAX_CALLERS)],
            [caller.recv(100) for caller in callers])

    def test_silent_clients_are_looked_for(self):
        port = self.port()
        self.joined(port)
        ours, = port._callers
        for level, option, value in serialport._KEEPALIVE:
            self.assertEqual(value, ours.getsockopt(level, option))

    def test_attach_refused(self):
        port = self.port()
        self.client.containers.attach.side_effect = exceptions.NotFound('No.')
        self.assertEqual(b'', self.call(port).recv(100))
        self.client.containers.attach.side_effect = self.attach
        self.joined(port)

    def test_close_hangs_up_on_all(self):
        port = self.port()
        pairs = [self.joined(port) for _ in range(2)]
        port.close()
        for caller, process in pairs:
            self.assertEqual(b'', caller.recv(100))
            self.assertEqual(b'', process.recv(100))
        self.assertTrue(self.released.wait(_PATIENCE_S))
        self.assertEqual(set(), serial.ALLOCATED_PORTS)
        self.assertTrue(port.ended)

    def test_close_while_somebody_connects(self):
        """Who is connecting just then is not served."""
        port = self.port()
        self.joined(port)
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        port.close()
        self.assertFalse(port._admit(theirs))
        self.assertEqual(-1, theirs.fileno())

    def test_close_while_it_is_being_attached(self):
        """The session ends as soon as it has begun."""
        port = self.port()
        going_on = threading.Event()
        attach = self.attach

        def slow(name, **kwargs):
            self.attached.release()
            going_on.wait(_PATIENCE_S)
            return attach(name, **kwargs)

        self.client.containers.attach.side_effect = slow
        caller = self.call(port)
        self.attached.acquire()
        port.close()
        going_on.set()
        self.attached.acquire()
        # The prompt may come before the end is noticed.
        while caller.recv(100):
            pass
        process, = self.processes
        self.assertEqual(b'', process.recv(100))

    def test_listener_breaks(self):
        port = self.port()
        port._listener.shutdown(socket.SHUT_RDWR)
        self.assertTrue(self.released.wait(_PATIENCE_S))
        self.assertTrue(port.ended)

    def test_port_taken_at_the_last_moment(self):
        create = socket.create_server
        refusals = [OSError(98, 'Address already in use')]

        def taken(address, **kwargs):
            if address[1] and refusals:
                raise refusals.pop()
            return create(address, **kwargs)

        with mock.patch('socket.create_server', side_effect=taken):
            port = self.port()
        self.assertEqual({('127.0.0.1', port.port)}, serial.ALLOCATED_PORTS)
        self.assertTrue(self.released.is_set())
        self.released.clear()

    def test_all_ports_taken_at_the_last_moment(self):
        create = socket.create_server

        def taken(address, **kwargs):
            if address[1]:
                raise OSError(98, 'Address already in use')
            return create(address, **kwargs)

        with mock.patch('socket.create_server', side_effect=taken):
            self.assertRaises(
                exception.SocketPortRangeExhaustedException,
                serialport.SerialPort, self.client, 'nova-x', '127.0.0.1')
        self.assertEqual(set(), serial.ALLOCATED_PORTS)

    def test_address_of_another_host(self):
        logger = self.useFixture(fixtures.FakeLogger())
        self.assertRaises(
            exception.ConsoleTypeUnavailable,
            serialport.SerialPort, self.client, 'nova-x', '198.51.100.1')
        self.assertIn('proxyclient_address', logger.output)
        self.assertEqual(set(), serial.ALLOCATED_PORTS)
