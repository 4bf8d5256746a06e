import errno
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.host import filesystem


class TestSync(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def test_sync(self):
        filesystem.sync(self.folder)

    def test_missing(self):
        self.assertRaises(FileNotFoundError, filesystem.sync,
                          self.folder / 'missing')

    def test_a_disk_that_fails(self):
        with (mock.patch.object(filesystem._LIBC, 'syncfs', create=True,
                                return_value=-1),
              mock.patch('ctypes.get_errno', return_value=errno.EIO)):
            error = self.assertRaises(OSError, filesystem.sync, self.folder)
        self.assertEqual(errno.EIO, error.errno)
