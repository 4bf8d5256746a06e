"""What needs no root; whiteouts are in the contract of storage."""

import os
import pathlib
import stat
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.storage import flattening


class ApplyTest(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.layer, self.tree = top / 'layer', top / 'tree'
        for path in (self.layer, self.tree):
            path.mkdir()
        self.owners = []
        for name in ('os.fchown', 'os.chown'):
            self.useFixture(fixtures.MockPatch(
                name, lambda _, uid, gid, **more: self.owners.append(
                    (uid, gid))))

    def test_links_modes_times_and_owners(self):
        (self.layer / 'dir').mkdir(mode=0o750)
        (self.layer / 'dir/file').write_text('x')
        os.link(self.layer / 'dir/file', self.layer / 'other')
        (self.layer / 'link').symlink_to('/nowhere')
        os.mkfifo(self.layer / 'fifo', 0o640)
        os.utime(self.layer / 'dir', ns=(5, 7))
        flattening.apply(self.layer, self.tree, 100)
        self.assertEqual((self.tree / 'other').stat().st_ino,
                         (self.tree / 'dir/file').stat().st_ino)
        status = (self.tree / 'dir').stat()
        self.assertEqual((0o750, 7), (
            stat.S_IMODE(status.st_mode), status.st_mtime_ns))
        self.assertEqual('/nowhere', os.readlink(self.tree / 'link'))
        self.assertEqual(0o640, stat.S_IMODE(
            (self.tree / 'fifo').stat().st_mode))
        self.assertEqual({(os.getuid() + 100, os.getgid() + 100)},
                         set(self.owners))

    def test_kinds_replace_one_another(self):
        (self.tree / 'file').mkdir()
        (self.tree / 'file/inner').touch()
        (self.tree / 'dir').symlink_to(self.layer)
        (self.layer / 'file').write_text('x')
        (self.layer / 'dir').mkdir()
        flattening.apply(self.layer, self.tree)
        self.assertEqual('x', (self.tree / 'file').read_text())
        self.assertFalse((self.tree / 'dir').is_symlink())
        self.assertEqual([], os.listdir(self.tree / 'dir'))

    def test_no_layer(self):
        self.assertRaises(FileNotFoundError, flattening.apply,
                          self.layer / 'none', self.tree)

    def test_a_file_system_without_attributes(self):
        (self.layer / 'file').write_text('x')
        with mock.patch.object(os, 'listxattr',
                               side_effect=OSError(95, 'no')):
            flattening.apply(self.layer, self.tree)
        self.assertEqual('x', (self.tree / 'file').read_text())
        with mock.patch.object(os, 'listxattr',
                               side_effect=OSError(5, 'bad')):
            self.assertRaises(OSError, flattening.apply, self.layer,
                              self.tree)
