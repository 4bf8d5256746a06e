import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.virt import blockdevice


class HoldingTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.enterContext(mock.patch.object(
            blockdevice, '_BY_NUMBER', self.top / 'by'))
        (self.top / 'by').mkdir()
        self.enterContext(mock.patch.object(
            os, 'stat', return_value=mock.Mock(st_dev=os.makedev(8, 1))))

    def device(self, path):
        (self.top / path).mkdir(parents=True)
        return self.top / path

    def holding(self, device):
        (self.top / 'by' / '8:1').symlink_to(device)
        with mock.patch.object(os, 'stat', return_value=mock.Mock(
                st_dev=os.makedev(8, 1))):
            return blockdevice.holding('/data')

    def test_disk(self):
        self.enterContext(mock.patch.object(
            pathlib.Path, 'exists', lambda path: path.name != 'partition'))
        self.assertEqual('/dev/vda', self.holding(self.device('block/vda')))

    def test_partition(self):
        self.enterContext(mock.patch.object(
            pathlib.Path, 'exists', lambda path: True))
        self.assertEqual(
            '/dev/cciss/c0d0', self.holding(
                self.device('block/cciss!c0d0/cciss!c0d0p1')))

    def test_none(self):
        self.enterContext(mock.patch.object(
            pathlib.Path, 'exists', lambda path: False))
        self.assertEqual('', blockdevice.holding('/data'))


class SizeTestCase(base.BaseTestCase):

    def test_size(self):
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (top / '7:3').mkdir()
        (top / '7:3' / 'size').write_text('8\n')
        self.enterContext(mock.patch.object(blockdevice, '_BY_NUMBER', top))
        with mock.patch.object(os, 'stat', return_value=mock.Mock(
                st_rdev=os.makedev(7, 3))):
            self.assertEqual(4096, blockdevice.size_bytes('/dev/loop3'))

    def test_no_disk(self):
        self.assertRaises(OSError, blockdevice.size_bytes, '/dev/null')
