import os
import socket

import fixtures
from oslotest import base

from novacontainer.runtime import servicemanager


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
        servicemanager.notify(servicemanager.READY)
        self.assertEqual(b'READY=1', channel.recv(100))

    def test_abstract(self):
        name = f'nc-{os.getpid()}'
        channel = self.listen('\0' + name)
        self.useFixture(
            fixtures.EnvironmentVariable('NOTIFY_SOCKET', '@' + name))
        servicemanager.notify(servicemanager.READY)
        self.assertEqual(b'READY=1', channel.recv(100))

    def test_several_words(self):
        path = self.useFixture(fixtures.TempDir()).join('notify')
        channel = self.listen(path)
        self.useFixture(fixtures.EnvironmentVariable('NOTIFY_SOCKET', path))
        servicemanager.notify(servicemanager.READY,
                              servicemanager.status('all\nis well'))
        self.assertEqual(b'READY=1\nSTATUS=all is well', channel.recv(100))

    def test_nobody(self):
        self.useFixture(fixtures.EnvironmentVariable('NOTIFY_SOCKET'))
        servicemanager.notify('READY=1')
        log = self.useFixture(fixtures.FakeLogger())
        self.useFixture(fixtures.EnvironmentVariable(
            'NOTIFY_SOCKET', '/no/such/socket'))
        servicemanager.notify('READY=1')
        self.assertIn('Could not tell the service manager', log.output)


class WatchdogTest(base.BaseTestCase):

    def watchdog(self, usec, pid):
        for name, value in (('WATCHDOG_USEC', usec), ('WATCHDOG_PID', pid)):
            self.useFixture(fixtures.EnvironmentVariable(name, value))
        return servicemanager.watchdog_s()

    def test_half_the_time(self):
        self.assertEqual(30, self.watchdog('60000000', str(os.getpid())))
        self.assertEqual(1.5, self.watchdog('3000000', None))

    def test_nobody_watches_us(self):
        self.assertIsNone(self.watchdog(None, None))
        self.assertIsNone(self.watchdog('0', None))
        self.assertIsNone(self.watchdog('soon', None))
        self.assertIsNone(self.watchdog('60000000', '1'))


class HostGoesDownTest(base.BaseTestCase):

    def goes_down(self, script, notify='/some/socket'):
        directory = self.useFixture(fixtures.TempDir()).path
        self.useFixture(fixtures.EnvironmentVariable('PATH', directory))
        self.useFixture(
            fixtures.EnvironmentVariable('NOTIFY_SOCKET', notify))
        if script is not None:
            tool = os.path.join(directory, 'systemctl')
            with open(tool, 'w', encoding='utf-8') as file:
                file.write(f'#!/bin/sh\n{script}\n')
            os.chmod(tool, 0o755)
        return servicemanager.host_goes_down()

    def test_it_does(self):
        self.assertTrue(self.goes_down(
            'test "$*" = is-system-running && echo stopping; exit 1'))

    def test_the_question_is_no_notification(self):
        self.assertTrue(self.goes_down(
            'test -z "$NOTIFY_SOCKET" && echo stopping'))

    def test_only_we_are_ended(self):
        self.assertFalse(self.goes_down('echo running'))
        self.assertFalse(self.goes_down('echo degraded; exit 1'))

    def test_without_systemd(self):
        self.assertFalse(self.goes_down('echo stopping', notify=None))

    def test_nobody_to_ask(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.assertFalse(self.goes_down(None))
        self.assertIn('Cannot ask systemd', log.output)
