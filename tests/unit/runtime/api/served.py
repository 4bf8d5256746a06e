"""The real application on a real socket, over fake services.

Used by: the tests of the routes, the middleware and the server.
"""

import asyncio
import http.client
import json
import pathlib
import shutil
import socket
import tempfile
import threading

from oslotest import base

from novacontainer.runtime.api import app
from novacontainer.runtime.api import pools
from novacontainer.runtime.api import server
from novacontainer.runtime.api import services
from novacontainer.runtime import exception
from novacontainer.runtime.service import events
from novacontainer.runtime.service import logs
from novacontainer.runtime.service import pruning
from tests.unit.runtime.api import fakes

TIMEOUT_S = 20

#: How a client sees a body that breaks off.
BROKEN = (http.client.IncompleteRead, ConnectionError)


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__('localhost', timeout=TIMEOUT_S)
        self._path = str(path)

    def connect(self):
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


class Answer:
    """A whole answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        """The parsed body."""
        return json.loads(self.body)


class ServedTestCase(base.BaseTestCase):
    """Serves ``self.images`` and its like on ``self.socket_path``."""

    PATIENCE_S = 300.0
    MOST = 0

    def setUp(self):
        super().setUp()
        # Short, because of the 107 bytes that a socket's path may have.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='nc'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.socket_path = self.directory / 's'
        self.images = fakes.Images()
        self.containers = fakes.Containers(self.directory)
        self.alterations = fakes.Recorder()
        self.plugs = fakes.Recorder()
        self.archives = fakes.Archives()
        self.pruning = fakes.Recorder()
        for kind in ('containers', 'images', 'volumes', 'networks'):
            self.pruning.give(kind, pruning.Pruned(['x'], 5))
        self.volumes = fakes.Volumes()
        self.networks = fakes.Networks()
        self.network_connections = fakes.Connections()
        self.differences = fakes.Recorder()
        self.differences.give('list', [])
        self.stats = fakes.Recorder()
        self.stats.give('sample', exception.NotFound('No such container'))
        self.top = fakes.Recorder()
        self.top.give('list', ([], []))
        self.attachments = fakes.Attachments()
        self.addCleanup(self.attachments.close)
        self.execs = fakes.Execs()
        self.healths = fakes.Healths()
        self.healths = fakes.Healths()
        self.addCleanup(self.execs.streams.close)
        self.events = events.EventHub()
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)
        thread = threading.Thread(target=self.loop.run_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.loop.call_soon_threadsafe, self.loop.stop)
        self.server = self.run_in_loop(self._make())
        self.run_in_loop(self.server.start())
        self.addCleanup(lambda: self.run_in_loop(self.server.stop()))

    async def _make(self):
        application = app.build(
            services.Services(
                images=self.images, containers=self.containers,
                alterations=self.alterations, plugs=self.plugs,
                stats=self.stats,
                top=self.top,
                volumes=self.volumes, networks=self.networks,
                connections=self.network_connections,
                pruning=self.pruning, archives=self.archives,
                differences=self.differences,
                attachments=self.attachments, execs=self.execs,
                healths=self.healths,
                events=self.events, logs=logs.LogService(),
                info=fakes.Info()),
            pools.Pools(reads=2, changes=2, bulk=2), self.PATIENCE_S)
        return server.Server(
            application, self.socket_path, patience_s=self.PATIENCE_S,
            most=self.MOST)

    def run_in_loop(self, coroutine):
        """Run a coroutine in the server's loop to its end."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(TIMEOUT_S)

    def open(self, method, path, body=None, headers=None):
        """Send a request, return the unread response."""
        connection = Connection(self.socket_path)
        self.addCleanup(connection.close)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            headers.setdefault('Content-Type', 'application/json')
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def call(self, method, path, body=None, headers=None):
        """Send a request, return the whole answer."""
        return Answer(self.open(method, path, body, headers))

    def raw(self):
        """Return a connected socket."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(sock.close)
        sock.settimeout(TIMEOUT_S)
        sock.connect(str(self.socket_path))
        return sock

    def hijack(self, path, body='', upgrade='tcp'):
        """Send a request and read the head of its answer.

        :return: the socket, and the head as text.
        """
        sock = self.raw()
        lines = [f'POST {path} HTTP/1.1', 'Host: d',
                 f'Content-Length: {len(body)}']
        if body:
            lines.append('Content-Type: application/json')
        if upgrade:
            lines += [f'Upgrade: {upgrade}', 'Connection: Upgrade']
        sock.sendall('\r\n'.join([*lines, '', body]).encode())
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            byte = sock.recv(1)
            if not byte:
                raise AssertionError(f'no head: {head!r}')
            head += byte
        return sock, head.decode()

    def assert_refused(self, status, code, answer):
        """Check an error answer; returns its message."""
        self.assertEqual(status, answer.status, answer.body)
        self.assertEqual('application/json', answer.headers['Content-Type'])
        self.assertEqual(code, answer.json['code'])
        return answer.json['message']
