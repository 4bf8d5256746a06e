import os
import pathlib
import unittest

import fixtures
from oslotest import base

from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import mountviews


class MountViewsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    @unittest.skipUnless(
        os.geteuid() == 0, 'Mounting needs root: run this gate as root.')
    def test_a_view(self):
        for name in ('root/place', 'volume'):
            (self.root / name).mkdir(parents=True)
        (self.root / 'volume/file').write_text('x')
        before = mounts.mount_points(pathlib.Path('/'))
        clone = mounts.clone_tree(str(self.root / 'volume'))
        self.addCleanup(os.close, clone)
        with mountviews.opened(self.root / 'root', [
                ('/place', clone), ('/none', clone)]) as (root, space):
            self.assertEqual(before, mounts.mount_points(pathlib.Path('/')))
            self.assertEqual([], os.listdir(self.root / 'root/place'))
            handle = os.open('place/file', os.O_RDONLY, dir_fd=root)
            with open(handle) as file:
                self.assertEqual('x', file.read())
            self.assertIn('mnt:', os.readlink(f'/proc/self/fd/{space}'))
        self.assertRaises(OSError, os.fstat, root)
        self.assertRaises(OSError, os.fstat, space)

    def test_failure(self):
        open_files = os.listdir('/proc/self/fd')

        def look():
            with mountviews.opened(self.root / 'none', []):
                raise AssertionError

        self.assertRaises(OSError, look)
        self.assertEqual(len(open_files), len(os.listdir('/proc/self/fd')))
