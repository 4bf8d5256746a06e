import json

from tests.unit.cli import command

_MISSING = command.answer({'message': 'No such thing'}, status=404)


class InspectionTestCase(command.CommandTestCase):

    def test_a_container_and_an_image(self):
        ended = self.run_command(
            ['inspect', '-s', 'web', 'a:b'], command.answer({'Id': 1}),
            _MISSING, command.answer({'Id': 2}))
        self.assertEqual([{'Id': 1}, {'Id': 2}], json.loads(ended.output))
        self.assertEqual(
            ['GET /containers/web/json?size=1',
             'GET /containers/a:b/json?size=1', 'GET /images/a:b/json'],
            self.paths())

    def test_neither(self):
        ended = self.run_command(['inspect', 'x'], _MISSING, _MISSING)
        self.assertEqual(1, ended.code)
        self.assertEqual([], json.loads(ended.output))
        self.assertEqual(
            'novacontainer: No such container or image: x\n', ended.errors)

    def test_one_kind_only(self):
        ended = self.run_command(['inspect', '--type', 'image', 'x'],
                                 _MISSING)
        self.assertEqual('novacontainer: No such thing\n', ended.errors)
        ended = self.run_command(['inspect', '--type', 'container', 'x'],
                                 command.answer({'Id': 1}))
        self.assertEqual(0, ended.code)
