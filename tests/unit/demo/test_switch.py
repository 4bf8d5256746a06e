import json
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from demo import directory as directories
from demo import errors
from demo import switch


class RefuseForeignTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.directory = directories.Directory(root / 'demo')
        self.network = root / 'net'
        self.processes = root / 'proc'
        for path in (self.network, self.processes):
            path.mkdir()
        self.useFixture(fixtures.MockPatchObject(
            switch, '_NETWORK', self.network))
        self.useFixture(fixtures.MockPatchObject(
            switch, '_PROCESSES', self.processes))
        self.process('self', 'python3', 'net:[1]')

    def process(self, name, command, namespace):
        (self.processes / name / 'ns').mkdir(parents=True)
        (self.processes / name / 'comm').write_text(f'{command}\n')
        (self.processes / name / 'ns/net').symlink_to(namespace)

    def left(self, database=True):
        (self.network / 'br-int').mkdir()
        if database:
            path = self.directory.data / 'openvswitch'
            path.mkdir(parents=True)
            (path / 'conf.db').touch()

    def was_killed(self):
        return switch.was_killed(self.directory)

    def refuse(self):
        switch.refuse_foreign(self.directory)

    def test_nothing_there(self):
        self.refuse()
        self.assertFalse(self.was_killed())

    def test_another_switch_was_here_first(self):
        self.left(database=False)
        error = self.assertRaises(errors.DemoError, self.refuse)
        self.assertIn('br-int', error.reason)

    def test_ours_was_killed(self):
        self.left()
        self.process('7', 'ovs-vswitchd', 'net:[2]')
        self.process('8', 'ovsdb-server', 'net:[1]')
        self.refuse()
        self.assertTrue(self.was_killed())

    def test_another_switch_runs(self):
        self.left()
        self.process('7', 'ovs-vswitchd', 'net:[1]')
        self.assertRaises(errors.DemoError, self.refuse)

    def test_clean_up_after_one_that_was_killed(self):
        self.left()
        supervisor = mock.Mock()
        supervisor.alive.return_value = False
        start = self.useFixture(
            fixtures.MockPatchObject(switch, 'start')).mock
        switch.stop(self.directory, supervisor)
        start.assert_called_once_with(self.directory, supervisor)

    def test_nothing_to_clean_up(self):
        supervisor = mock.Mock()
        supervisor.alive.return_value = False
        start = self.useFixture(
            fixtures.MockPatchObject(switch, 'start')).mock
        switch.stop(self.directory, supervisor)
        start.assert_not_called()


class RefuseTakenRangeTestCase(base.BaseTestCase):

    def refuse(self, *routes):
        self.useFixture(fixtures.MockPatchObject(
            switch.commands, 'output',
            return_value=json.dumps([
                {'dst': 'default', 'dev': 'eth0'}, *routes])))
        switch.refuse_taken_range()

    def test_free(self):
        self.refuse({'dst': '10.0.0.0/8', 'dev': 'eth0'})

    def test_ours(self):
        self.refuse({'dst': '172.24.4.0/24', 'dev': 'br-ex'})

    def test_taken(self):
        error = self.assertRaises(
            errors.DemoError, self.refuse,
            {'dst': '172.24.0.0/16', 'dev': 'eth1'})
        self.assertIn('172.24.0.0/16 by eth1', error.reason)
