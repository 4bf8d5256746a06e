import json
import os
import pathlib
import signal
import threading

import fixtures

from tests.unit.cli import command
from tests.unit.client import endpoint

_CREATED = {'Id': 'f00', 'Warnings': []}
_NO_CONTENT = endpoint.Answer(status=204)


def _streams(*pieces, before=None, **kwargs):
    """Answer with streams; ``before`` is called when they are joined."""

    def body():
        if before is not None:
            before()
        for stream, data in pieces:
            yield bytes((stream, 0, 0, 0, 0, 0, 0, len(data))) + data

    return endpoint.Answer(
        body(), status=101,
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
            ['run', '--rm', 'a'],
            command.answer({**_CREATED, 'Warnings': ['Beware']}),
            _streams((1, b'out'), (2, b'err')),
            endpoint.Answer([b'{"StatusCode": 3}']), _NO_CONTENT)
        self.assertEqual(
            (3, 'out', 'novacontainer: warning: Beware\nerr'),
            (ended.code, ended.output, ended.errors))
        self.assertEqual(
            ['POST /containers/create',
             'POST /containers/f00/attach?stream=1&stdin=0&stdout=1&stderr=1',
             'POST /containers/f00/wait?condition=removed',
             'POST /containers/f00/start'], self.paths())
        body = json.loads(self.requests[0].body)
        self.assertTrue(body['HostConfig']['AutoRemove'])
        self.assertEqual((False, False),
                         (body['AttachStdin'], body['StdinOnce']))

    def test_input_is_passed_on(self):
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as source:
            os.write(writing, b'typed')
            os.close(writing)
            ended = self.run_command(
                ['run', '-i', 'a'], command.answer(_CREATED),
                _streams((1, b'out'), listens=True),
                endpoint.Answer([b'{"StatusCode": 0}']), _NO_CONTENT,
                source=source)
        self.assertEqual((0, 'out'), (ended.code, ended.output))
        self.assertEqual(b'typed', self.requests[1].input)
        body = json.loads(self.requests[0].body)
        self.assertEqual(
            (True, True, True),
            (body['OpenStdin'], body['StdinOnce'], body['AttachStdin']))

    def test_start_fails(self):
        for code, exit_code in (
                ('container.command_not_found', 127),
                ('container.command_not_executable', 126), ('', 125)):
            ended = self.run_command(
                ['run', '--rm', 'a'], command.answer(_CREATED), _streams(),
                endpoint.Answer([]),
                command.answer({'message': 'no x', 'code': code},
                               status=400),
                _NO_CONTENT)
            self.assertEqual((exit_code, 'novacontainer: no x\n'),
                             (ended.code, ended.errors))
            self.assertIn('DELETE', self.paths()[-1])

    def test_signals_are_passed_on(self):
        before = signal.getsignal(signal.SIGTERM)
        ready = threading.Event()
        killed = threading.Event()

        def kill():
            ready.wait(30)
            os.kill(os.getpid(), signal.SIGTERM)
            killed.wait(30)

        ended = self.run_command(
            ['run', 'a'], command.answer(_CREATED),
            _streams((1, b'x'), before=kill),
            endpoint.Answer([b'{"StatusCode": 143}']),
            endpoint.Answer(status=204, before=ready.set),
            endpoint.Answer(status=204, before=killed.set))
        self.assertEqual(143, ended.code)
        self.assertIn('POST /containers/f00/kill?signal=SIGTERM',
                      self.paths())
        self.assertEqual(before, signal.getsignal(signal.SIGTERM))

    def test_a_person_who_insists_is_let_go(self):
        seen = threading.Semaphore(0)
        over = threading.Event()
        self.addCleanup(over.set)

        def insist():
            for _ in range(3):
                # Equal signals that wait become one: not before the last
                # one has done something.
                seen.acquire(timeout=30)
                os.kill(os.getpid(), signal.SIGINT)
            over.wait(30)

        noted = endpoint.Answer(status=204, before=seen.release)
        ended = self.run_command(
            ['run', '--rm', 'a'], command.answer(_CREATED),
            _streams((1, b'x'), before=insist),
            endpoint.Answer([b'{"StatusCode": 0}']), noted, noted, noted,
            _NO_CONTENT)
        self.assertEqual(130, ended.code)
        self.assertEqual(
            ['POST /containers/f00/kill?signal=SIGINT'] * 2,
            [path for path in self.paths() if 'kill' in path])
        self.assertIn('DELETE /containers/f00?force=1&v=1', self.paths())

    def test_what_run_cannot_do(self):
        ended = self.run_command(['run', '-it', 'a'])
        self.assertEqual((125, []), (ended.code, self.requests))
        self.assertIn('not a terminal', ended.errors)
        ended = self.run_command(['run', '-d', '--rm', '--restart', 'always',
                                  'a'])
        self.assertEqual((125, []), (ended.code, self.requests))
