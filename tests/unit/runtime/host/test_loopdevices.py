"""Races for devices; the devices themselves are tested as root."""

import errno
import fcntl
import os
import pathlib
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime.host import loopdevices


class TestAttached(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.image = self.root / 'image'
        self.image.touch()
        for name, value in (('_CONTROL', str(self.image)),
                            ('_BLOCK_DEVICES', self.root), ('_PAUSE_S', 0)):
            patch = mock.patch.object(loopdevices, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.before = len(os.listdir('/proc/self/fd'))

    def refused(self, ioctl):
        """Return the error of an attempt, which leaves nothing open."""
        opened = os.open

        def any_device(path, *args):
            return opened(os.devnull if str(path).startswith('/dev/')
                          else path, *args)

        with (mock.patch.object(fcntl, 'ioctl', side_effect=ioctl),
              mock.patch.object(os, 'open', any_device)):
            error = self.assertRaises(
                OSError, loopdevices.attached(self.image).__enter__)
        self.assertEqual(self.before, len(os.listdir('/proc/self/fd')))
        return error

    def test_another_program_is_always_quicker(self):
        calls = []

        def ioctl(fd, number, *args):
            calls.append(number)
            if args:
                raise OSError(errno.EBUSY, 'busy')
            return 7

        self.assertEqual(errno.EBUSY, self.refused(ioctl).errno)
        self.assertEqual(100, len(calls))

    def test_the_kernel_refuses(self):
        def ioctl(fd, number, *args):
            if args:
                raise OSError(errno.EINVAL, 'no')
            return 7

        self.assertEqual(errno.EINVAL, self.refused(ioctl).errno)

    def test_the_file_stays_in_use_without_a_device(self):
        with self.image.open() as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            self.before += 1
            self.assertEqual(errno.EBUSY, self.refused(None).errno)

    def test_a_device_that_goes_while_it_is_looked_for(self):
        entry = self.root / 'loop7/loop'
        entry.mkdir(parents=True)
        (entry / 'backing_file').write_text(f'{self.image}\n')

        def ioctl(fd, number, *args):
            raise OSError(errno.ENXIO, 'cleared')

        with self.image.open() as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            self.before += 1
            self.assertEqual(errno.EBUSY, self.refused(ioctl).errno)

    def test_a_missing_file(self):
        self.assertRaises(
            FileNotFoundError,
            loopdevices.attached(self.root / 'none').__enter__)
