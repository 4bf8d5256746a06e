import os
import socket
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import conf as options
from novacontainer.runtime import daemon
from novacontainer.runtime import exception


class NotifyTest(base.BaseTestCase):

    def listen(self, address):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(channel.close)
        channel.bind(address)
        channel.settimeout(5)
        return channel

    def test_path(self):
        path = self.useFixture(fixtures.TempDir()).join('notify')
        channel = self.listen(path)
        self.useFixture(fixtures.EnvironmentVariable('NOTIFY_SOCKET', path))
        daemon.notify('READY=1')
        self.assertEqual(b'READY=1', channel.recv(100))

    def test_abstract(self):
        name = f'nc-{os.getpid()}'
        channel = self.listen('\0' + name)
        self.useFixture(
            fixtures.EnvironmentVariable('NOTIFY_SOCKET', '@' + name))
        daemon.notify('READY=1')
        self.assertEqual(b'READY=1', channel.recv(100))

    def test_nobody(self):
        self.useFixture(fixtures.EnvironmentVariable('NOTIFY_SOCKET'))
        daemon.notify('READY=1')
        log = self.useFixture(fixtures.FakeLogger())
        self.useFixture(fixtures.EnvironmentVariable(
            'NOTIFY_SOCKET', '/no/such/socket'))
        daemon.notify('READY=1')
        self.assertIn('Could not tell the service manager', log.output)


class DefaultNetworkTest(base.BaseTestCase):

    def default(self, option, why_not=''):
        conf = options.new()
        conf([], project='novacontainer', default_config_files=[])
        conf.set_override('default', option, 'networks')
        wires = mock.Mock()
        wires.why_not.return_value = why_not
        return daemon._default_network(conf, wires)

    def test_what_the_operator_says(self):
        self.assertEqual(('none', ''), self.default('none', 'no nat'))
        self.assertEqual(('bridge', ''), self.default('bridge', 'no nat'))

    def test_what_works(self):
        self.assertEqual(('bridge', ''), self.default('auto'))
        log = self.useFixture(fixtures.FakeLogger())
        self.assertEqual(('none', 'no nat'), self.default('auto', 'no nat'))
        self.assertIn('no nat', log.output)


class RunTest(base.BaseTestCase):

    def test_refuses_before_anything_is_made(self):
        root = self.useFixture(fixtures.TempDir()).path
        conf = options.new()
        conf(['--data-root', f'{root}/data', '--run-root', f'{root}/run'],
             project='novacontainer', default_config_files=[])
        self.useFixture(fixtures.MockPatch('os.geteuid', return_value=1))
        self.assertRaises(
            exception.Forbidden, daemon.Daemon(conf).run)
        self.assertEqual([], os.listdir(root))
