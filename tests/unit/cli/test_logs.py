from tests.unit.cli import command
from tests.unit.client import endpoint


class LogsTestCase(command.CommandTestCase):

    def test_logs(self):
        ended = self.run_command(
            ['logs', '-f', '-t', '--tail', '5', '--since', '1.5', 'web'],
            endpoint.Answer(
                [b'\x01\0\0\0\0\0\0\x01a\x02\0\0\0\0\0\0\x01b'],
                content_type='application/vnd.docker.multiplexed-stream'))
        self.assertEqual((0, 'a', 'b'),
                         (ended.code, ended.output, ended.errors))
        self.assertEqual(
            ['GET /containers/web/logs?stdout=1&stderr=1&follow=1&tail=5'
             '&since=1.5&timestamps=1'], self.paths())

    def test_all(self):
        self.run_command(['logs', '--tail', 'all', 'web'],
                         endpoint.Answer([]))
        self.assertIn('tail=all', self.paths()[0])

    def test_nonsense(self):
        for words in (['--tail', 'x'], ['--since', 'never']):
            self.assertEqual(1, self.run_command(['logs', *words, 'a']).code)
