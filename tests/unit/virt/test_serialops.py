import socket
from unittest import mock

from nova import exception
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.virt import conf
from novacontainer.virt import containerspec
from novacontainer.virt import serialops
from novacontainer.virt import serialport
from tests import instances


class SerialOpsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.instance = instances.instance()
        for name, value in (('enabled', True),
                            ('proxyclient_address', '127.0.0.1')):
            conf.CONF.set_override(name, value, 'serial_console')
            self.addCleanup(
                conf.CONF.clear_override, name, 'serial_console')
        client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        self.client = client
        self.inspect = client.containers.inspect
        self.inspect.return_value.status = 'running'
        #: Those that were made.
        self.ports = []
        self.make = self.enterContext(mock.patch.object(
            serialport, 'SerialPort', side_effect=self.port))
        self.ops = serialops.SerialOps(client)

    def port(self, client, name, host):
        made = mock.Mock(spec_set=('host', 'port', 'ended', 'close'),
                         host=host, port=10000 + len(self.ports),
                         ended=False)
        self.ports.append(made)
        return made

    def ask(self):
        return self.ops.get_serial_console(self.instance)

    def test_where_it_is(self):
        console = self.ask()
        self.assertEqual(('127.0.0.1', 10000), (console.host, console.port))
        self.make.assert_called_once_with(
            self.client, containerspec.container_name(self.instance),
            '127.0.0.1')

    def test_same_port_again(self):
        self.assertEqual(self.ask().port, self.ask().port)
        self.assertEqual(1, len(self.ports))

    def test_port_that_could_not_be_kept(self):
        """It may be another instance's by now, and nobody must be sent there.
        """
        self.ask()
        self.ports[0].ended = True
        self.assertEqual(10001, self.ask().port)

    def test_close(self):
        self.ask()
        self.ops.close(self.instance)
        self.ports[0].close.assert_called_once_with()
        self.assertEqual(10001, self.ask().port)

    def test_close_all(self):
        self.ask()
        self.ops.close_all()
        self.ports[0].close.assert_called_once_with()

    def test_close_without_one(self):
        self.ops.close(self.instance)
        self.assertEqual([], self.ports)

    def test_asked_for_while_it_is_destroyed(self):
        self.ask()
        with self.ops.ending(self.instance):
            self.ports[0].close.assert_called_once_with()
            # The container is there still.
            self.ask()
        self.ports[1].close.assert_called_once_with()

    def test_destroy_that_fails(self):
        with self.assertRaisesRegex(ValueError, 'no'):
            with self.ops.ending(self.instance):
                self.ask()
                raise ValueError('no')
        self.ports[0].close.assert_called_once_with()

    def test_destroyed_while_it_is_asked_for(self):
        """From the container's being there to the port's being open."""
        self.inspect.side_effect = [
            self.inspect.return_value, exceptions.NotFound('No.')]
        self.assertRaises(exception.InstanceNotFound, self.ask)
        self.ports[0].close.assert_called_once_with()

    def test_stopped_while_it_is_asked_for(self):
        self.inspect.side_effect = [
            mock.Mock(status='running'), mock.Mock(status='exited')]
        self.assertRaises(exception.InstanceNotReady, self.ask)
        self.ports[0].close.assert_called_once_with()

    def test_ports_exhausted(self):
        self.make.side_effect = exception.SocketPortRangeExhaustedException(
            host='127.0.0.1')
        self.assertRaises(
            exception.SocketPortRangeExhaustedException, self.ask)

    def test_disabled(self):
        conf.CONF.set_override('enabled', False, 'serial_console')
        self.assertRaises(exception.ConsoleTypeUnavailable, self.ask)

    def test_not_running(self):
        for status in ('created', 'exited', 'paused', 'restarting'):
            self.inspect.return_value.status = status
            self.assertRaises(exception.InstanceNotReady, self.ask)
        self.assertEqual([], self.ports)

    def test_no_container(self):
        self.inspect.side_effect = exceptions.NotFound('No.')
        self.assertRaises(exception.InstanceNotFound, self.ask)
        self.assertEqual([], self.ports)

    def test_no_runtime(self):
        self.inspect.side_effect = exceptions.ConnectionFailed('No.')
        self.assertRaises(exception.HypervisorUnavailable, self.ask)


class RealPortTestCase(base.BaseTestCase):

    def test_it_listens(self):
        client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        client.containers.inspect.return_value.status = 'running'
        for name, value in (('enabled', True),
                            ('proxyclient_address', '127.0.0.1')):
            conf.CONF.set_override(name, value, 'serial_console')
            self.addCleanup(
                conf.CONF.clear_override, name, 'serial_console')
        ops = serialops.SerialOps(client)
        self.addCleanup(ops.close_all)
        console = ops.get_serial_console(instances.instance())
        socket.create_connection((console.host, console.port), 60).close()
