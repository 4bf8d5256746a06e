import errno
import http.client
import json
import os
import socket
import threading
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.client import exceptions
from novacontainer.web import files
from novacontainer.web import server
from novacontainer.web import status as web_status

PATIENCE_S = 60


class Serving(fixtures.Fixture):
    """A server in a thread, in front of a scripted status."""

    def _setUp(self):
        self.status = mock.create_autospec(web_status.Status, instance=True)
        self.server = server.Server('127.0.0.1', 0)
        self.addCleanup(self.server.server_close)
        self.server.site = server.Site(
            {'/': files.File('text/html', b'<p>')}, self.status,
            frozenset({os.getuid()}))
        thread = threading.Thread(
            target=self.server.serve_forever,
            kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.port = self.server.server_address[1]


class ServerTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.serving = self.useFixture(Serving())
        self.status = self.serving.status

    def connection(self):
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.serving.port, timeout=PATIENCE_S)
        self.addCleanup(connection.close)
        return connection

    def ask(self, path, method='GET', headers=None, body=None):
        connection = self.connection()
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer, answer.read()

    def refusal(self, status, *words, **kwargs):
        answer, data = self.ask(*words, **kwargs)
        self.assertEqual(status, answer.status, data)
        return json.loads(data)['message']

    def document(self, path):
        answer, data = self.ask(path)
        self.assertEqual((200, 'application/json'), (
            answer.status, answer.headers['Content-Type']), data)
        return json.loads(data)

    def test_a_file(self):
        answer, data = self.ask('/?x=y')
        self.assertEqual((200, b'<p>'), (answer.status, data))
        self.assertEqual('no-store', answer.headers['Cache-Control'])
        self.assertIn("default-src 'none'",
                      answer.headers['Content-Security-Policy'])
        self.assertEqual('nosniff', answer.headers['X-Content-Type-Options'])
        self.assertEqual('novacontainer', answer.headers['Server'])

    def test_head(self):
        answer, data = self.ask('/', 'HEAD')
        self.assertEqual((200, '3', b''), (
            answer.status, answer.headers['Content-Length'], data))

    def test_documents(self):
        self.status.overview.return_value = {'a': 'b\x1b[31m'}
        self.assertEqual({'a': 'b'}, self.document('/api/status'))
        self.status.overview.assert_called_with(history=False)
        self.document('/api/status?history=1')
        self.status.overview.assert_called_with(history=True)
        self.status.images.return_value = {'images': []}
        self.assertEqual({'images': []}, self.document('/api/images'))
        self.status.events.return_value = {'events': []}
        self.assertEqual({'events': []}, self.document('/api/events'))
        self.status.container.return_value = {'name': 'x.y'}
        self.assertEqual({'name': 'x.y'},
                         self.document('/api/containers/x.y'))
        self.status.logs.return_value = {'lines': []}
        self.assertEqual({'lines': []},
                         self.document('/api/containers/x.y/logs'))
        self.status.logs.assert_called_once_with('x.y')

    def test_one_connection_for_several(self):
        connection = self.connection()
        for _ in range(3):
            connection.request('GET', '/')
            self.assertEqual(b'<p>', connection.getresponse().read())

    def test_no_such_page(self):
        for path in ('/x', '/api/', '/api/containers/', '/../etc/passwd',
                     '/api/containers/../images', '/api/containers/a/b',
                     '/api/containers/a%2Fjson/logs', '//host/'):
            self.assertIn('no such page', self.refusal(404, path))

    def test_what_the_daemon_says(self):
        self.status.container.side_effect = exceptions.NotFound('No such')
        self.assertEqual('No such', self.refusal(404, '/api/containers/a'))
        self.status.images.side_effect = exceptions.TimedOut('slow')
        self.assertEqual('slow', self.refusal(503, '/api/images'))
        self.status.events.side_effect = exceptions.Failed('broken')
        self.assertEqual('broken', self.refusal(502, '/api/events'))

    def test_only_reading(self):
        for method in ('POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'):
            answer, data = self.ask('/api/images', method)
            self.assertEqual((405, 'GET, HEAD'), (
                answer.status, answer.headers['Allow']), method)
            self.assertIn('only shows', json.loads(data)['message'])
        self.status.images.assert_not_called()

    def test_a_body(self):
        self.assertIn('no body', self.refusal(400, '/', body=b'x'))

    def test_other_names(self):
        for name in ('example.org', 'localhost.example.org:8470'):
            self.assertIn('localhost', self.refusal(
                421, '/api/images', headers={'Host': name}))
        self.status.images.assert_not_called()
        self.assertEqual(200, self.ask(
            '/', headers={'Host': 'localhost:1'})[0].status)

    def test_without_a_name(self):
        with socket.create_connection(
                ('127.0.0.1', self.serving.port), PATIENCE_S) as wire:
            wire.sendall(b'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')
            self.assertIn(b' 421 ', wire.makefile('rb').readline())

    def test_no_http(self):
        with socket.create_connection(
                ('127.0.0.1', self.serving.port), PATIENCE_S) as wire:
            wire.sendall(b'\x16\x03\x01\x02\r\n\r\n')
            self.assertIn(b'Bad request', wire.makefile('rb').read())

    def test_other_sites(self):
        self.assertIn('Other sites', self.refusal(
            403, '/api/images', headers={'Sec-Fetch-Site': 'cross-site'}))
        # A link to the page itself may stand anywhere.
        self.assertEqual(200, self.ask(
            '/', headers={'Sec-Fetch-Site': 'cross-site'})[0].status)

    def test_other_users(self):
        self.serving.server.site = server.Site(
            {}, self.status, frozenset({os.getuid() + 1}))
        self.assertIn('group', self.refusal(403, '/api/images'))
        self.status.images.assert_not_called()

    def test_too_many_at_once(self):
        places = self.serving.server._places
        for _ in range(server.CONNECTIONS):
            places.acquire()
        self.assertRaises((http.client.BadStatusLine, ConnectionError),
                          self.ask, '/')
        places.release()
        self.assertEqual(200, self.ask('/')[0].status)


class AddressTestCase(base.BaseTestCase):

    def refused(self, *words):
        return str(self.assertRaises(server.Refused, server.Server, *words))

    def serve(self, address):
        found = server.Server(address, 0)
        self.addCleanup(found.server_close)
        return found

    def test_only_loopback(self):
        for address in ('0.0.0.0', '::', '192.0.2.1', 'example.org'):
            self.assertIn('not a loopback address', self.refused(address, 0))

    def test_url(self):
        found = self.serve('localhost')
        self.assertEqual(
            f'http://127.0.0.1:{found.server_address[1]}/', found.url)

    def test_url_of_ipv6(self):
        try:
            socket.create_server(('::1', 0), family=socket.AF_INET6).close()
        except OSError as error:
            self.skipTest(f'This needs ::1 on the loopback interface: '
                          f'{error}')
        self.assertRegex(self.serve('::1').url, r'^http://\[::1\]:\d+/$')

    def test_a_port_in_use(self):
        port = self.serve('127.0.0.1').server_address[1]
        self.assertIn('in use already', self.refused('127.0.0.1', port))

    def test_what_the_kernel_says(self):
        for number, words in ((errno.EACCES, 'above 1023'),
                              (errno.EADDRNOTAVAIL, 'cannot be listened')):
            with mock.patch.object(
                    server.Server, 'server_bind',
                    side_effect=OSError(number, 'why')):
                self.assertIn(words, self.refused('127.0.0.1', 80))
