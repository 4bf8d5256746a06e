from oslotest import base

from novacontainer.cli import console
from tests.unit.cli import command


class ConsoleTestCase(base.BaseTestCase):

    def test_control_characters_are_shown(self):
        self.assertEqual('a\\x1b[2Jb\\n', console.visible('a\x1b[2Jb\n'))
        self.assertEqual('grün', console.visible('grün'))
        self.assertEqual('\\u202e', console.visible('\u202e'))
        self.assertEqual('\\udcff', console.visible('\udcff'))

    def test_complaints_are_one_line(self):
        used = command.console()
        used.complain('two\nlines')
        self.assertEqual('novacontainer: two lines\n', used.errors.text)

    def test_bytes_come_in_order(self):
        used = command.console()
        used.say('first')
        used.send(b'\xff\n')
        used.send(b'err', to_errors=True)
        self.assertEqual(b'first\n\xff\n', used.output.buffer.getvalue())
        self.assertEqual('err', used.errors.text)
