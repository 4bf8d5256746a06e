import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.engine import devicerules
from novacontainer.runtime import exception


class DeviceRulesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def make(self, listed=''):
        directory = self.root / 'devices/nc/one'
        directory.mkdir(parents=True)
        (directory / 'devices.list').write_text(listed)
        return directory

    def test_version_2(self):
        error = self.assertRaises(
            exception.NotSupported, devicerules.check, '/nc/one', self.root)
        self.assertIn('Stop the container', error.message)

    def test_allow(self):
        directory = self.make()
        devicerules.check('/nc/one', self.root)
        devicerules.allow('/nc/one', (7, 3), 'rw', self.root)
        self.assertEqual(
            'b 7:3 rw', (directory / 'devices.allow').read_text())

    def test_restrict(self):
        directory = self.make(
            'c 1:3 rwm\nb *:* m\nb 7:1 rwm\nb 7:2 rw\nb 7:3 r\n')
        devicerules.restrict(
            '/nc/one', {(7, 1): 'r', (7, 2): 'rwm', (7, 3): 'r'}, self.root)
        self.assertEqual(
            'b 7:1 wm', (directory / 'devices.deny').read_text())

    def test_a_cgroup_that_has_gone(self):
        for step in (lambda: devicerules.allow(
                         '/nc/none', (7, 3), 'r', self.root),
                     lambda: devicerules.restrict(
                         '/nc/none', {}, self.root)):
            self.assertRaises(exception.Internal, step)
