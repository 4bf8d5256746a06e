import json
import os

from tests.unit.cli import command
from tests.unit.client import endpoint

RAW = 'application/vnd.docker.raw-stream'
MULTIPLEXED = 'application/vnd.docker.multiplexed-stream'
_CREATED = {'Id': 'e1'}


class ExecTestCase(command.CommandTestCase):

    def test_exec(self):
        ended = self.run_command(
            ['exec', '-e', 'A=b', '-u', 'nobody', '-w', '/tmp', 'a', 'ls',
             '-l'], command.answer(_CREATED, status=201),
            endpoint.Answer(b'\1\0\0\0\0\0\0\3out', status=101,
                            content_type=MULTIPLEXED),
            command.answer({'Running': False, 'ExitCode': 7}))
        self.assertEqual((7, 'out', ''),
                         (ended.code, ended.output, ended.errors))
        self.assertEqual(['POST /containers/a/exec', 'POST /exec/e1/start',
                          'GET /exec/e1/json'], self.paths())
        self.assertEqual(
            {'AttachStdin': False, 'AttachStdout': True, 'AttachStderr': True,
             'Tty': False, 'Env': ['A=b'], 'Cmd': ['ls', '-l'],
             'User': 'nobody', 'WorkingDir': '/tmp'},
            json.loads(self.requests[0].body))

    def test_input(self):
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as source:
            os.write(writing, b'typed')
            os.close(writing)
            ended = self.run_command(
                ['exec', '-i', 'a', 'cat'], command.answer(_CREATED),
                endpoint.Answer(b'got it', status=101, content_type=RAW,
                                listens=True),
                command.answer({'ExitCode': 0}), source=source)
        self.assertEqual((0, 'got it'), (ended.code, ended.output))
        self.assertEqual(b'typed', self.requests[1].input)
        self.assertTrue(json.loads(self.requests[0].body)['AttachStdin'])

    def test_in_the_background(self):
        ended = self.run_command(
            ['exec', '-d', '--privileged', 'a', 'x'],
            command.answer(_CREATED), endpoint.Answer())
        self.assertEqual((0, ''), (ended.code, ended.output))
        self.assertEqual({'Detach': True},
                         json.loads(self.requests[1].body))
        self.assertTrue(json.loads(self.requests[0].body)['Privileged'])

    def test_misuse(self):
        for words, said in ((['a'], 'which command'),
                            (['-it', 'a', 'sh'], 'not a terminal'),
                            (['--detach-keys', 'xx', 'a', 'sh'], 'not a key')):
            ended = self.run_command(['exec', *words])
            self.assertEqual((1, []), (ended.code, self.requests))
            self.assertIn(said, ended.errors)

    def test_refused(self):
        ended = self.run_command(
            ['exec', 'a', 'x'],
            command.answer({'message': 'a is not running'}, status=409))
        self.assertEqual((1, 'novacontainer: a is not running\n'),
                         (ended.code, ended.errors))
        ended = self.run_command(
            ['exec', 'a', 'x'], command.answer(_CREATED),
            command.answer({'message': 'gone'}, status=404))
        self.assertEqual((1, 'novacontainer: gone\n'),
                         (ended.code, ended.errors))

    def test_the_output_ends_too_early(self):
        ended = self.run_command(
            ['exec', 'a', 'x'], command.answer(_CREATED),
            endpoint.Answer(b'', status=101, content_type=RAW),
            command.answer({'Running': True, 'ExitCode': None}))
        self.assertEqual(1, ended.code)
        self.assertIn('goes on', ended.errors)
