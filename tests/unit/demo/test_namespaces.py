import pathlib
import signal
from unittest import mock

import fixtures
from oslotest import base

from demo import directory as directories
from demo import namespaces


class RemoveTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.directory = directories.Directory(root)
        self.pins = root / 'netns'
        for path in (self.pins, self.directory.log):
            path.mkdir()
        self.useFixture(fixtures.MockPatchObject(
            namespaces, '_PINS', self.pins))
        self.output = self.useFixture(fixtures.MockPatchObject(
            namespaces.commands, 'output', side_effect=self._output)).mock
        self.kill = self.useFixture(fixtures.MockPatch('os.kill')).mock
        for name in ('nc-a1', 'qdhcp-a2', 'qrouter-a3', 'qdhcp-foreign'):
            (self.pins / name).touch()
        (self.directory.log / 'novacontainerd.log').write_text('a1')
        (self.directory.log / 'neutron-dhcp-agent.log').write_text('a2 a3')
        self.removed = []

    def _output(self, argv):
        if 'delete' in argv:
            self.removed.append(argv[-1])
        return '41\n42\n' if argv[-2:] == ['pids', 'qdhcp-a2'] else ''

    def test_all_of_ours(self):
        self.assertEqual(['nc-a1', 'qdhcp-a2', 'qrouter-a3'],
                         namespaces.remove(self.directory))
        self.assertEqual(['nc-a1', 'qdhcp-a2', 'qrouter-a3'], self.removed)

    def test_those_of_agents_with_their_processes(self):
        self.kill.side_effect = [ProcessLookupError, None]
        namespaces.remove_of_agents(self.directory)
        self.assertEqual(['qdhcp-a2', 'qrouter-a3'], self.removed)
        self.assertEqual([mock.call(pid, signal.SIGKILL)
                          for pid in (41, 42)], self.kill.call_args_list)
