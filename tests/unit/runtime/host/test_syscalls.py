"""Errors of the C library become OSError."""

import errno
import os

from oslotest import base

from novacontainer.runtime.host import syscalls

GETPID = {'x86_64': 39, 'aarch64': 172}


class TestCall(base.BaseTestCase):
    def test_result(self):
        number = GETPID[os.uname().machine]
        self.assertEqual(os.getpid(), syscalls.call(number))

    def test_error_with_its_subject(self):
        error = self.assertRaises(
            FileNotFoundError, syscalls.call, syscalls.OPEN_TREE, -100,
            b'/no/such', 0, subject='/no/such')
        self.assertEqual('/no/such', error.filename)

    def test_error_without_one(self):
        error = self.assertRaises(OSError, syscalls.call, 9999)
        self.assertEqual(errno.ENOSYS, error.errno)
        self.assertIsNone(error.filename)

    def test_check(self):
        self.assertEqual(0, syscalls.check(0))
        self.assertEqual(7, syscalls.check(7))
