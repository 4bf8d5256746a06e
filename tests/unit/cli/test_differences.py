import json

from tests.unit.cli import command

_CHANGES = [{'Path': '/a', 'Kind': 0}, {'Path': '/a/b', 'Kind': 1},
            {'Path': '/c\x1b', 'Kind': 2}]


class DifferencesTestCase(command.CommandTestCase):

    def test_diff(self):
        ended = self.run_command(['diff', 'web'], command.answer(_CHANGES))
        self.assertEqual('C /a\nA /a/b\nD /c\\x1b\n', ended.output)
        self.assertEqual(['GET /containers/web/changes'], self.paths())

    def test_diff_for_machines(self):
        ended = self.run_command(['diff', '-f', 'json', 'web'],
                                 command.answer(_CHANGES))
        self.assertEqual(_CHANGES, json.loads(ended.output))

    def test_no_difference(self):
        ended = self.run_command(['diff', 'web'], command.answer(None))
        self.assertEqual((0, ''), (ended.code, ended.output))
