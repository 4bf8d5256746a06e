import http.server
import threading
from unittest import mock

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import remote


class _Site(http.server.BaseHTTPRequestHandler):

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path == '/moved':
            self.send_response(302)
            self.send_header('Location', '/a.tar')
        elif self.path == '/elsewhere':
            self.send_response(302)
            self.send_header('Location', 'file:///etc/passwd')
        elif self.path == '/none':
            self.send_response(404)
        else:
            self.send_response(200)
            if self.path != '/endless':
                self.send_header('Content-Length',
                                 '9' if self.path == '/short' else '3')
        self.end_headers()
        if self.path in ('/a.tar', '/short', '/endless'):
            self.wfile.write(b'tar')


class Site(base.BaseTestCase):
    """Has ``url`` of a web server."""

    def setUp(self):
        super().setUp()
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Site)
        server.daemon_threads = True
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever,
                                  kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.url = f'http://127.0.0.1:{server.server_port}'
        environ = mock.patch.dict('os.environ', no_proxy='*')
        environ.start()
        self.addCleanup(environ.stop)


class RemoteTestCase(Site):

    def read(self, path):
        with remote.opened(self.url + path) as body:
            data = b''
            while piece := body.read(2):
                data += piece
            return data, body.size_bytes

    def test_read(self):
        self.assertEqual((b'tar', 3), self.read('/a.tar'))
        self.assertEqual((b'tar', 3), self.read('/moved'))
        self.assertEqual((b'tar', 0), self.read('/endless'))

    def test_the_server_breaks_off(self):
        self.assertIn('after 3 of 9 bytes', str(
            self.assertRaises(OSError, self.read, '/short')))

    def test_refusals(self):
        self.assertIn('404', self.assertRaises(
            failure.CommandFailed, self.read, '/none').message)
        self.assertRaises(failure.CommandFailed, self.read, '/elsewhere')

    def test_no_server(self):
        for url in ('http://127.0.0.1:1/', 'http:///x', 'http://a:b/x',
                    'http://a/\x01'):
            error = self.assertRaises(
                failure.CommandFailed, remote.opened(url).__enter__)
            self.assertIn('cannot be read', error.message)
            self.assertNotIn('Errno', error.message)
