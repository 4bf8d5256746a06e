"""A web server with an archive, and as much of Glance as our clients ask for.

Used by: tests of the command line.
"""

import hashlib
import http.server
import json
import threading

TIMEOUT_S = 60


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves downloads, of single files and as Glance does; takes uploads."""

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
            self.server.released.wait(TIMEOUT_S)
        else:
            self.send_error(404)

    def _json(self, body, status=200):
        self._send(json.dumps(body).encode(), 'application/json',
                   status=status)

    def _send(self, data, kind, length=None, status=200):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(length or len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        """Make the record of an image."""
        record = json.loads(self._body())
        self.server.records.append(record)
        self._json({**record, 'id': 'the-new', 'status': 'queued'}, 201)

    def do_PUT(self):
        """Take the data of an image, which come in chunks."""
        self.server.uploads.append(self._body())
        self.send_response(204)
        self.end_headers()

    def _body(self):
        if self.headers.get('Transfer-Encoding') != 'chunked':
            return self.rfile.read(int(self.headers['Content-Length']))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b''.join(parts)


class Server(http.server.ThreadingHTTPServer):
    """Serves until the class whose tests use it has ended.

    ``archive`` is what there is to download, ``records`` and ``uploads`` what
    was told of images and their data; ``slow.tar`` breaks off when
    ``released`` is set, ``begun`` tells that it was asked for.
    """

    daemon_threads = True

    def __init__(self, test_class, archive):
        super().__init__(('127.0.0.1', 0), _Handler)
        self.archive = archive
        self.checksum = hashlib.sha256(self.archive).hexdigest()
        self.records: list[dict[str, object]] = []
        self.uploads: list[bytes] = []
        self.begun = threading.Event()
        self.released = threading.Event()
        test_class.addClassCleanup(self.server_close)
        thread = threading.Thread(target=self.serve_forever)
        thread.start()
        test_class.addClassCleanup(thread.join)
        test_class.addClassCleanup(self.shutdown)
        self.url = f'http://127.0.0.1:{self.server_port}'

    def environment(self, environment):
        """Return an environment whose cloud this is, made of another."""
        kept = {name: value for name, value in environment.items()
                if not name.startswith('OS_')}
        return {**kept, 'no_proxy': '*', 'OS_AUTH_TYPE': 'none',
                'OS_ENDPOINT': self.url}
