from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import names


class NamesTest(base.BaseTestCase):

    def test_ids(self):
        made = {names.new_id() for _ in range(200)}
        self.assertEqual(200, len(made))
        for one in made:
            self.assertRegex(one, r'\A[0-9a-f]{64}\Z')
            self.assertFalse(one[:12].isdigit())

    def test_random_names_are_valid(self):
        for _ in range(200):
            name = names.random_name()
            self.assertEqual(name, names.check(name))

    def test_check(self):
        for name in ('ab', 'nova-1', '/web.1_x', 'A0'):
            self.assertEqual(name.removeprefix('/'), names.check(name))
        for name in ('', '/', 'a', '-ab', '.ab', 'a b', 'a/b', '//ab',
                     'ab\n', 'ä1'):
            error = self.assertRaises(
                exception.InvalidRequest, names.check, name)
            self.assertIn('Invalid container name', error.message)
