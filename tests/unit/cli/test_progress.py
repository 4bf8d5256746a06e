import io

from oslotest import base

from novacontainer.cli import progress
from tests.unit.cli import command


class ProgressTestCase(base.BaseTestCase):

    def read(self, terminal, total_bytes):
        used = command.console(terminal)
        source = progress.Progress(used, io.BytesIO(b'x' * 1000), 'a.tar',
                                   total_bytes)
        with source.shown():
            self.assertEqual(b'x' * 1000, source.read())
        self.assertEqual('', used.output.text)
        return used.errors.text

    def test_nobody_looks(self):
        self.assertEqual('', self.read(False, 1000))

    def test_a_person_looks(self):
        shown = self.read(True, 2000)
        self.assertIn('a.tar  [===============               ]  50%  '
                      '1kB/2kB', shown)
        self.assertTrue(shown.endswith('\x1b[K\n'))

    def test_a_person_wants_to_see_nothing(self):
        used = command.console(True)
        source = progress.Progress(used, io.BytesIO(b'x'), 'a', quiet=True)
        with source.shown():
            source.read()
        self.assertEqual('', used.errors.text)

    def test_the_end_is_not_known(self):
        self.assertIn('a.tar  1kB  ', self.read(True, 0))

    def test_a_fault_leaves_the_line(self):
        used = command.console(True)
        source = progress.Progress(used, io.BytesIO(), 'a')

        def fail():
            with source.shown():
                raise OSError

        self.assertRaises(OSError, fail)
        self.assertTrue(used.errors.text.endswith('\n'))

    def test_chunks(self):
        source = progress.Progress(command.console(), io.BytesIO(b'abc'), '')
        self.assertEqual(b'a', source.read(1))
        self.assertEqual([b'bc'], list(source))
