import os
import threading
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import netns

NAME = 'nc-0123456789ab'


class TestOpened(base.BaseTestCase):

    def open(self, path):
        with netns.opened(path):
            self.fail('opened')

    def refused(self, path):
        return str(self.assertRaises(errors.RefusedError, self.open, path))

    def directory(self):
        directory = self.useFixture(fixtures.TempDir()).path
        patcher = mock.patch.object(netns, '_DIRECTORY', directory)
        patcher.start()
        self.addCleanup(patcher.stop)
        return directory

    def test_other_places(self):
        for path in ('/proc/1/ns/net', '/run/netns/qdhcp-1', '', None, NAME,
                     '/run/netns/nc-0123456789a', f'/run/netns/{NAME}c',
                     '/run/netns/nc-0123456789AB', f'/run/netns/{NAME}\n',
                     f'/run/netns/../netns/{NAME}', f'//run/netns/{NAME}',
                     f'/var/run/netns/{NAME}'):
            self.assertIn('not the pinned network namespace',
                          self.refused(path))

    def test_missing(self):
        path = f'{self.directory()}/{NAME}'
        error = self.assertRaises(errors.WiringError, self.open, path)
        self.assertIn('does not exist', str(error))

    def test_link(self):
        path = f'{self.directory()}/{NAME}'
        os.symlink('/proc/self/ns/net', path)
        self.assertIn('cannot be opened', self.refused(path))

    def test_not_a_namespace(self):
        path = f'{self.directory()}/{NAME}'
        with open(path, 'w'):
            pass
        self.assertIn('is not a network namespace', self.refused(path))

    def test_fifo_does_not_hang(self):
        path = f'{self.directory()}/{NAME}'
        os.mkfifo(path)
        self.assertIn('is not a network namespace', self.refused(path))

    def test_descriptor_is_closed(self):
        before = os.listdir('/proc/self/fd')
        self.test_not_a_namespace()
        self.assertEqual(len(before), len(os.listdir('/proc/self/fd')))


class TestInside(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.libc = mock.Mock()
        self.libc.setns.return_value = 0
        patcher = mock.patch.object(netns, '_libc', self.libc)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_runs_in_a_thread_of_its_own(self):
        thread = netns.inside(7, threading.current_thread)
        self.libc.setns.assert_called_once_with(7, 0x40000000)
        self.assertIsNot(threading.current_thread(), thread)
        self.assertFalse(thread.is_alive())

    def test_failure_inside_reaches_the_caller(self):
        def fail():
            raise errors.WiringError('Cannot do that.')
        error = self.assertRaises(
            errors.WiringError, netns.inside, 7, fail)
        self.assertEqual('Cannot do that.', str(error))

    def test_cannot_enter(self):
        self.libc.setns.return_value = -1
        called = []
        error = self.assertRaises(
            errors.WiringError, netns.inside, 7,
            lambda: called.append(True))
        self.assertIn('Cannot enter the network namespace', str(error))
        self.assertEqual([], called)
