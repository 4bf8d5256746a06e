"""The rules for the devices of a cgroup, on the kernel's two versions.

Each hierarchy is mounted in a directory of its own, which works whatever the
host has at /sys/fs/cgroup; the program of version 2 passes the verifier.
"""

import os
import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import devicefilter
from novacontainer.runtime.engine import devicerules
from novacontainer.runtime import exception
from novacontainer.runtime.host import deviceprograms
from novacontainer.runtime.host import mounts
from tests.contract import devicerules as contract

#: What an OCI runtime writes: nothing, and then the standard devices.
_STANDARD = ('c *:* m', 'b *:* m', 'c 1:3 rwm', 'c 1:9 rwm', 'c 5:0 rwm')


class TestFiles(contract.DeviceRulesContract, base.BaseTestCase):
    """Version 1."""

    def make_cgroup(self):
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        hierarchy = self.root / 'devices'
        hierarchy.mkdir()
        mounts.mount('cgroup', str(hierarchy), 'cgroup', data='devices')
        self.addCleanup(mounts.unmount, str(hierarchy))
        directory = hierarchy / 'nc-test'
        directory.mkdir()
        self.addCleanup(cgroups.remove, '/nc-test', self.root)
        self.procs = directory / 'cgroup.procs'
        (directory / 'devices.deny').write_text('a')
        for rule in _STANDARD:
            (directory / 'devices.allow').write_text(rule)


class TestPrograms(contract.DeviceRulesContract, base.BaseTestCase):
    """Version 2."""

    def make_cgroup(self):
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        mounts.mount('cgroup2', str(self.root), 'cgroup2')
        self.addCleanup(mounts.unmount, str(self.root))
        directory = self.root / 'nc-test'
        directory.mkdir()
        self.addCleanup(cgroups.remove, '/nc-test', self.root)
        self.procs = directory / 'cgroup.procs'
        self.handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, self.handle)
        self.add('runtime')

    def add(self, name):
        with deviceprograms.loaded(devicefilter.program([]), name) as one:
            deviceprograms.attach(self.handle, one)

    def names(self):
        return [one.name for one in deviceprograms.attached(self.handle)]

    def test_one_program_at_a_time(self):
        self.assertEqual(['runtime'], self.names())
        self.rules.settle([])
        self.assertEqual(['runtime'], self.names())
        for _ in range(3):
            self.rules.apply([])
            self.assertEqual([devicerules.PROGRAM_NAME], self.names())

    def test_the_program_of_somebody_else(self):
        self.add('foreign')
        self.assertRaises(exception.NotSupported, self.rules.apply, [])
        self.assertEqual(['runtime', 'foreign'], self.names())

    def test_one_that_came_later_stays(self):
        self.rules.apply([])
        self.add('foreign')
        self.rules.apply([self.rule(self.disks[0])])
        self.assertEqual(
            [devicerules.PROGRAM_NAME, 'foreign'], self.names())
        # Both have to agree.
        self.assertFalse(self.opens(f'<{self.disks[0]}'))

    def test_none_at_all(self):
        [only] = deviceprograms.attached(self.handle)
        deviceprograms.detach(self.handle, only.id)
        self.assertTrue(self.opens(f'<{self.disks[0]}'))
        self.rules.apply([])
        self.assertFalse(self.opens(f'<{self.disks[0]}'))

    def test_every_rule_passes_the_verifier(self):
        for rules in (
                [], [{'type': 'a', 'access': 'rwm'}],
                [{'type': 'a', 'access': 'r'}],
                [{'type': 'a', 'major': 7, 'access': 'mwr'}],
                [{'type': 'b', 'major': 7, 'minor': number, 'access': access}
                 for number in range(200) for access in ('r', 'rwm')]):
            self.rules.apply(rules)
        self.rules.apply([{'type': 'a', 'access': 'r'}])
        self.assertTrue(self.opens('</dev/kmsg'))
        self.assertFalse(self.opens(f'>{self.disks[0]}'))
        self.rules.apply([{'type': 'a', 'access': 'rwm'}])
        self.assertTrue(self.opens(f'<>{self.disks[0]}'))
