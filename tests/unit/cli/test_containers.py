import json

from tests.unit.cli import command
from tests.unit.client import endpoint

_LISTED = {'Id': 'f00' * 10, 'Names': ['/web'], 'Image': 'sha256:' + 'a' * 64,
           'Command': 'sh -c ' + 'x' * 99, 'Created': 1, 'Status': 'Up 1 s',
           'SizeRw': 1000, 'SizeRootFs': 2000}
_NO_CONTENT = endpoint.Answer(status=204)


class ContainersTestCase(command.CommandTestCase):

    def test_ps(self):
        ended = self.run_command(['ps', '-a', '-s'],
                                 command.answer([_LISTED]))
        _heading, row = ended.output.splitlines()
        self.assertIn('f00f00f00f00   aaaaaaaaaaaa   sh -c xx', row)
        self.assertIn('…', row)
        self.assertTrue(row.endswith('web    1kB (with image 2kB)'), row)
        self.assertEqual(['GET /containers/json?all=1&size=1'], self.paths())

    def test_ps_latest_and_ports(self):
        ended = self.run_command(['ps', '-l'], command.answer([{
            **_LISTED, 'Ports': [{'PrivatePort': 80, 'Type': 'tcp'}]}]))
        self.assertIn('   80/tcp   web', ended.output)
        self.assertIn('limit=1', self.paths()[0])
        ended = self.run_command(['ps', '-l', '-n', '2'])
        self.assertEqual((1, []), (ended.code, self.requests))

    def test_ps_whole(self):
        ended = self.run_command(['ps', '--no-trunc'],
                                 command.answer([_LISTED]))
        self.assertIn('x' * 99, ended.output)
        self.assertIn('sha256:', ended.output)

    def test_ps_quiet(self):
        ended = self.run_command(
            ['ps', '-q', '-n', '2', '--filter', 'name=w'],
            command.answer([_LISTED]))
        self.assertEqual('f00f00f00f00\n', ended.output)
        self.assertIn('limit=2', self.paths()[0])
        self.assertIn('filters=', self.paths()[0])

    def test_ps_for_machines(self):
        ended = self.run_command(['ps', '-f', 'json'],
                                 command.answer([_LISTED]))
        self.assertEqual([_LISTED], json.loads(ended.output))

    def test_a_tenant_s_words_do_not_reach_the_terminal(self):
        ended = self.run_command(
            ['ps'], command.answer([{**_LISTED, 'Command': '\x1b]0;x\x07'}]))
        self.assertNotIn('\x1b', ended.output)

    def test_steps(self):
        for words, path in (
                (['start'], 'start'), (['pause'], 'pause'),
                (['unpause'], 'unpause'),
                (['stop', '-t', '3', '-s', 'INT'], 'stop?t=3&signal=INT'),
                (['restart'], 'restart'),
                (['kill'], 'kill?signal=SIGKILL')):
            ended = self.run_command([*words, 'web'], _NO_CONTENT)
            self.assertEqual((0, 'web\n'), (ended.code, ended.output))
            self.assertEqual([f'POST /containers/web/{path}'], self.paths())

    def test_one_refusal_does_not_stop_the_others(self):
        ended = self.run_command(
            ['rm', 'a', 'b'], command.answer({'message': 'runs'}, status=409),
            _NO_CONTENT)
        self.assertEqual((1, 'b\n', 'novacontainer: runs\n'),
                         (ended.code, ended.output, ended.errors))

    def test_rm_force(self):
        missing = command.answer({'message': 'No'}, status=404)
        ended = self.run_command(['rm', '-f', 'a'], missing)
        self.assertEqual((0, ''), (ended.code, ended.errors))
        self.assertEqual(1, self.run_command(['rm', 'a'], missing).code)

    def test_wait(self):
        ended = self.run_command(
            ['wait', 'a', 'b'], command.answer({'message': 'No'}, status=404),
            command.answer({'StatusCode': 7}))
        self.assertEqual((1, '7\n', 'novacontainer: No\n'),
                         (ended.code, ended.output, ended.errors))
