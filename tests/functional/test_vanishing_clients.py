"""Clients that go away in the middle of what they asked for."""

import os
import time

from oslotest import base

from tests import archives
from tests.functional import daemon

DEADLINE_S = 30
TIMES = 10
IMAGE = 'busybox:test'


class VanishingClientsTest(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = daemon.Daemon()
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        cls.daemon.load(archives.busybox_image(IMAGE))

    def setUp(self):
        super().setUp()
        self.ident = self.daemon.json('POST', '/containers/create', {
            'Image': IMAGE, 'OpenStdin': True,
            'Cmd': ['sh', '-c', 'head -c 8000000 /dev/urandom > /big; cat']})[
                'Id']
        self.addCleanup(self.daemon.request, 'DELETE',
                        f'/containers/{self.ident}?force=1')
        self.daemon.json('POST', f'/containers/{self.ident}/start')

    def vanish(self, method, path, answered):
        """Ask and leave; with the head of the answer, or without it."""
        connection = daemon.Connection(self.daemon.socket_path)
        connection.request(method, path)
        if answered:
            self.assertLess(connection.getresponse().status, 300)
        connection.close()

    def wait_until(self, condition):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def streams(self):
        """Count the daemon's open sockets and pipes."""
        folder = f'/proc/{self.daemon.process.pid}/fd'
        found = 0
        for name in os.listdir(folder):
            try:
                target = os.readlink(f'{folder}/{name}')
            except FileNotFoundError:
                continue
            found += target.startswith(('socket:', 'pipe:'))
        return found

    def test_attach(self):
        before = self.streams()
        for answered in (True, False) * TIMES:
            self.vanish('POST', f'/containers/{self.ident}/attach'
                        '?stream=1&stdout=1&stdin=1', answered)
        self.wait_until(lambda: self.streams() <= before)
        self.assertTrue(self.state()['Running'])

    def test_commit(self):
        """The image is made whole or not at all, and nothing stays paused."""
        before = self.streams()
        for _ in range(TIMES):
            self.vanish('POST', f'/commit?container={self.ident}', False)
        self.wait_until(lambda: self.streams() <= before)
        self.wait_until(lambda: not self.state()['Paused'])
        self.wait_until(self.is_as_before)
        self.assertTrue(self.state()['Running'])

    def is_as_before(self):
        """Remove the images that were made after all; tell of the rest."""
        for image in self.daemon.json('GET', '/images/json?all=1'):
            if image['RepoTags'] != [IMAGE]:
                self.daemon.json('DELETE', f'/images/{image["Id"]}?force=1')
        folder = self.daemon.data_root / 'layers'
        return len(list(folder.iterdir())) == 1

    def state(self):
        return self.daemon.json(
            'GET', f'/containers/{self.ident}/json')['State']

    def test_logs_and_events(self):
        before = self.streams()
        for _ in range(TIMES):
            self.vanish('GET', f'/containers/{self.ident}/logs'
                        '?stdout=1&follow=1', True)
            self.vanish('GET', '/events', True)
            self.vanish('POST', f'/containers/{self.ident}/wait', True)
        self.wait_until(lambda: self.streams() <= before)
