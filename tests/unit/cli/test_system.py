import importlib.metadata
import json
from unittest import mock

from tests.unit.cli import command
from tests.unit.client import endpoint

_EVENT = {'Type': 'container', 'Action': 'die', 'timeNano': 7,
          'Actor': {'ID': 'f00', 'Attributes': {'name': 'w\x1b', 'e': '1'}}}


class SystemTestCase(command.CommandTestCase):

    def test_events(self):
        ended = self.run_command(
            ['events', '--since', '1.5', '--filter', 'type=container'],
            command.answer(_EVENT))
        self.assertTrue(ended.output.endswith(
            ' container die f00 (e=1, name=w\\x1b)\n'), ended.output)
        self.assertTrue(self.paths()[0].startswith(
            'GET /events?since=1.5&filters='))

    def test_events_for_machines(self):
        ended = self.run_command(['events', '-f', 'json'],
                                 command.answer(_EVENT))
        self.assertEqual(_EVENT, json.loads(ended.output))
        self.assertEqual(1, ended.output.count('\n'))

    def test_info(self):
        facts = {'Name': 'host', 'MemTotal': 10**9, 'Warnings': ['hot'],
                 'DriverStatus': [['Backing', 'ext4']]}
        ended = self.run_command(['info'], command.answer(facts))
        self.assertIn('Host: host\n', ended.output)
        self.assertIn('Memory: 1GB\nBacking: ext4\n', ended.output)
        self.assertEqual('novacontainer: hot\n', ended.errors)
        ended = self.run_command(['info', '-f', 'json'],
                                 command.answer(facts))
        self.assertEqual(facts, json.loads(ended.output))

    def test_version(self):
        server = {'Version': '1', 'ApiVersion': '1.44',
                  'MinAPIVersion': '1.24', 'Components': [
                      {'Name': 'Engine', 'Version': '1'},
                      {'Name': 'crun', 'Version': '1.8'}]}
        ended = self.run_command(['version'], command.answer(server))
        self.assertIn('Server: 1 (API 1.44, at least 1.24)\n  crun: 1.8\n',
                      ended.output)
        ended = self.run_command(['version', '-f', 'json'],
                                 command.answer(server))
        self.assertEqual(server, json.loads(ended.output)['Server'])

    def test_version_without_a_server(self):
        with mock.patch.object(
                importlib.metadata, 'version',
                side_effect=importlib.metadata.PackageNotFoundError):
            ended = self.run_command(
                ['version'], endpoint.Answer(status=503, body=b'{}'))
        self.assertEqual(1, ended.code)
        self.assertTrue(ended.output.startswith('Client: '))
