from oslotest import base

from novacontainer.cli import table
from tests.unit.cli import command


class TableTestCase(base.BaseTestCase):

    def test_columns_line_up(self):
        used = command.console()
        table.show(used, ('A', 'B'), [('long', 'x'), ('s', '\x1b')])
        self.assertEqual('A      B\nlong   x\ns      \\x1b\n',
                         used.output.text)

    def test_nothing(self):
        used = command.console()
        table.show(used, ('A', 'B'), [])
        self.assertEqual(['A', 'B'], used.output.text.split())
