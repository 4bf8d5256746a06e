"""Files on whatever file system the tests run on, and on none that can."""

import errno
import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.host import copying


class CopyTest(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.source, self.target = self.top / 'source', self.top / 'target'

    def copy(self):
        with (self.source.open('rb') as source,
              self.target.open('wb') as target):
            copying.copy(source.fileno(), target.fileno(),
                         self.source.stat().st_size)
        return self.target.read_bytes()

    def each_way(self):
        """Yield once for each way of copying."""
        no = OSError(errno.EOPNOTSUPP, 'no')
        yield
        with mock.patch.object(copying.fcntl, 'ioctl', side_effect=no):
            yield
            with mock.patch.object(os, 'copy_file_range', side_effect=no):
                yield

    def test_bytes(self):
        for data in (b'', b'x', os.urandom(3 << 20)):
            self.source.write_bytes(data)
            for _ in self.each_way():
                self.assertEqual(data, self.copy())

    def test_holes(self):
        with self.source.open('wb') as file:
            file.seek(8 << 20)
            file.write(b'x')
            file.truncate(16 << 20)
        for _ in self.each_way():
            self.assertEqual(self.source.read_bytes(), self.copy())
            self.assertLess(self.target.stat().st_blocks, 4096)

    def test_a_full_disk(self):
        self.source.write_bytes(b'x')
        with mock.patch.object(copying.fcntl, 'ioctl',
                               side_effect=OSError(errno.ENOSPC, 'full')):
            self.assertRaises(OSError, self.copy)
