"""On the real kernel: into another mount namespace, and out of it."""

import os
import pathlib
import stat
import subprocess
import unittest
from unittest import mock

from oslotest import base

from novacontainer.runtime.host import devicemounts
from novacontainer.runtime.host import devices
from novacontainer.runtime.host import mounts

OWNER = 123456
NODE = devices.Node('b', 7, 250, 0o660, 0, 0)
#: A process with a /dev of its own, as a container has.
SCRIPT = (f'mount -t tmpfs -o nodev,uid={OWNER},gid={OWNER} none /dev && '
          'ln -s /tmp /dev/link && echo ready && exec sleep 1000')


@unittest.skipUnless(
    os.geteuid() == 0, 'Mounting needs root: run this gate as root.')
class DeviceMountsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        process = subprocess.Popen(
            ['unshare', '--mount', 'sh', '-c', SCRIPT],
            stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(b'ready\n', process.stdout.readline())
        self.pid = process.pid
        self.dev = f'/proc/{process.pid}/root/dev'
        self.space = os.open(
            f'/proc/{process.pid}/ns/mnt', os.O_RDONLY | os.O_CLOEXEC)
        self.addCleanup(os.close, self.space)

    def test_in_and_out(self):
        before = mounts.mount_points(pathlib.Path('/'))
        devicemounts.add(self.space, 'vdb', NODE, OWNER)
        shown = os.lstat(f'{self.dev}/vdb')
        self.assertTrue(stat.S_ISBLK(shown.st_mode))
        self.assertEqual(
            (os.makedev(7, 250), OWNER, OWNER, 0o660),
            (shown.st_rdev, shown.st_uid, shown.st_gid,
             stat.S_IMODE(shown.st_mode)))
        self.assertEqual(before, mounts.mount_points(pathlib.Path('/')))
        self.assertFalse(os.path.lexists('/dev/vdb'))
        for _ in range(2):
            devicemounts.remove(self.space, 'vdb')
            self.assertEqual(['link'], os.listdir(self.dev))

    def test_names(self):
        self.assertEqual(set(), devicemounts.names(self.pid))
        for name in ('vdb', 'vdc'):
            devicemounts.add(self.space, name, NODE, OWNER)
        self.assertEqual({'vdb', 'vdc'}, devicemounts.names(self.pid))
        devicemounts.remove(self.space, 'vdb')
        self.assertEqual({'vdc'}, devicemounts.names(self.pid))
        self.assertEqual(set(), devicemounts.names(0))

    def test_what_is_there_stays(self):
        devicemounts.add(self.space, 'vdb', NODE, OWNER)
        for name in ('vdb', 'link'):
            self.assertRaises(FileExistsError, devicemounts.add,
                              self.space, name, NODE, OWNER)
        # No mount of ours, so not ours to take away.
        devicemounts.remove(self.space, 'link')
        self.assertEqual(['link', 'vdb'], sorted(os.listdir(self.dev)))

    def test_nothing_is_left_of_a_failure(self):
        open_files = os.listdir('/proc/self/fd')
        with mock.patch.object(mounts, 'attach_to', side_effect=OSError(
                5, 'no')):
            self.assertRaises(OSError, devicemounts.add,
                              self.space, 'vdb', NODE, OWNER)
        self.assertEqual(['link'], os.listdir(self.dev))
        self.assertEqual(len(open_files), len(os.listdir('/proc/self/fd')))

    def test_a_mount_that_cannot_go(self):
        with mock.patch.object(mounts, 'unmount', side_effect=OSError(
                1, 'no')):
            self.assertRaises(PermissionError, devicemounts.remove,
                              self.space, 'vdb')
        with mock.patch.object(mounts, 'unmount'):
            error = self.assertRaises(OSError, devicemounts.remove,
                                      self.space, 'vdb')
        self.assertIn('mounts over it', str(error))
