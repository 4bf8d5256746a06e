from tests.unit.cli import command
from tests.unit.client import endpoint

RAW = 'application/vnd.docker.raw-stream'
_RUNNING = {'Id': 'f00', 'State': {'Running': True}, 'Config': {}}


class AttachTestCase(command.CommandTestCase):

    def test_attach(self):
        ended = self.run_command(
            ['attach', 'a'], command.answer(_RUNNING),
            endpoint.Answer(b'seen', status=101, content_type=RAW),
            endpoint.Answer([b'{"StatusCode": 3}']))
        self.assertEqual((3, 'seen'), (ended.code, ended.output))
        self.assertEqual(
            ['GET /containers/a/json?size=0',
             'POST /containers/f00/attach?stream=1&stdin=0&stdout=1&stderr=1',
             'POST /containers/f00/wait?condition=not-running'],
            self.paths())

    def test_what_cannot_be_joined(self):
        for state, words in (({}, 'start it first'),
                             ({'Running': True, 'Paused': True}, 'unpause'),
                             ({'Running': True, 'Restarting': True},
                              'again')):
            ended = self.run_command(
                ['attach', 'a'], command.answer({**_RUNNING,
                                                 'State': state}))
            self.assertEqual(1, ended.code)
            self.assertIn(words, ended.errors)

    def test_a_terminal_is_wanted(self):
        config = {'Tty': True, 'OpenStdin': True}
        ended = self.run_command(
            ['attach', 'a'], command.answer({**_RUNNING, 'Config': config}))
        self.assertEqual(1, ended.code)
        self.assertIn('not a terminal', ended.errors)

    def test_no_stdin(self):
        config = {'Tty': True, 'OpenStdin': True}
        ended = self.run_command(
            ['attach', '--no-stdin', '--detach-keys', 'q', 'a'],
            command.answer({**_RUNNING, 'Config': config}),
            endpoint.Answer(b'', status=101, content_type=RAW),
            endpoint.Answer([b'{"StatusCode": 0}']))
        self.assertEqual(0, ended.code)
        self.assertIn('stdin=0', self.paths()[1])
        self.assertIn('detachKeys=q', self.paths()[1])
