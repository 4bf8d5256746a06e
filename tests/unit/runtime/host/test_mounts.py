"""Reading mountinfo; the calls themselves are tested on the kernel."""

import errno
import os
import pathlib
from unittest import mock

from oslotest import base

from novacontainer.runtime.host import mounts

MOUNTINFO = """\
21 1 8:1 / / rw - ext4 /dev/sda rw
22 21 0:20 / /data rw shared:1 - tmpfs tmpfs rw
23 22 0:21 / /data/one rw shared:2 master:3 - overlay overlay rw
24 22 0:22 / /data/with\\040space\\134 rw - overlay overlay rw
25 21 0:23 / /database rw - tmpfs tmpfs rw
"""


class TestMountPoints(base.BaseTestCase):
    def points(self, below):
        with mock.patch('builtins.open',
                        mock.mock_open(read_data=MOUNTINFO)):
            return mounts.mount_points(pathlib.Path(below))

    def test_strictly_below(self):
        self.assertEqual(['/data/one', '/data/with space\\'],
                         self.points('/data'))
        self.assertEqual([], self.points('/data/one'))
        self.assertEqual(4, len(self.points('/')))


    def test_types(self):
        with mock.patch('builtins.open',
                        mock.mock_open(read_data=MOUNTINFO)):
            for path, kind in (
                    ('/', 'ext4'), ('/data', 'tmpfs'), ('/dat', 'ext4'),
                    ('/data/one/x/y', 'overlay'), ('/data/two', 'tmpfs')):
                self.assertEqual(
                    kind, mounts.filesystem_type(pathlib.Path(path)))


class TestErrors(base.BaseTestCase):
    """Calls that fail for root and for anybody else."""

    def test_each_names_its_subject(self):
        for function, *args in (
                (mounts.mount, 'none', '/no/such', 'tmpfs'),
                (mounts.unmount, '/no/such'),
                (mounts.clone_tree, '/no/such')):
            error = self.assertRaises(OSError, function, *args)
            self.assertIn('/no/such', str(error))

    def test_what_is_no_mount(self):
        self.assertRaises(OSError, mounts.set_id_map, -1, -1)
        self.assertRaises(OSError, mounts.attach, -1, '/no/such')
        self.assertRaises(OSError, mounts.FilesystemContext, 'nosuchfs')


class TestVacate(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.times = 0

    def remove(self, number, times):
        def effect():
            self.times += 1
            if self.times <= times:
                raise OSError(number, os.strerror(number))
        return effect

    def test_at_once(self):
        mounts.vacate(self.remove(errno.EBUSY, 0))
        self.assertEqual(1, self.times)

    def test_a_copy_of_the_mount_goes(self):
        mounts.vacate(self.remove(errno.EBUSY, 2))
        self.assertEqual(3, self.times)

    def test_it_does_not_go(self):
        with mock.patch.object(mounts, '_COPIES_S', 0.0):
            error = self.assertRaises(
                OSError, mounts.vacate, self.remove(errno.EBUSY, 10 ** 9))
        self.assertEqual(errno.EBUSY, error.errno)

    def test_another_reason(self):
        error = self.assertRaises(
            OSError, mounts.vacate, self.remove(errno.EIO, 1))
        self.assertEqual(errno.EIO, error.errno)
        self.assertEqual(1, self.times)
