"""Clients that are slow, silent or too many: none of them costs others."""

import socket
import time

from oslotest import base

from tests import archives
from tests.functional import daemon

TIMEOUT_S = 60
SLOW = 12


class LimitsTest(base.BaseTestCase):

    def daemon(self, **options):
        return self.useFixture(daemon.Daemon(options={'api': options}))

    def connected(self, served):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.settimeout(TIMEOUT_S)
        sock.connect(str(served.socket_path))
        return sock

    def half_upload(self, served):
        """Begin to upload an image, and stop in the middle of it."""
        archive = archives.busybox_image('slow:1')
        sock = self.connected(served)
        sock.sendall(
            b'POST /images/load HTTP/1.1\r\nHost: d\r\n'
            b'Content-Type: application/x-tar\r\n'
            b'Content-Length: %d\r\n\r\n' % len(archive))
        sock.sendall(archive[:len(archive) // 2])
        return sock

    def test_slow_uploads_do_not_hold_up_a_load(self):
        served = self.daemon(bulk_workers=2)
        for _ in range(SLOW):
            self.half_upload(served)
        served.load(archives.busybox_image())
        self.assertEqual(200, served.request(
            'GET', '/images/busybox:test/get')[0])

    def test_silent_upload_is_ended(self):
        served = self.daemon(patience=1)
        sock = self.half_upload(served)
        answer = sock.recv(65536)
        self.assertIn(b' 408 ', answer)
        self.assertIn(b'request.timeout', answer)
        for name in ('blobs/sha256', 'layers/sha256'):
            self.assertEqual(
                [], list((served.data_root / name).glob('.tmp-*')))

    def test_one_connection_too_many(self):
        served = self.daemon(connections=4)
        taken = [self.connected(served) for _ in range(4)]
        for sock in taken:
            sock.sendall(b'GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n')
            self.assertIn(b' 200 ', sock.recv(65536))
        status, body = served.request('GET', '/info')
        self.assertEqual(503, status)
        self.assertIn(b'already serves 4 clients', body)
        for sock in taken:
            sock.close()
        deadline = time.monotonic() + TIMEOUT_S
        while served.request('GET', '/_ping')[0] != 200:
            self.assertLess(time.monotonic(), deadline)
