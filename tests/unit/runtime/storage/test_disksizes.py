"""Disks of another size, with the programs replaced; see the contract."""

import contextlib
import errno
import fcntl
import os
import pathlib
import subprocess
import tempfile
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import loopdevices
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import disksizes

SIZE = 32 << 20


class DiskSizesTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = pathlib.Path(directory.name)
        self.image = self.home / 'disk.img'
        self.image.touch()
        os.truncate(self.image, SIZE)
        self.disk = self.home / 'mounted'
        self.disk.mkdir()
        self.runs = []
        self.answers = {}
        self.useFixture(fixtures.MockPatch('subprocess.run', self.run_program))
        self.useFixture(fixtures.MockPatch(
            'shutil.which', lambda program, path: f'/sbin/{program}'))
        self.useFixture(fixtures.MockPatchObject(
            diskimage, 'make', lambda image, size: image.write_text('new')))
        self.useFixture(fixtures.MockPatchObject(
            diskimage, 'mounted',
            lambda image: contextlib.nullcontext(self.disk)))

    def run_program(self, command, **kwargs):
        self.runs.append(command[0])
        status, said = self.answers.get(command[0], (0, b''))
        return subprocess.CompletedProcess(command, status, said)

    def test_larger(self):
        disksizes.resize(self.image, 2 * SIZE)
        self.assertEqual(['e2fsck', 'resize2fs'], self.runs)
        self.assertEqual(2 * SIZE, self.image.stat().st_size)

    def test_a_disk_that_somebody_has_mounted(self):
        with self.image.open('rb') as device:
            fcntl.flock(device, fcntl.LOCK_EX)
            with mock.patch.object(loopdevices, '_PATIENCE_S', 0):
                fault = self.assertRaises(
                    exception.Conflict, disksizes.resize, self.image,
                    2 * SIZE)
        self.assertEqual('storage.mounted', fault.code)
        self.assertEqual([], self.runs)

    def test_what_e2fsck_mends_is_no_failure(self):
        self.answers['e2fsck'] = (1, b'fixed')
        disksizes.resize(self.image, 2 * SIZE)
        self.answers['e2fsck'] = (4, b'bad superblock')
        fault = self.assertRaises(
            exception.Internal, disksizes.resize, self.image, 3 * SIZE)
        self.assertIn('bad superblock', fault.message)
        self.assertEqual(2 * SIZE, self.image.stat().st_size)

    def test_a_try_that_came_to_no_end_is_finished(self):
        self.answers['resize2fs'] = (1, b'killed')
        self.assertRaises(
            exception.Internal, disksizes.resize, self.image, 2 * SIZE)
        del self.answers['resize2fs']
        disksizes.resize(self.image, 2 * SIZE)
        self.assertEqual('resize2fs', self.runs[-1])

    def test_smaller(self):
        (self.disk / 'upper').mkdir()
        (self.disk / 'lost+found').mkdir()
        disksizes.resize(self.image, SIZE // 2)
        self.assertEqual(['cp'], self.runs)
        self.assertEqual('new', self.image.read_text())

    def test_smaller_and_empty(self):
        disksizes.resize(self.image, SIZE // 2)
        self.assertEqual([], self.runs)

    def test_too_small(self):
        (self.disk / 'upper').mkdir()
        self.answers['cp'] = (
            1, b'cp: error writing: ' + os.strerror(errno.ENOSPC).encode())
        fault = self.assertRaises(
            exception.Conflict, disksizes.resize, self.image, SIZE // 2)
        self.assertEqual('storage.too_small', fault.code)
        self.assertEqual(SIZE, self.image.stat().st_size)
        self.assertEqual({'disk.img', 'mounted'},
                         set(os.listdir(self.home)))

    def test_copying_fails(self):
        (self.disk / 'upper').mkdir()
        self.answers['cp'] = (1, b'cp: Input/output error')
        fault = self.assertRaises(
            exception.Internal, disksizes.resize, self.image, SIZE // 2)
        self.assertIn('Input/output error', fault.message)

    def test_leftovers_of_a_crash(self):
        (self.home / 'disk.img.new').write_text('half')
        disksizes.resize(self.image, SIZE // 2)
        self.assertEqual('new', self.image.read_text())

    def test_program_missing(self):
        self.useFixture(fixtures.MockPatch(
            'shutil.which', lambda program, path: None))
        fault = self.assertRaises(
            exception.NotSupported, disksizes.resize, self.image, 2 * SIZE)
        self.assertIn('install e2fsprogs', fault.message)

    def test_sizes_that_cannot_be(self):
        for size_bytes in (1, 1 << 70):
            self.assertRaises(exception.InvalidRequest, disksizes.resize,
                              self.image, size_bytes)
