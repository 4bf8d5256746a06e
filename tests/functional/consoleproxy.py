"""nova-serialproxy in the process of a test.

Used by the tests of serial consoles.  Nova's own handler of web sockets does
the work; only that the proxy forks a process for each of them is left out,
since Nova's fixtures keep databases and messages in this process.
"""

import socket
import sys
import threading

import fixtures
from nova.console import websocketproxy


class ConsoleProxy(fixtures.Fixture):
    """A proxy on a port of loopback: ``base_url`` leads to it."""

    def _setUp(self):
        patcher = sys.modules.get('eventlet.patcher')
        if patcher is not None and patcher.is_monkey_patched('socket'):
            # Nova's handler begins with a hub of its own, as it is in a
            # process of its own.
            self.useFixture(fixtures.MonkeyPatch(
                'eventlet.hubs.use_hub', lambda *args: None))
        self._listener = socket.create_server(('127.0.0.1', 0))
        host, port = self._listener.getsockname()
        self.base_url = f'ws://{host}:{port}/'
        self._proxy = websocketproxy.NovaWebSocketProxy(
            listen_host=host, listen_port=port, file_only=True,
            RequestHandlerClass=websocketproxy.NovaProxyRequestHandler)
        self._sessions = []
        self._server = threading.Thread(target=self._serve)
        self._server.start()
        self.addCleanup(self._end)

    def _serve(self):
        while True:
            try:
                wire, address = self._listener.accept()
            except OSError:
                return
            session = threading.Thread(
                target=self._answer, args=(wire, address))
            self._sessions.append(session)
            session.start()

    def _answer(self, wire, address):
        with wire:
            self._proxy.top_new_client(wire, address)

    def _end(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._server.join()
        self._listener.close()
        for session in self._sessions:
            session.join()
