import errno

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults


class DiskFaultsTest(base.BaseTestCase):

    def fail(self, number):
        with diskfaults.translated('Cannot do it'):
            raise OSError(number, 'why')

    def test_full(self):
        for number in (errno.ENOSPC, errno.EDQUOT):
            error = self.assertRaises(
                exception.Unavailable, self.fail, number)
            self.assertEqual('storage.full', error.code)
            self.assertIn('Cannot do it: the disk is full', error.message)

    def test_anything_else(self):
        error = self.assertRaises(exception.Internal, self.fail, errno.EIO)
        self.assertIn('Cannot do it: ', error.message)

    def test_nothing(self):
        with diskfaults.translated('Cannot do it'):
            pass
