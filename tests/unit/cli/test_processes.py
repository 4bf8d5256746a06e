import json

from tests.unit.cli import command

_TOP = {'Titles': ['PID', 'CMD'], 'Processes': [['1', 'sleep 9']]}


class ProcessesTestCase(command.CommandTestCase):

    def test_top(self):
        ended = self.run_command(['top', 'web'], command.answer(_TOP))
        self.assertEqual(['PID   CMD', '1     sleep 9'],
                         ended.output.splitlines())
        self.assertEqual(['GET /containers/web/top'], self.paths())

    def test_top_with_options_of_ps(self):
        self.run_command(['top', 'web', '-o', 'pid,args', '-f'],
                         command.answer(_TOP))
        self.assertEqual(
            ['GET /containers/web/top?ps_args=-o+pid%2Cargs+-f'],
            self.paths())

    def test_top_for_machines(self):
        ended = self.run_command(['top', '-f', 'json', 'web'],
                                 command.answer(_TOP))
        self.assertEqual(_TOP, json.loads(ended.output))
