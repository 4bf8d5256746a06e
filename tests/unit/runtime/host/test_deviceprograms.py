"""On the real kernel, with a cgroup2 hierarchy of its own."""

import os
import pathlib
import platform
import unittest
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.host import deviceprograms
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import syscalls

#: r0 = 1; exit.
YES = bytes((0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0))
#: An exit without an answer.
NOTHING = YES[8:]


@unittest.skipUnless(
    os.geteuid() == 0, 'Programs of the kernel need root: run this gate as '
    'root.')
class DeviceProgramsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        mounts.mount('cgroup2', str(root), 'cgroup2')
        self.addCleanup(mounts.unmount, str(root))
        directory = root / 'nc-test-programs'
        directory.mkdir()
        self.addCleanup(directory.rmdir)
        self.cgroup = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, self.cgroup)

    def attached(self):
        return deviceprograms.attached(self.cgroup)

    def attach(self, name):
        with deviceprograms.loaded(YES, name) as program:
            deviceprograms.attach(self.cgroup, program)

    def test_life(self):
        self.assertEqual([], self.attached())
        self.attach('one')
        [one] = self.attached()
        self.assertEqual('one', one.name)
        self.attach('two')
        self.assertEqual(
            ['one', 'two'], [found.name for found in self.attached()])
        with deviceprograms.loaded(YES, 'a_name_of_15_ch') as program:
            deviceprograms.replace(self.cgroup, program, one.id)
            self.assertRaises(
                OSError, deviceprograms.replace, self.cgroup, program,
                one.id)
        names = [found.name for found in self.attached()]
        self.assertEqual(['a_name_of_15_ch', 'two'], names)
        for found in self.attached():
            deviceprograms.detach(self.cgroup, found.id)
        self.assertEqual([], self.attached())

    def test_no_descriptor_stays(self):
        before = os.listdir('/proc/self/fd')
        self.test_life()
        self.assertEqual(before, os.listdir('/proc/self/fd'))

    def test_the_verifier_says_why(self):
        with mock.patch.object(os, 'close') as close:
            error = self.assertRaises(OSError, self.load, NOTHING)
        close.assert_not_called()
        self.assertIn('R0 !read_ok', str(error))

    def load(self, code=YES):
        with deviceprograms.loaded(code, 'test'):
            pass

    def test_faults_without_a_word(self):
        for fault in (OSError(1, 'no'), OSError(12, 'no')):
            with mock.patch.object(syscalls, 'call', side_effect=fault):
                self.assertIs(fault, self.assertRaises(OSError, self.load))

    def test_interruptions(self):
        again = BlockingIOError(11, 'again')
        handle = os.open('/dev/null', os.O_RDONLY)
        with mock.patch.object(
                syscalls, 'call', side_effect=[again, again, handle]):
            self.load()
        with mock.patch.object(syscalls, 'call', side_effect=again):
            error = self.assertRaises(OSError, self.load)
        self.assertIn('interrupted', str(error))

    def test_a_processor_that_is_not_known(self):
        with mock.patch.object(platform, 'machine', return_value='vax'):
            error = self.assertRaises(OSError, self.attached)
        self.assertIn('vax', str(error))
