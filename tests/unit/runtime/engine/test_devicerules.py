"""Version 1 on files, version 2 on a kernel that is a list of programs."""

import contextlib
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.engine import devicefilter
from novacontainer.runtime.engine import devicerules
from novacontainer.runtime import exception
from novacontainer.runtime.host import deviceprograms


def block(minor, access='rwm'):
    return {'allow': True, 'type': 'b', 'major': 7, 'minor': minor,
            'access': access}


class DeviceRulesCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def rules(self):
        return devicerules.of('/nc/one', self.root)


class FilesTest(DeviceRulesCase):

    def make(self, listed=''):
        directory = self.root / 'devices/nc/one'
        directory.mkdir(parents=True)
        (directory / 'devices.list').write_text(listed)
        return directory

    def test_no_such_cgroup(self):
        (self.root / 'unified').mkdir()
        (self.root / 'unified/cgroup.controllers').touch()
        (self.root / 'unified/nc/one').mkdir(parents=True)
        error = self.assertRaises(exception.NotSupported, self.rules)
        self.assertIn('Stop the container', error.message)

    def test_allow(self):
        directory = self.make('c 1:3 rwm\nb 7:3 m\n')
        self.rules().apply([
            block(3, 'rm'), block(3, 'w'), {**block(4), 'type': 'c'}])
        self.assertEqual(
            'b 7:3 rw', (directory / 'devices.allow').read_text())
        self.assertFalse((directory / 'devices.deny').exists())

    def test_deny(self):
        for method in ('apply', 'settle'):
            directory = self.make(
                'c 1:3 rwm\nb *:* m\nb 7:1 rwm\nb 7:2 rw\nb 7:3 r\n')
            getattr(self.rules(), method)([block(1, 'r'), block(2, 'rw'),
                                           block(3, 'r')])
            self.assertEqual(
                'b 7:1 mw', (directory / 'devices.deny').read_text())
            self.assertFalse((directory / 'devices.allow').exists())
            (directory / 'devices.deny').unlink()
            (directory / 'devices.list').unlink()
            directory.rmdir()
            directory.parent.rmdir()

    def test_a_cgroup_that_goes(self):
        directory = self.make('b 7:1 rwm\n')
        rules = self.rules()
        (directory / 'devices.allow').mkdir()
        self.assertRaises(exception.Internal, rules.apply, [block(2)])
        (directory / 'devices.list').unlink()
        self.assertRaises(exception.Internal, rules.apply, [])


class Kernel:
    """The programs of one cgroup, (number, name, code), oldest first."""

    def __init__(self):
        self.programs = []
        self.calls = []
        self.fault = None

    def add(self, name, code=b''):
        self.programs.append((len(self.programs) + 1, name, code))

    def attached(self, cgroup):
        return [deviceprograms.Attached(number, name)
                for number, name, _ in self.programs]

    @contextlib.contextmanager
    def loaded(self, code, name):
        if self.fault is not None:
            raise self.fault
        yield name, code

    def attach(self, cgroup, program):
        self.calls.append('attach')
        self.add(*program)

    def replace(self, cgroup, program, old):
        self.calls.append('replace')
        [place] = [index for index, one in enumerate(self.programs)
                   if one[0] == old]
        self.programs[place] = 99, *program


class ProgramTest(DeviceRulesCase):

    def setUp(self):
        super().setUp()
        (self.root / 'cgroup.controllers').touch()
        (self.root / 'nc/one').mkdir(parents=True)
        self.kernel = Kernel()
        for name in ('attached', 'loaded', 'attach', 'replace'):
            patcher = mock.patch.object(
                deviceprograms, name, getattr(self.kernel, name))
            patcher.start()
            self.addCleanup(patcher.stop)

    def test_in_place_of_the_runtime_s(self):
        self.kernel.add('')
        for rules in ([block(1)], [], [block(2), block(1, 'r')]):
            self.rules().apply(rules)
            self.assertEqual(
                [(99, 'novacontainer', devicefilter.program(rules))],
                self.kernel.programs)
        self.assertEqual(['replace'] * 3, self.kernel.calls)

    def test_there_is_none(self):
        self.rules().apply([])
        self.assertEqual(['attach'], self.kernel.calls)

    def test_others_beside_it(self):
        self.kernel.add('')
        self.kernel.add('other')
        self.assertRaises(
            exception.NotSupported, self.rules().apply, [])
        self.assertEqual([], self.kernel.calls)
        self.kernel.programs[0] = 1, 'novacontainer', b''
        self.rules().apply([])
        self.assertEqual([99, 2], [one[0] for one in self.kernel.programs])

    def test_settling(self):
        self.rules().settle([])
        self.kernel.add('')
        self.rules().settle([])
        self.assertEqual([], self.kernel.calls)
        self.rules().apply([block(1)])
        self.rules().settle([])
        self.assertEqual(devicefilter.program([]),
                         self.kernel.programs[0][2])

    def test_failures(self):
        self.kernel.add('')
        for number, fault, text in (
                (1, exception.NotSupported, 'CAP_BPF'),
                (38, exception.NotSupported, 'Stop the container'),
                (13, exception.Internal, 'R0 !read_ok'),
                (12, exception.Internal, '')):
            self.kernel.fault = OSError(number, 'R0 !read_ok')
            error = self.assertRaises(fault, self.rules().apply, [])
            self.assertIn(text, error.message)
        self.assertEqual([], self.kernel.calls)

    def test_a_cgroup_that_has_gone(self):
        rules = self.rules()
        (self.root / 'nc/one').rmdir()
        self.assertRaises(exception.Internal, rules.apply, [])
        self.assertRaises(exception.NotSupported, self.rules)
