import pathlib

import fixtures

from tests.unit.cli import command
from tests.unit.client import endpoint


class TreesTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)

    def test_tar(self):
        ended = self.run_command(['tar', 'web'], endpoint.Answer(b'tar'))
        self.assertEqual('tar', ended.output)
        self.assertEqual(['GET /containers/web/export'], self.paths())

    def test_tar_of_a_path(self):
        path = self.directory / 'x.tar'
        ended = self.run_command(['tar', '-o', str(path), 'web', '/etc'],
                                 endpoint.Answer(b'tar'))
        self.assertEqual((0, '', b'tar'),
                         (ended.code, ended.output, path.read_bytes()))
        self.assertEqual(['GET /containers/web/archive?path=%2Fetc'],
                         self.paths())

    def test_export(self):
        path = self.directory / 'x.tar'
        self.run_command(['export', '-o', str(path), 'web'],
                         endpoint.Answer(b'tar'))
        self.assertEqual(b'tar', path.read_bytes())
        self.assertEqual(['GET /containers/web/export'], self.paths())

    def test_nothing_for_a_terminal(self):
        ended = self.run_command(['tar', 'web'], terminal=True)
        self.assertEqual((1, []), (ended.code, self.requests))
        self.assertIn('use -o', ended.errors)

    def test_a_tar_that_breaks_leaves_nothing(self):
        ended = self.run_command(
            ['tar', '-o', str(self.directory / 'x.tar'), 'web'],
            endpoint.Answer([b'ta'], cut=True))
        self.assertEqual(1, ended.code)
        self.assertEqual([], list(self.directory.iterdir()))

    def test_import(self):
        path = self.directory / 'root.tar'
        path.write_bytes(b'tar')
        ended = self.run_command(
            ['import', '-m', 'why', '-c', 'USER x', str(path), 'a'],
            command.answer({'status': 'sha256:1'}))
        self.assertEqual('sha256:1\n', ended.output)
        self.assertEqual(
            ['POST /images/create?fromSrc=-&repo=a&tag=latest&message=why'
             '&changes=USER+x'], self.paths())
        self.assertEqual(b'tar', self.requests[0].body)

    def test_import_without_a_name(self):
        self.run_command(['import', '-'],
                         command.answer({'status': 'sha256:1'}), data=b'tar')
        self.assertEqual(['POST /images/create?fromSrc=-'], self.paths())

    def test_import_of_what_cannot_be_read(self):
        ended = self.run_command(['import', '/nowhere'])
        self.assertEqual((1, []), (ended.code, self.requests))
        ended = self.run_command(['import', str(self.directory)],
                                 endpoint.Answer())
        self.assertEqual(1, ended.code)
        self.assertIn('cannot be read', ended.errors)
