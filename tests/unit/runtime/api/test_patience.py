import asyncio
from unittest import mock

from oslotest import base

from novacontainer.runtime.api import patience
from novacontainer.runtime import exception
from tests.unit.runtime.api import served


class BodyTest(base.BaseTestCase):

    def body(self, read):
        request = mock.Mock(app={patience.KEY: 0.05}, read=read)
        return asyncio.run(patience.body(request))

    def test_whole(self):
        async def read():
            return b'{}'

        self.assertEqual(b'{}', self.body(read))

    def test_late(self):
        fault = self.assertRaises(
            exception.TimedOut, self.body, lambda: asyncio.sleep(60))
        self.assertEqual('request.timeout', fault.code)


class SilenceTest(served.ServedTestCase):

    PATIENCE_S = 0.3

    def closed(self, sock):
        """Return what came until the daemon hung up."""
        parts = []
        while data := sock.recv(65536):
            parts.append(data)
        return b''.join(parts)

    def test_no_request(self):
        self.assertEqual(b'', self.closed(self.raw()))

    def test_half_a_head(self):
        sock = self.raw()
        sock.sendall(b'GET /_ping HTTP/1.1\r\nHost: d\r\n')
        self.assertEqual(b'', self.closed(sock))

    def test_no_second_request(self):
        sock = self.raw()
        sock.sendall(b'GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n')
        self.assertIn(b' 200 ', self.closed(sock))

    def test_half_a_body(self):
        for path, kind in (('/containers/create', 'application/json'),
                           ('/containers/web/start', 'application/json'),
                           ('/images/load', 'application/x-tar')):
            sock = self.raw()
            sock.sendall(
                f'POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: {kind}'
                '\r\nContent-Length: 1000\r\n\r\n{'.encode())
            answer = sock.recv(65536)
            self.assertIn(b' 408 ', answer)
            self.assertIn(b'request.timeout', answer)

    def test_who_follows_is_not_silent(self):
        answer = self.open('GET', '/events')
        self.assertRaises(TimeoutError, self.wait_on, answer)

    def wait_on(self, answer):
        answer.fp.raw._sock.settimeout(3 * self.PATIENCE_S)
        answer.read(1)
