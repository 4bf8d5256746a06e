import errno
from unittest import mock

from oslotest import base

from novacontainer.runtime.host import keyrings
from novacontainer.runtime.host import syscalls


class TestAllowed(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        keyrings.allowed.cache_clear()
        self.addCleanup(keyrings.allowed.cache_clear)

    def answered(self, error):
        with mock.patch.object(syscalls, 'call', side_effect=error):
            return keyrings.allowed()

    def test_asks_the_kernel(self):
        self.assertIn(keyrings.allowed(), (True, False))

    def test_denied_by_a_filter(self):
        self.assertFalse(self.answered(OSError(errno.EPERM, 'no')))

    def test_kernel_without_keyrings(self):
        self.assertFalse(self.answered(OSError(errno.ENOSYS, 'no')))

    def test_no_session_keyring_yet(self):
        self.assertTrue(self.answered(OSError(errno.ENOKEY, 'none')))

    def test_unknown_machine(self):
        with mock.patch.object(keyrings.platform, 'machine', lambda: 'vax'):
            self.assertTrue(self.answered(AssertionError('asked')))
