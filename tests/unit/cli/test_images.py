import json

from tests.unit.cli import command
from tests.unit.client import endpoint

_ID = 'sha256:' + '0123456789ab' + 'c' * 52
_LISTED = {'Id': _ID, 'RepoTags': ['host:5000/a:b', 'c:latest'],
           'Created': 1, 'Size': 5_000_000}


class ImagesTestCase(command.CommandTestCase):

    def test_images(self):
        ended = self.run_command(
            ['images', 'c*'],
            command.answer([_LISTED, {**_LISTED, 'RepoTags': []}]))
        rows = [line.split() for line in ended.output.splitlines()]
        self.assertEqual(['Repository', 'Tag', 'ID', 'Created', 'Size'],
                         rows[0])
        self.assertEqual(
            [['host:5000/a', 'b', '0123456789ab'],
             ['c', 'latest', '0123456789ab'],
             ['<none>', '<none>', '0123456789ab']],
            [row[:3] for row in rows[1:]])
        self.assertEqual('5MB', rows[1][-1])
        self.assertIn('reference', self.paths()[0])

    def test_digests(self):
        ended = self.run_command(
            ['images', '-a', '--digests'], command.answer([{
                **_LISTED, 'RepoDigests': ['c@sha256:77', '<none>']}]))
        rows = [line.split()[:3] for line in ended.output.splitlines()]
        self.assertEqual(
            [['Repository', 'Tag', 'Digest'],
             ['host:5000/a', 'b', '<none>'],
             ['c', 'latest', 'sha256:77']], rows)

    def test_images_quiet(self):
        ended = self.run_command(['images', '-q', '--no-trunc'],
                                 command.answer([_LISTED]))
        self.assertEqual(f'{_ID}\n', ended.output)

    def test_images_for_machines(self):
        ended = self.run_command(['images', '-f', 'json'],
                                 command.answer([_LISTED]))
        self.assertEqual([_LISTED], json.loads(ended.output))

    def test_history(self):
        steps = [{'Id': _ID, 'Created': 1, 'CreatedBy': 'RUN  ' + 'x' * 99,
                  'Size': 7, 'Comment': 'c'},
                 {'Created': 0, 'CreatedBy': '', 'Size': 0}]
        ended = self.run_command(['history', 'a'], command.answer(steps))
        self.assertIn('RUN xxx', ended.output)
        self.assertNotIn('x' * 99, ended.output)
        ended = self.run_command(['history', '--no-trunc', 'a'],
                                 command.answer(steps))
        self.assertIn('x' * 99, ended.output)
        ended = self.run_command(['history', '-f', 'json', 'a'],
                                 command.answer(steps))
        self.assertEqual(steps, json.loads(ended.output))

    def test_tag(self):
        ended = self.run_command(['tag', 'a', 'host:1/b'],
                                 endpoint.Answer(status=201))
        self.assertEqual((0, ''), (ended.code, ended.output))
        self.assertEqual(
            ['POST /images/a/tag?repo=host%3A1%2Fb&tag=latest'],
            self.paths())

    def test_rmi(self):
        ended = self.run_command(
            ['rmi', '-f', 'a', 'b'],
            command.answer([{'Untagged': 'a:latest'}, {'Deleted': _ID}]),
            command.answer({'message': 'No'}, status=404))
        self.assertEqual(1, ended.code)
        self.assertEqual(f'Untagged: a:latest\nDeleted: {_ID}\n',
                         ended.output)
        self.assertEqual('novacontainer: No\n', ended.errors)

    def test_commit(self):
        ended = self.run_command(
            ['commit', '-m', 'why', '--no-pause', 'web', 'a:b'],
            command.answer({'Id': _ID}))
        self.assertEqual(f'{_ID}\n', ended.output)
        self.assertEqual(
            ['POST /commit?container=web&repo=a&tag=b&pause=0&comment=why'],
            self.paths())
