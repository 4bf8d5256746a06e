import json

from tests.unit.cli import command
from tests.unit.client import endpoint


class AlterationsTestCase(command.CommandTestCase):

    def test_rename(self):
        ended = self.run_command(['rename', 'a', 'b'],
                                 endpoint.Answer(status=204))
        self.assertEqual((0, ''), (ended.code, ended.output))
        self.assertEqual(['POST /containers/a/rename?name=b'], self.paths())

    def test_update(self):
        ended = self.run_command(
            ['update', '-m', '1m', '--restart', 'always', 'a', 'b'],
            command.answer({'Warnings': ['swap']}),
            command.answer({'Warnings': None}))
        self.assertEqual((0, 'a\nb\n', 'novacontainer: warning: swap\n'),
                         (ended.code, ended.output, ended.errors))
        self.assertEqual(
            {'Memory': 2**20, 'RestartPolicy': {
                'Name': 'always', 'MaximumRetryCount': 0}},
            json.loads(self.requests[1].body))

    def test_update_of_nothing(self):
        ended = self.run_command(['update', 'a'])
        self.assertEqual((1, []), (ended.code, self.requests))
        self.assertIn('Say what is to change', ended.errors)
