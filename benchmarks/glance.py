"""A Glance with one image, made up as it is sent: no big file is needed.

Called by: ``bigimage``, as a program: ``python -m benchmarks.glance KIND
MB``.  It prints its port and ends with its standard input.  The image is the
tar of a root file system with one file in it, of zeros compressed by gzip
(``zeros``) or of bytes that cannot be compressed (``random``).
"""

import gzip
import http.server
import json
import os
import sys
import tarfile
import threading

IMAGE = '4d0ffc9e-6dcb-4b14-8b9f-2b1f6a1c5c55'
KINDS = ('zeros', 'random')

_PIECE = 16 * 10 ** 6
_END = bytes(2 * tarfile.BLOCKSIZE)
_SCHEMA = {'name': 'image', 'additionalProperties': {'type': 'string'},
           'properties': {name: {} for name in (
               'id', 'checksum', 'container_format', 'disk_format', 'size',
               'status', 'os_hash_algo', 'os_hash_value')}}
_IMAGE = {'id': IMAGE, 'checksum': None, 'container_format': 'docker',
          'disk_format': 'raw', 'status': 'active'}


def pieces(kind, size_mb):
    """Yield the image, piece by piece."""
    count = size_mb * 10 ** 6 // _PIECE
    member = tarfile.TarInfo('data')
    member.size = count * _PIECE
    head = member.tobuf(tarfile.PAX_FORMAT)
    if kind == 'zeros':
        # Members of gzip follow each other in one file (RFC 1952).
        head, piece, end = map(gzip.compress, (head, bytes(_PIECE), _END))
    else:
        piece, end = os.urandom(_PIECE), _END
    yield head
    for _ in range(count):
        yield piece
    # _PIECE is a multiple of tar's blocks.
    yield end


class _Handler(http.server.BaseHTTPRequestHandler):

    kind = size_mb = None

    def do_GET(self):
        """Answer as version 2 of Glance's API does."""
        if self.path.endswith('/file'):
            self._head('application/octet-stream')
            for piece in pieces(self.kind, self.size_mb):
                self.wfile.write(piece)
            return
        self._head('application/json')
        document = _SCHEMA if '/schemas/' in self.path else _IMAGE
        self.wfile.write(json.dumps(document).encode())

    def _head(self, kind):
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.end_headers()

    def log_message(self, *args):
        """Say nothing."""


def main(kind, size_mb):
    """Serve until standard input ends."""
    _Handler.kind, _Handler.size_mb = kind, int(size_mb)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main(*sys.argv[1:])
