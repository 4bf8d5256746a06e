import json
from unittest import mock

from novacontainer.cli.doctor import finding
from novacontainer.cli.doctor import verdict
from tests.unit.cli import command


class VerdictTestCase(command.CommandTestCase):

    def doctor(self, *words, found):
        with mock.patch.object(verdict, 'findings', return_value=found):
            return self.run_command(['doctor', *words])

    def test_a_warning_is_no_failure(self):
        ended = self.doctor(found=[
            finding.ok('kernel', 'Linux 6'),
            finding.warn('group', 'none', 'Make one.')])
        self.assertEqual(0, ended.code)
        self.assertEqual('ok    kernel            Linux 6\n'
                         'warn  group             none - Make one.\n',
                         ended.output)

    def test_failure(self):
        found = [finding.fail('daemon', 'away', 'Start it.')]
        self.assertEqual(1, self.doctor(found=found).code)
        ended = self.doctor('-f', 'json', found=found)
        self.assertEqual(1, ended.code)
        self.assertEqual(
            [{'grade': 'FAIL', 'subject': 'daemon', 'seen': 'away',
              'advice': 'Start it.'}], json.loads(ended.output))
