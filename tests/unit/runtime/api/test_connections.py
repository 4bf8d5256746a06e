import json
import resource
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.api import connections
from tests.unit.runtime.api import served


class DefaultTest(base.BaseTestCase):

    def test_half_of_the_descriptors(self):
        for soft, expected in ((1024, 512), (1 << 20, 4096), (1, 1),
                               (resource.RLIM_INFINITY, 4096)):
            with mock.patch.object(resource, 'getrlimit',
                                   return_value=(soft, soft)):
                self.assertEqual(expected, connections.default())


class DoorkeeperTest(served.ServedTestCase):

    MOST = 3

    def taken(self):
        """Take all connections."""
        found = []
        for _ in range(self.MOST):
            sock = self.raw()
            sock.sendall(b'GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n')
            self.assertIn(b' 200 ', sock.recv(65536))
            found.append(sock)
        return found

    def test_one_too_many_is_told(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.taken()
        for body in (None, b'x' * 100_000):
            answer = self.open('POST', '/containers/create', body)
            self.assertEqual(503, answer.status)
            document = json.loads(answer.read())
            self.assertEqual('api.too_many_connections', document['code'])
            self.assertIn('already serves 3 clients', document['message'])
        self.assertEqual(1, log.output.count('All 3 connections are taken'))

    def test_room_is_made_again(self):
        self.taken()[0].close()
        for _ in range(1000):
            if self.open('GET', '/_ping').status == 200:
                return
        self.fail('It refuses for ever.')

    def test_who_does_not_leave_is_cut_off(self):
        self.useFixture(fixtures.MonkeyPatch(
            f'{connections.__name__}._FAREWELL_S', 0.1))
        self.taken()
        sock = self.raw()
        parts = []
        try:
            while data := sock.recv(65536):
                parts.append(data)
            while True:
                sock.sendall(b'more')
        except ConnectionError:
            self.assertIn(b' 503 ', b''.join(parts))

    def test_crowds_are_not_told(self):
        self.useFixture(fixtures.MonkeyPatch(
            f'{connections.__name__}._FAREWELLS', 1))
        self.taken()
        first = self.raw()
        self.assertIn(b' 503 ', first.recv(65536))
        self.assertEqual(b'', self.raw().recv(65536))
