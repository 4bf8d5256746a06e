from unittest import mock

from novacontainer.cli import app
from novacontainer.cli import system
from tests.unit.cli import command
from tests.unit.client import endpoint


class AppTestCase(command.CommandTestCase):

    def test_verbs_have_one_name_each(self):
        names = [one.name for one in app.VERBS]
        self.assertEqual(len(names), len(set(names)))
        for one in app.VERBS:
            self.assertFalse(one.summary.endswith('.'), one.name)

    def test_help(self):
        texts = app.help_texts()
        self.assertEqual([one.name for one in app.VERBS], list(texts))
        for one in app.VERBS:
            self.assertTrue(texts[one.name].startswith(
                f'usage: novacontainer {one.name} [-h]'), texts[one.name])
            self.assertIn(one.summary[:20], texts[one.name])

    def test_misuse(self):
        for words, code in ((['ps', '--wrong'], 1), (['run'], 125),
                            (['nothing'], 1), ([], 1), (['image'], 1)):
            ended = self.run_command(words)
            self.assertEqual((code, ''), (ended.code, ended.output))
            self.assertEqual(1, ended.errors.count('\n'), ended.errors)
            self.assertIn('--help', ended.errors)

    def test_switches_are_not_guessed(self):
        self.assertEqual(1, self.run_command(['ps', '--al']).code)

    def test_the_socket_comes_from_the_environment(self):
        served = self.useFixture(endpoint.Endpoint(command.answer([])))
        used = command.console()
        with mock.patch.dict(
                'os.environ', NOVACONTAINER_HOST=f'unix://{served.path}'):
            self.assertEqual(0, app.main(['ps'], used))

    def test_nobody_listens(self):
        for words, code in ((['ps'], 1), (['run', 'a'], 125)):
            used = command.console()
            self.assertEqual(
                code, app.main(['--socket', '/nowhere', *words], used))
            self.assertIn('/nowhere cannot be reached', used.errors.text)

    def test_ends_from_outside(self):
        for error, code in ((KeyboardInterrupt, 130), (BrokenPipeError, 141)):
            with mock.patch.object(system.quantities, 'size',
                                   side_effect=error):
                ended = self.run_command(['info'], command.answer({}))
            self.assertEqual((code, ''), (ended.code, ended.errors))
