import json

from tests.unit.cli import command
from tests.unit.client import endpoint

DATA = {'Name': 'data', 'Driver': 'local', 'Options': {'size': '1g'},
        'Labels': {'com.docker.volume.anonymous': '', 'a': 'b'}}


class VolumesTestCase(command.CommandTestCase):

    def test_create(self):
        ended = self.run_command(
            ['volume', 'create', '-o', 'size=1g', '-l', 'a=b', '-l', 'c',
             'data'], command.answer(DATA))
        self.assertEqual('data\n', ended.output)
        self.assertEqual(
            {'Name': 'data', 'Driver': 'local',
             'DriverOpts': {'size': '1g'}, 'Labels': {'a': 'b', 'c': ''}},
            json.loads(self.requests[0].body))

    def test_mistakes(self):
        for words in (['create', '-o', '=1g'], ['create', '-l', '=b']):
            ended = self.run_command(['volume', *words])
            self.assertEqual(1, ended.code)
            self.assertIn('has no name', ended.errors)
        ended = self.run_command(['volume', 'rm', '../data'])
        self.assertIn("is not a volume's name", ended.errors)

    def test_list(self):
        ended = self.run_command(
            ['volume', 'ls', '--filter', 'label=a'],
            command.answer({'Volumes': [DATA]}))
        self.assertEqual(
            ['data', 'local', 'size=1g', 'a=b,',
             'com.docker.volume.anonymous'],
            ended.output.splitlines()[1].split())
        self.assertIn('filters', self.paths()[0])
        ended = self.run_command(['volume', 'ls', '-q'],
                                 command.answer({'Volumes': [DATA]}))
        self.assertEqual('data\n', ended.output)
        ended = self.run_command(['volume', 'ls', '-f', 'json'],
                                 command.answer({'Volumes': [DATA]}))
        self.assertEqual([DATA], json.loads(ended.output))

    def test_inspect(self):
        ended = self.run_command(
            ['volume', 'inspect', 'data', 'none'], command.answer(DATA),
            command.answer(
                {'message': 'get none: no such volume'}, status=404))
        self.assertEqual(1, ended.code)
        self.assertEqual([DATA], json.loads(ended.output))
        self.assertIn('no such volume', ended.errors)

    def test_remove(self):
        ended = self.run_command(
            ['volume', 'rm', '-f', 'one', 'two'],
            endpoint.Answer(status=204),
            command.answer(
                {'message': 'remove two: volume is in use'}, status=409))
        self.assertEqual((1, 'one\n'), (ended.code, ended.output))
        self.assertEqual(
            ['DELETE /volumes/one?force=1', 'DELETE /volumes/two?force=1'],
            self.paths())

    def test_prune(self):
        ended = self.run_command(
            ['volume', 'prune', '-af'], command.answer(
                {'VolumesDeleted': ['data'], 'SpaceReclaimed': 1000}))
        self.assertIn('data', ended.output)
        self.assertIn('Total reclaimed space: 1kB', ended.output)
        self.assertIn('all', self.paths()[0])
