import os
import pathlib

import fixtures

from tests.unit.cli import command
from tests.unit.client import endpoint

_LOADED = {'stream': 'Loaded image: my-tree:latest\n'}


class ArchivesTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.archive = self.directory / 'My_Tree.tar.gz'
        self.archive.write_bytes(b'tar')

    def test_load(self):
        ended = self.run_command(['load', '-i', str(self.archive)],
                                 command.answer(_LOADED))
        self.assertEqual((0, 'Loaded image: my-tree:latest\n', ''),
                         (ended.code, ended.output, ended.errors))
        self.assertEqual(b'tar', self.requests[0].body)

    def test_load_from_a_pipe(self):
        ended = self.run_command(['load', '-q'], command.answer(_LOADED),
                                 data=b'piped')
        self.assertEqual('my-tree:latest\n', ended.output)
        self.assertEqual(b'piped', self.requests[0].body)

    def test_nothing_to_load(self):
        ended = self.run_command(['load'], terminal=True)
        self.assertEqual(1, ended.code)
        self.assertIn('Nothing is piped in', ended.errors)
        ended = self.run_command(['load', '-i', '/nowhere'])
        self.assertIn('No such file', ended.errors)
        ended = self.run_command(['load', '-i', str(self.directory)],
                                 endpoint.Answer())
        self.assertIn('directory', ended.errors)

    def test_save(self):
        path = self.directory / 'out.tar'
        path.write_bytes(b'old')
        ended = self.run_command(['save', '-o', str(path), 'a', 'b'],
                                 endpoint.Answer([b'ta', b'r']))
        self.assertEqual((0, ''), (ended.code, ended.output))
        self.assertEqual(b'tar', path.read_bytes())
        self.assertEqual(['GET /images/get?names=a%2Cb'], self.paths())

    def test_save_that_breaks_leaves_what_was_there(self):
        path = self.directory / 'out.tar'
        path.write_bytes(b'old')
        before = sorted(os.listdir(self.directory))
        ended = self.run_command(['save', '-o', str(path), 'a'],
                                 endpoint.Answer([b'ta'], cut=True))
        self.assertEqual(1, ended.code)
        self.assertEqual(b'old', path.read_bytes())
        self.assertEqual(before, sorted(os.listdir(self.directory)))

    def test_save_to_where_nothing_can_be_written(self):
        ended = self.run_command(['save', '-o', '/nowhere/x.tar', 'a'],
                                 endpoint.Answer([b'tar']))
        self.assertEqual(1, ended.code)
        self.assertIn('/nowhere/x.tar cannot be written', ended.errors)

    def test_save_to_standard_output(self):
        ended = self.run_command(['save', 'a'], endpoint.Answer([b'tar']))
        self.assertEqual('tar', ended.output)
        ended = self.run_command(['save', 'a'], terminal=True)
        self.assertEqual((1, []), (ended.code, self.requests))
