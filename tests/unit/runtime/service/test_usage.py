import os
import pathlib
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime.service import usage


class UsageTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def test_links_count_once_and_holes_not(self):
        self.assertEqual(0, usage.tree_bytes(self.root))
        (self.root / 'sub').mkdir()
        data = self.root / 'sub' / 'data'
        data.write_bytes(b'x' * 100_000)
        with data.open('rb') as file:
            os.fsync(file.fileno())
        size = usage.tree_bytes(self.root)
        self.assertGreaterEqual(size, 100_000)
        self.assertLess(size, 200_000)
        os.link(data, self.root / 'link')
        with open(self.root / 'hole', 'wb') as file:
            file.truncate(10 ** 9)
        self.assertEqual(size, usage.tree_bytes(self.root))

    def test_a_file_that_goes_meanwhile(self):
        (self.root / 'gone').touch()
        with mock.patch('os.lstat', side_effect=FileNotFoundError):
            self.assertEqual(0, usage.tree_bytes(self.root))
