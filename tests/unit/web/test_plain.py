from oslotest import base

from novacontainer.web import plain


class PlainTestCase(base.BaseTestCase):

    def test_colours_go(self):
        self.assertEqual('red plain', plain.text('\x1b[1;31mred\x1b[0m plain'))
        self.assertEqual('x', plain.text('\x1b[?25lx\x1b[2K'))

    def test_control_characters_are_shown(self):
        self.assertEqual('a\\x07b\\x1b]0;c', plain.text('a\x07b\x1b]0;c'))
        self.assertEqual('\\u202egpj.exe', plain.text('\u202egpj.exe'))

    def test_what_people_write_stays(self):
        self.assertEqual('grüße 世界 <b>', plain.text('grüße 世界 <b>'))

    def test_lone_surrogate(self):
        self.assertEqual('\\ud800', plain.text('\ud800'))

    def test_document(self):
        self.assertEqual(
            {'k\\x00': ['a\\x01', 1, None, True, {'n': 0.5}]},
            plain.document({'k\x00': ('a\x01', 1, None, True, {'n': 0.5})}))
