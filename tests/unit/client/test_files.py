import base64
import json

from oslotest import base

from novacontainer import client
from novacontainer.client import exceptions
from novacontainer.client import files
from tests.unit.client import endpoint


def stat_answer(**members):
    """Make the answer to a HEAD."""
    document = {'name': 'x', 'size': 3, 'mode': 0o644, 'mtime': '',
                'linkTarget': '', **members}
    header = base64.b64encode(json.dumps(document).encode()).decode()
    return endpoint.Answer(headers={'X-Docker-Container-Path-Stat': header})


class FilesTestCase(base.BaseTestCase):

    def serve(self, *answers):
        self.endpoint = self.useFixture(endpoint.Endpoint(*answers))
        return client.Client(self.endpoint.path, timeout_s=5).files

    def asked(self):
        return [f'{one.method} {one.path.removeprefix("/v1.44")}'
                for one in self.endpoint.requests]

    def test_stat(self):
        found = self.serve(
            stat_answer(mode=1 << 31 | 0o755),
            stat_answer(mode=1 << 27, linkTarget='y'))
        self.assertEqual(files.PathStat('x', 3, True, False, ''),
                         found.stat('web', '/a b'))
        self.assertEqual(files.PathStat('x', 3, False, True, 'y'),
                         found.stat('web', '/x'))
        self.assertEqual('HEAD /containers/web/archive?path=%2Fa+b',
                         self.asked()[0])

    def test_stat_of_nothing(self):
        found = self.serve(
            endpoint.Answer(status=404),
            endpoint.Answer(b'{"message": "No x", "code": "file.not_found"}',
                            status=404))
        error = self.assertRaises(exceptions.NotFound, found.stat, 'web',
                                  '/x')
        self.assertEqual(('No x', 'file.not_found'),
                         (error.message, error.code))

    def test_stat_of_what_is_there_a_moment_later(self):
        found = self.serve(endpoint.Answer(status=404),
                           endpoint.Answer(b'tar'))
        self.assertRaises(exceptions.NotFound, found.stat, 'web', '/x')

    def test_stat_that_cannot_be_understood(self):
        found = self.serve(endpoint.Answer(), stat_answer(mode=None))
        for _ in range(2):
            self.assertRaises(exceptions.ProtocolFailed, found.stat, 'web',
                              '/x')

    def test_read(self):
        with self.serve(endpoint.Answer([b'ta', b'r'])).read(
                'web', '/x') as download:
            self.assertEqual(b'tar', download.read())
        self.assertEqual(['GET /containers/web/archive?path=%2Fx'],
                         self.asked())

    def test_write(self):
        self.serve(endpoint.Answer()).write('web', '/x', [b'ta', b'r'])
        self.assertEqual(
            ['PUT /containers/web/archive?path=%2Fx&noOverwriteDirNonDir=1'],
            self.asked())
        self.assertEqual(b'tar', self.endpoint.requests[0].body)

    def test_export(self):
        with self.serve(endpoint.Answer(b'tar')).export('web') as download:
            self.assertEqual(b'tar', download.read())
        self.assertEqual(['GET /containers/web/export'], self.asked())

    def test_changes(self):
        found = self.serve(
            endpoint.Answer(b'[{"Path": "/x", "Kind": 2}]'),
            endpoint.Answer(b'null'))
        self.assertEqual((files.Change('/x', files.Kind.DELETED),),
                         found.changes('web'))
        self.assertEqual((), found.changes('web'))
