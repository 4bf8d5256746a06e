import json
import os
import pathlib
import signal
import time

import fixtures

from tests.unit.cli import command
from tests.unit.client import endpoint

_CREATED = {'Id': 'f00', 'Warnings': []}
_NO_CONTENT = endpoint.Answer(status=204)


def _log(*pieces, **kwargs):
    return endpoint.Answer(
        [bytes((stream, 0, 0, 0, 0, 0, 0, len(data))) + data
         for stream, data in pieces],
        content_type='application/vnd.docker.multiplexed-stream', **kwargs)


class RunTestCase(command.CommandTestCase):

    def test_create(self):
        ended = self.run_command(
            ['create', '--rm', '--name', 'web', 'a:b', 'sleep', '-x'],
            command.answer(_CREATED, status=201))
        self.assertEqual((0, 'f00\n'), (ended.code, ended.output))
        self.assertEqual(['POST /containers/create?name=web'], self.paths())
        body = json.loads(self.requests[0].body)
        self.assertEqual(['sleep', '-x'], body['Cmd'])
        self.assertTrue(body['HostConfig']['AutoRemove'])

    def test_id_file(self):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = directory / 'id'
        words = ['create', '--cidfile', str(path), 'a']
        refused = command.answer({'message': 'No'}, status=404)
        self.assertEqual(1, self.run_command(words, refused).code)
        self.assertFalse(path.exists())
        self.run_command(words, command.answer(_CREATED))
        self.assertEqual('f00', path.read_text())
        # One that is there already is somebody's: nothing is asked for.
        ended = self.run_command(words)
        self.assertEqual((1, []), (ended.code, self.requests))
        self.assertIn('must not exist yet', ended.errors)

    def test_run_detached(self):
        ended = self.run_command(
            ['run', '-d', '--rm', 'a'], command.answer(_CREATED), _NO_CONTENT)
        self.assertEqual((0, 'f00\n'), (ended.code, ended.output))
        body = json.loads(self.requests[0].body)
        self.assertTrue(body['HostConfig']['AutoRemove'])

    def test_run_in_the_foreground(self):
        ended = self.run_command(
            ['run', '--rm', 'a'], command.answer(_CREATED),
            endpoint.Answer([b'{"StatusCode": 3}']), _NO_CONTENT,
            _log((1, b'out'), (2, b'err')), _NO_CONTENT)
        self.assertEqual((3, 'out', 'err'),
                         (ended.code, ended.output, ended.errors))
        self.assertEqual(
            ['POST /containers/create',
             'POST /containers/f00/wait?condition=next-exit',
             'POST /containers/f00/start',
             'GET /containers/f00/logs?stdout=1&stderr=1&follow=1&tail=all'
             '&timestamps=0',
             'DELETE /containers/f00?force=1&v=1'], self.paths())

    def test_start_fails(self):
        for code, exit_code in (
                ('container.command_not_found', 127),
                ('container.command_not_executable', 126), ('', 125)):
            ended = self.run_command(
                ['run', '--rm', 'a'], command.answer(_CREATED),
                endpoint.Answer([]),
                command.answer({'message': 'no x', 'code': code},
                               status=400),
                _NO_CONTENT)
            self.assertEqual((exit_code, 'novacontainer: no x\n'),
                             (ended.code, ended.errors))
            self.assertIn('DELETE', self.paths()[-1])

    def test_signals_are_passed_on(self):
        before = signal.getsignal(signal.SIGTERM)
        ended = self.run_command(
            ['run', 'a'], command.answer(_CREATED),
            endpoint.Answer([b'{"StatusCode": 143}']), _NO_CONTENT,
            _log((1, b'x'),
                 before=lambda: os.kill(os.getpid(), signal.SIGTERM)),
            _NO_CONTENT)
        self.assertEqual(143, ended.code)
        self.assertIn('POST /containers/f00/kill?signal=SIGTERM',
                      self.paths())
        self.assertEqual(before, signal.getsignal(signal.SIGTERM))

    def test_a_person_who_insists_is_let_go(self):
        def insist():
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)
                # Equal signals that wait become one.
                time.sleep(0.3)

        ended = self.run_command(
            ['run', '--rm', 'a'], command.answer(_CREATED),
            endpoint.Answer([b'{"StatusCode": 0}']), _NO_CONTENT,
            _log((1, b'x'), before=insist), _NO_CONTENT, _NO_CONTENT,
            _NO_CONTENT)
        self.assertEqual(130, ended.code)
        self.assertEqual(
            ['POST /containers/f00/kill?signal=SIGINT'] * 2,
            [path for path in self.paths() if 'kill' in path])
        self.assertIn('DELETE /containers/f00?force=1&v=1', self.paths())

    def test_what_run_cannot_do(self):
        ended = self.run_command(['run', '-it', 'a'])
        self.assertEqual(125, ended.code)
        self.assertIn('-d', ended.errors)
        ended = self.run_command(['run', '-d', '--rm', '--restart', 'always',
                                  'a'])
        self.assertEqual((125, []), (ended.code, self.requests))
