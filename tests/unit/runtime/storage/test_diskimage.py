"""Making the file; mounting it is tested as root."""

import errno
import os
import pathlib
import stat
import tempfile
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.storage import diskimage


class TestSize(base.BaseTestCase):
    def test_what_can_be_made(self):
        for size_bytes in (diskimage.MIN_BYTES, 10 << 30,
                           diskimage.MAX_BYTES):
            diskimage.check_size(size_bytes)

    def test_what_cannot(self):
        for size_bytes in (1, diskimage.MIN_BYTES - 1,
                           diskimage.MAX_BYTES + 1, 1 << 80):
            fault = self.assertRaises(
                exception.InvalidRequest, diskimage.check_size, size_bytes)
            self.assertEqual('storage.size_range', fault.code)
            self.assertIn('16M', fault.message)


class TestMake(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.image = self.root / 'disk.img'

    def with_mkfs(self, script):
        """Put a program of ours where mkfs.ext4 is looked for."""
        program = self.root / 'mkfs.ext4'
        program.write_text(f'#!/bin/sh\n{script}\n')
        program.chmod(0o755)
        self.useFixture(self.path(f'{self.root}:/bin:/usr/bin'))

    def path(self, value):
        return fixtures.EnvironmentVariable('PATH', value)

    def test_sparse_private_and_whole_blocks(self):
        self.with_mkfs(f'echo "$@" > {self.root}/said')
        diskimage.make(self.image, (1 << 30) + 1)
        status = self.image.stat()
        self.assertEqual((1 << 30) + 4096, status.st_size)
        self.assertEqual(0, status.st_blocks)
        self.assertEqual(0o600, stat.S_IMODE(status.st_mode))
        said = (self.root / 'said').read_text().split()
        self.assertEqual(str(self.image), said[-1])
        self.assertNotIn('has_journal', ' '.join(said))

    def test_without_the_program(self):
        self.useFixture(self.path(str(self.root)))
        self.useFixture(fixtures.MockPatchObject(
            diskimage, '_SBIN', str(self.root)))
        fault = self.assertRaises(exception.NotSupported, diskimage.make,
                                  self.image, 1 << 30)
        self.assertEqual('storage.size_limit', fault.code)
        self.assertIn('e2fsprogs', fault.message)
        self.assertIn('e2fsprogs', diskimage.lack())

    def test_the_program_fails(self):
        self.with_mkfs('echo bad luck >&2; exit 3')
        fault = self.assertRaises(exception.Internal, diskimage.make,
                                  self.image, 1 << 30)
        self.assertIn('status 3: bad luck', fault.message)

    def test_in_another_language(self):
        self.useFixture(fixtures.EnvironmentVariable('LC_ALL', 'de_DE'))
        self.with_mkfs('echo "$LC_ALL" >&2; exit 1')
        fault = self.assertRaises(exception.Internal, diskimage.make,
                                  self.image, 1 << 30)
        self.assertTrue(fault.message.endswith(': C'), fault.message)

    def test_the_disk_of_the_host_is_full(self):
        self.with_mkfs(f'echo "{os.strerror(errno.ENOSPC)}" >&2; exit 1')
        error = self.assertRaises(OSError, diskimage.make,
                                  self.image, 1 << 30)
        self.assertEqual(errno.ENOSPC, error.errno)

    def test_never_over_another_file(self):
        self.image.write_text('x')
        self.assertRaises(FileExistsError, diskimage.make,
                          self.image, 1 << 30)
        self.assertEqual('x', self.image.read_text())

    def test_without_loop_devices(self):
        self.image.write_text('x')
        self.with_mkfs('')
        with mock.patch('novacontainer.runtime.host.loopdevices._CONTROL',
                        str(self.root / 'none')):
            self.assertIn('loop', diskimage.lack())
            fault = self.assertRaises(
                exception.NotSupported,
                diskimage.mounted(self.image).__enter__)
        self.assertEqual('storage.size_limit', fault.code)
        self.assertIn('loop', fault.message)

    def test_a_lost_file_is_not_a_lack_of_the_host(self):
        self.assertRaises(FileNotFoundError,
                          diskimage.mounted(self.image).__enter__)
