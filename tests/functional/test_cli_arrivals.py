"""Containers of archives from a web server, and from Glance."""

import hashlib
import http.server
import json
import signal
import threading

from tests import archives
from tests.functional import cli


class _Handler(http.server.BaseHTTPRequestHandler):
    """A web server, and as much of Glance as a download asks for."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        record = {'id': 'the-id', 'name': 'glanced', 'status': 'active',
                  'container_format': 'docker', 'os_hash_algo': 'sha256',
                  'os_hash_value': self.server.checksum}
        if self.path.startswith('/v2/schemas'):
            self._json({'name': 'image', 'properties': {},
                        'additionalProperties': True})
        elif self.path.startswith('/v2/images?'):
            self._json({'images': [record], 'first': '/v2/images'})
        elif self.path == '/v2/images/the-id':
            self._json(record)
        elif self.path in ('/web.tar', '/v2/images/the-id/file'):
            self._send(self.server.archive, 'application/octet-stream')
        elif self.path == '/short.tar':
            self._send(self.server.archive[:100_000], 'text/plain',
                       len(self.server.archive))
        elif self.path == '/slow.tar':
            self._send(self.server.archive[:100_000], 'text/plain',
                       len(self.server.archive))
            self.server.begun.set()
            self.server.released.wait(cli.TIMEOUT_S)
        else:
            self.send_error(404)

    def _json(self, body):
        self._send(json.dumps(body).encode(), 'application/json')

    def _send(self, data, kind, length=None):
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(length or len(data)))
        self.end_headers()
        self.wfile.write(data)


class CliArrivalsTest(cli.CliTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), _Handler)
        cls.server.daemon_threads = True
        cls.server.archive = archives.busybox_image('ignored:name')
        cls.server.checksum = hashlib.sha256(
            cls.server.archive).hexdigest()
        cls.server.begun = threading.Event()
        cls.server.released = threading.Event()
        cls.addClassCleanup(cls.server.server_close)
        thread = threading.Thread(target=cls.server.serve_forever)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.server.shutdown)
        cls.url = f'http://127.0.0.1:{cls.server.server_port}'
        for name in [one for one in cls.environment
                     if one.startswith('OS_')]:
            del cls.environment[name]
        cls.environment.update(no_proxy='*', OS_AUTH_TYPE='none',
                               OS_ENDPOINT=cls.url)

    def images(self):
        return sorted(
            name for one in json.loads(self.cli('images', '-f', 'json'))
            for name in one['RepoTags'])

    def test_pull_an_url(self):
        ident = self.cli('pull', '--checksum',
                         f'sha256:{self.server.checksum}', '--name',
                         'pulled', f'{self.url}/web.tar', 'sh', '-c',
                         'exit 5')
        self.addCleanup(self.cli, 'rmi', 'web')
        self.addCleanup(self.cli, 'rm', ident)
        self.assertEqual('created', self.state('pulled')['Status'])
        self.cli('start', 'pulled')
        self.assertEqual('5', self.cli('wait', 'pulled'))

    def test_pull_from_glance(self):
        for name in ('glanced', 'the-id'):
            ident = self.cli('pull', '-d', name, 'sleep', '1000')
            self.addCleanup(self.cli, 'rm', '-f', ident)
            shown, = json.loads(self.cli('inspect', ident))
            self.assertEqual(('glanced:latest', 'running'), (
                shown['Config']['Image'], shown['State']['Status']))

    def test_nothing_half_made(self):
        before = self.images()
        for words, said in (
                ((f'{self.url}/short.tar',), 'broke off'),
                ((f'{self.url}/none.tar',), '404'),
                (('--checksum', 'sha256:' + '0' * 64,
                  f'{self.url}/web.tar'), 'its sha256 is'),
                (('--name', '!', f'{self.url}/web.tar'), 'name')):
            self.assertIn(said, self.refused('pull', *words))
            self.assertEqual(before, self.images())
        right, self.server.checksum = self.server.checksum, '0' * 64
        try:
            self.assertIn('Corrupt image', self.refused(
                'pull', '--reference', 'corrupt', 'glanced'))
        finally:
            self.server.checksum = right
        self.assertEqual(before, self.images())
        self.assertNotIn('corrupt', self.cli('ps', '-a'))

    def test_interrupted(self):
        before = self.images()
        self.addCleanup(self.server.released.set)
        process = self.start('pull', f'{self.url}/slow.tar')
        self.assertTrue(self.server.begun.wait(cli.TIMEOUT_S))
        process.send_signal(signal.SIGINT)
        self.assertEqual(130, process.wait(cli.TIMEOUT_S))
        self.assertEqual(b'', process.stdout.read())
        self.assertEqual(before, self.images())
        self.assertEqual('', self.cli('ps', '-aq', '--filter',
                                      'ancestor=slow'))
