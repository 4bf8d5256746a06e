import hashlib
import pathlib

import fixtures

from novacontainer.cli import failure
from novacontainer.cli import sources
from novacontainer.cli import verb
from novacontainer.client import exceptions
from tests.unit.cli import command
from tests.unit.cli import test_remote


class SourcesTestCase(test_remote.Site):

    def read(self, source, expected=None, data=b''):
        context = verb.Context(None, command.console(data=data), '')
        with sources.sent(context, source, expected) as sent:
            return b''.join(sent)

    def test_file(self):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'a b')
        path.write_bytes(b'tar')
        for source in (str(path), f'file://{path.parent}/a%20b',
                       f'FILE://{path}'):
            self.assertEqual(b'tar', self.read(source))

    def test_pipe(self):
        self.assertEqual(b'tar', self.read('-', data=b'tar'))

    def test_url(self):
        self.assertEqual(b'tar', self.read(f'{self.url}/a.tar'))

    def test_checksum(self):
        right = hashlib.sha256(b'tar').hexdigest()
        url = f'{self.url}/a.tar'
        self.assertEqual(b'tar', self.read(url, ('sha256', right)))
        self.assertRaises(OSError, self.read, url, ('sha256', '0' * 64))

    def test_other_schemes(self):
        error = self.assertRaises(failure.CommandFailed, self.read,
                                  'ftp://x/y')
        self.assertIn('only http', error.message)

    def test_what_breaks_while_it_is_sent(self):
        def fail():
            context = verb.Context(None, command.console(), '')
            with sources.sent(context, f'{self.url}/a.tar'):
                raise exceptions.SourceFailed('x') from OSError('short')

        error = self.assertRaises(failure.CommandFailed, fail)
        self.assertEqual(f'{self.url}/a.tar cannot be read: short.',
                         error.message)

    def test_references(self):
        for source, name in (
                ('/x/Web_1.tar.gz', 'web-1:latest'),
                ('http://h/a/My%20App.tar.xz?token=x.y', 'my-app:latest')):
            self.assertEqual(name, sources.reference(source))
        for source in ('-', '.tar', 'http://h/', 'http://[x/y'):
            self.assertRaises(failure.CommandFailed, sources.reference,
                              source)
