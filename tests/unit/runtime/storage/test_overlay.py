"""What needs no kernel; the contract is tested as root."""

import pathlib
import stat
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import overlay


class TestOverlay(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name).resolve() / 'data'
        self.storage = overlay.Overlay(self.root)

    def test_mapped_roots_can_pass(self):
        for path in (self.root, self.root / 'overlay'):
            self.assertEqual(
                0o011, stat.S_IMODE(path.stat().st_mode) & 0o011)

    def test_size_is_refused_before_anything_is_made(self):
        fault = self.assertRaises(exception.InvalidRequest,
                                  self.storage.prepare, 'c1', [], None, 1)
        self.assertEqual('storage.size_range', fault.code)
        self.assertFalse((self.root / 'overlay/c1').exists())

    def test_places(self):
        self.assertEqual([], list(self.storage.mounted()))
        home = self.root / 'overlay/c1'
        self.assertEqual(
            {'LowerDir': '/top:/bottom', 'MergedDir': f'{home}/merged',
             'UpperDir': f'{home}/upper', 'WorkDir': f'{home}/work'},
            self.storage.describe('c1', [pathlib.Path('/bottom'),
                                         pathlib.Path('/top')]))

    def test_remove_of_nothing(self):
        self.storage.remove('c1')

    def test_status(self):
        told = dict(self.storage.status())
        self.assertEqual(
            {'Backing Filesystem', 'Layers Through', 'Root Disk Limit'},
            set(told))
        with mock.patch.object(diskimage, 'lack', return_value='bad luck'):
            self.assertEqual('none: bad luck', dict(
                self.storage.status())['Root Disk Limit'])
