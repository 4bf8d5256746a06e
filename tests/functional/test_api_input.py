"""What a client can do wrong, against the real services."""

import contextlib
import http.client
import json
import os
import time

from oslotest import base

from tests import archives
from tests.functional import daemon


class InputTest(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = daemon.Daemon()
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        cls.daemon.load(archives.busybox_image())

    def refused(self, status, method, path, body=None, headers=None):
        """Make a call that must be refused; returns its message."""
        got, answer = self.daemon.request(method, path, body, headers)
        self.assertEqual(status, got, (method, path, answer))
        return json.loads(answer)['message']

    def test_init_then_start(self):
        ident = self.daemon.json('POST', '/containers/create', {
            'Image': 'busybox:test', 'Cmd': ['sh', '-c', 'echo ran']})['Id']
        self.addCleanup(self.daemon.request, 'DELETE',
                        f'/containers/{ident}?force=1')
        self.daemon.json('POST', f'/containers/{ident}/init')
        shown = self.daemon.json('GET', f'/containers/{ident}/json')
        self.assertEqual('created', shown['State']['Status'])
        self.assertGreater(shown['State']['Pid'], 0)
        self.assertTrue(os.path.exists(
            shown['NetworkSettings']['SandboxKey']))
        self.assertEqual(304, self.daemon.request(
            'POST', f'/containers/{ident}/init')[0])
        self.daemon.json('POST', f'/containers/{ident}/start')
        self.assertEqual({'StatusCode': 0}, self.daemon.json(
            'POST', f'/containers/{ident}/wait'))

    def test_create_bodies(self):
        for body in (b'', b'{', b'[]', b'{"Image": 1}',
                     b'{"Image": "busybox:test", "Cmd": {"a": 1}}',
                     b'{"Image": "busybox:test", "HostConfig": []}',
                     b'{}', b'{"Image": ""}', b'{"Image": "UPPER:x y"}',
                     b'{"Image": "busybox:test", "Hostname": "a b"}',
                     b'{"Image": "busybox:test", "HostConfig": '
                     b'{"Memory": 1}}'):
            message = self.refused(
                400, 'POST', '/containers/create', body,
                {'Content-Type': 'application/json'})
            self.assertGreater(len(message), 5)
        self.refused(404, 'POST', '/containers/create', {'Image': 'nothing'})
        self.assertEqual(
            [], self.daemon.json('GET', '/containers/json?all=1'))

    def test_image_without_a_command(self):
        self.daemon.load(archives.docker_archive(
            {'a': b'a'}, cmd=None, tag='mute:1'))
        self.addCleanup(self.daemon.request, 'DELETE', '/images/mute:1')
        message = self.refused(400, 'POST', '/containers/create',
                               {'Image': 'mute:1'})
        self.assertIn('No command specified', message)

    def test_command_that_ends_at_once(self):
        ident = self.daemon.json('POST', '/containers/create', {
            'Image': 'busybox:test', 'Cmd': ['false']})['Id']
        self.addCleanup(self.daemon.request, 'DELETE',
                        f'/containers/{ident}?force=1')
        self.daemon.json('POST', f'/containers/{ident}/start')
        self.assertEqual({'StatusCode': 1}, self.daemon.json(
            'POST', f'/containers/{ident}/wait'))

    def test_bad_archives(self):
        good = archives.docker_archive(
            {'file': os.urandom(200000)}, cmd=['/a'], tag='bad:1')
        before = self.stored()
        lies = good.replace(good[100000:100100], b'x' * 100)
        for archive in (b'', b'hello', b'\0' * 10240, good[:100000], lies):
            self.refused(400, 'POST', '/images/load', archive)
            self.refused(400, 'POST', '/images/load?reference=glance/x:1',
                         archive)
        self.refused(404, 'GET', '/images/bad:1/json')
        self.refused(404, 'GET', '/images/glance/x:1/json')
        self.check_stored(before)

    def test_reference(self):
        archive = archives.docker_archive({'a': b'ref'}, cmd=['/a'],
                                          tag='nginx:latest')
        status, body = self.daemon.request(
            'POST', '/images/load?reference=glance/id:sum', archive)
        self.assertEqual(
            (200, {'stream': 'Loaded image: glance/id:sum\n'}),
            (status, json.loads(body)))
        self.addCleanup(self.daemon.request, 'DELETE',
                        '/images/glance/id:sum')
        shown = self.daemon.json('GET', '/images/glance/id:sum/json')
        self.assertEqual(['glance/id:sum'], shown['RepoTags'])
        self.refused(404, 'GET', '/images/nginx/json')

    def test_upload_that_breaks_off_leaves_nothing(self):
        archive = archives.docker_archive(
            {'file': os.urandom(3_000_000)}, cmd=['/a'], tag='broken:1')
        before, in_transit = self.stored(), self.in_transit()
        for _ in range(20):
            connection = daemon.Connection(self.daemon.socket_path)
            connection.putrequest('POST', '/images/load')
            connection.putheader('Content-Length', str(len(archive)))
            connection.endheaders()
            connection.send(archive[:2_000_000])
            connection.close()
        self.check_stored(before)
        self.refused(404, 'GET', '/images/broken:1/json')
        self.check_in_transit(in_transit)

    def test_download_that_breaks_off(self):
        self.daemon.load(archives.docker_archive(
            {'file': os.urandom(20_000_000)}, cmd=['/a'], tag='big:1'))
        self.addCleanup(self.daemon.request, 'DELETE', '/images/big:1')
        before = self.in_transit()
        for _ in range(3):
            connection = daemon.Connection(self.daemon.socket_path)
            connection.request('GET', '/images/big:1/get')
            self.assertEqual(200, connection.getresponse().status)
            connection.close()
        self.check_in_transit(before)

    def check_in_transit(self, before):
        """Wait until what broke off is given up."""
        deadline = time.monotonic() + 60
        while self.in_transit() > before:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def descriptors(self):
        """Return what the daemon's open files are."""
        found = []
        with os.scandir(f'/proc/{self.daemon.process.pid}/fd') as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    found.append(os.readlink(entry.path))
        return found

    def in_transit(self):
        """Count the open files of images, pipes and connections.

        Not those of the database: each thread keeps its own connection.
        """
        images = tuple(str(self.daemon.data_root / name)
                       for name in ('blobs', 'layers'))
        return len([name for name in self.descriptors()
                    if name.startswith(('socket:', 'pipe:', *images))])

    def stored(self):
        """Return the layers and blobs that are there, whole or not."""
        return {str(path) for pattern in ('*', '*/*')
                for name in ('blobs', 'layers')
                for path in (self.daemon.data_root / name).glob(pattern)}

    def check_stored(self, before):
        """Wait until an unfinished load has left nothing."""
        deadline = time.monotonic() + 20
        while left := self.stored() - before:
            self.assertLess(time.monotonic(), deadline, left)
            time.sleep(0.05)

    def test_many_at_once(self):
        """More clients than threads, none of which is starved."""
        waiting = []
        ident = self.daemon.json('POST', '/containers/create', {
            'Image': 'busybox:test', 'Cmd': ['sleep', '1000']})['Id']
        self.addCleanup(self.daemon.request, 'DELETE',
                        f'/containers/{ident}?force=1')
        self.daemon.json('POST', f'/containers/{ident}/start')
        for _ in range(60):
            connection = daemon.Connection(self.daemon.socket_path)
            self.addCleanup(connection.close)
            connection.request('POST', f'/containers/{ident}/wait')
            waiting.append(connection)
        responses = [connection.getresponse() for connection in waiting]
        self.daemon.json('POST', f'/containers/{ident}/kill')
        self.assertEqual([{'StatusCode': 137}] * 60, [
            json.loads(response.read()) for response in responses])

    def test_bad_http(self):
        connection = daemon.Connection(self.daemon.socket_path)
        self.addCleanup(connection.close)
        connection.putrequest('POST', '/images/load')
        connection.putheader('Content-Length', 'many')
        connection.endheaders()
        try:
            self.assertEqual(400, connection.getresponse().status)
        except http.client.BadStatusLine as error:
            self.fail(f'no answer: {error}')
