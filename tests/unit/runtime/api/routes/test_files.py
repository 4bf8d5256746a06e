import base64
import json

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from tests.unit.runtime.api import served


class FileRoutesTest(served.ServedTestCase):

    def stat(self, answer):
        return json.loads(base64.b64decode(
            answer.headers['X-Docker-Container-Path-Stat']))

    def test_stat(self):
        answer = self.call('HEAD', '/containers/web/archive?path=/x')
        self.assertEqual(
            {'name': 'x', 'size': 3, 'mode': 0o644 | 1 << 23,
             'mtime': '2026-11-20T12:00:00.005Z', 'linkTarget': ''},
            self.stat(answer))
        self.assertEqual(('stat', ('web', '/x'), {}),
                         self.archives.calls[0])

    def test_read(self):
        answer = self.call('GET', '/containers/web/archive?path=/x')
        self.assertEqual((b'tar', 'application/x-tar'),
                         (answer.body, answer.headers['Content-Type']))
        self.assertEqual('x', self.stat(answer)['name'])

    def test_write(self):
        answer = self.call(
            'PUT', '/containers/web/archive?path=/d&copyUIDGID=1', b'tar')
        self.assertEqual((200, b'tar'),
                         (answer.status, self.archives.written))
        self.assertEqual(
            ('write', ('web', '/d'),
             {'keep_kinds': False, 'keep_owners': True}),
            self.archives.calls[0])

    def test_export(self):
        self.assertEqual(
            b'root', self.call('GET', '/containers/web/export').body)

    def test_no_path(self):
        for method in ('GET', 'PUT'):
            self.assert_refused(400, 'file.no_path', self.call(
                method, '/containers/web/archive', b''))

    def test_nothing_there(self):
        self.archives.give('stat', exception.NotFound('Could not find'))
        for method in ('HEAD', 'GET'):
            self.assertEqual(404, self.call(
                method, '/containers/web/archive?path=/x').status)

    def test_changes(self):
        self.assertIsNone(self.call('GET', '/containers/web/changes').json)
        self.differences.give('list', [
            deltas.Change('/a', deltas.ChangeKind.DELETED)])
        self.assertEqual(
            [{'Path': '/a', 'Kind': 2}],
            self.call('GET', '/containers/web/changes').json)

    def test_no_container(self):
        self.differences.give('list', exception.NotFound('No such container'))
        self.assertEqual(
            404, self.call('GET', '/containers/web/changes').status)
