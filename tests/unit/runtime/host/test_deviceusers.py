import os
import pathlib
import stat
import subprocess
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.host import deviceusers

DISK = (7, 3)


class DeviceUsersTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.path = pathlib.Path(directory, 'disk')
        self.path.touch()
        self.mode = stat.S_IFBLK
        self.real = os.stat
        self.enterContext(mock.patch.object(
            deviceusers.os, 'stat', self.stat))

    def stat(self, path):
        """Take the file for a block device."""
        status = self.real(path)
        if os.path.samestat(status, self.real(self.path)):
            return mock.Mock(st_mode=self.mode, st_rdev=os.makedev(*DISK))
        return status

    def users(self, *pids, numbers=DISK):
        return deviceusers.find(pids, numbers)

    def test_open(self):
        me = os.getpid()
        self.assertEqual([], self.users(me))
        with self.path.open():
            self.assertEqual([me], self.users(me, os.getppid()))
            self.assertEqual([], self.users(me, numbers=(7, 4)))
            # A character device may have the same numbers.
            self.mode = stat.S_IFCHR
            self.assertEqual([], self.users(me))
        self.mode = stat.S_IFBLK
        self.assertEqual([], self.users(me))

    def test_mounted(self):
        with open('/proc/self/mountinfo') as lines:
            numbers = lines.readline().split()[2].split(':')
        self.assertEqual([os.getpid()], self.users(
            os.getpid(), numbers=tuple(map(int, numbers))))

    def test_processes_that_have_gone(self):
        ended = subprocess.Popen(['true'])
        ended.wait()
        self.assertEqual([], self.users(ended.pid))

    def test_descriptors_that_are_closed_meanwhile(self):
        with mock.patch.object(deviceusers.os, 'stat',
                               side_effect=FileNotFoundError):
            self.assertEqual([], self.users(os.getpid()))
