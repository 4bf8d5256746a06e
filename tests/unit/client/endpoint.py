"""A scripted HTTP server on a unix socket, for the client's own tests."""

import dataclasses
import http.server
import os
import socket
import socketserver
import threading
import typing

import fixtures


@dataclasses.dataclass
class Request:
    """What the client sent: the body is dechunked.

    :param input: what came over a connection that was handed over.
    """

    method: str
    path: str
    headers: typing.Any
    body: bytes
    input: bytes | None = None


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def address_string(self):
        return 'unix'

    def log_message(self, *args):
        pass

    def _body(self):
        if self.headers.get('Transfer-Encoding') != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length', 0)))
        parts = []
        while length := int(self.rfile.readline() or b'0', 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b''.join(parts)

    def _handle(self):
        answer = self.server.answers.pop(0)
        body = b'' if answer.deaf else self._body()
        self.server.requests.append(
            Request(self.command, self.path, self.headers, body))
        if answer.before is not None:
            answer.before()
        self.close_connection = True
        if answer.status == 101:
            self._hand_over(answer)
            return
        self.send_response(answer.status)
        self.send_header('Content-Type', answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if isinstance(answer.body, bytes):
            self.send_header('Content-Length', str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for chunk in answer.body:
            self.wfile.write(b'%x\r\n%b\r\n' % (len(chunk), chunk))
            self.wfile.flush()
        if not answer.cut:
            self.wfile.write(b'0\r\n\r\n')

    def _hand_over(self, answer):
        """Send the body as it is, and keep what comes back."""
        self.wfile.write(
            b'HTTP/1.1 101 UPGRADED\r\n'
            b'Content-Type: %b\r\n\r\n' % answer.content_type.encode())
        request = self.server.requests[-1]
        if answer.listens:
            request.input = self.rfile.read()
        for chunk in ([answer.body] if isinstance(answer.body, bytes)
                      else answer.body):
            self.wfile.write(chunk)
            self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        if not answer.listens:
            request.input = self.rfile.read()

    def __getattr__(self, name):
        if name.startswith('do_'):
            return self._handle
        raise AttributeError(name)


@dataclasses.dataclass
class Answer:
    """One answer; an iterable body is sent chunk by chunk.

    :param before: called when the request has arrived.
    :param cut: close the connection without the end of the chunked body.
    :param deaf: answer without reading the request's body.
    :param listens: hand the connection over (status 101), and send the body
        when the client's input has ended.
    """

    body: typing.Any = b''
    status: int = 200
    content_type: str = 'application/json'
    before: typing.Callable[[], None] | None = None
    cut: bool = False
    deaf: bool = False
    listens: bool = False
    headers: dict = dataclasses.field(default_factory=dict)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away is what some of the tests are about."""


class Endpoint(fixtures.Fixture):
    """Serve ``answers`` in order and keep what was asked in ``requests``."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)
        self.requests = []

    def _setUp(self):
        directory = self.useFixture(fixtures.TempDir()).path
        self.path = os.path.join(directory, 'socket')
        server = _Server(self.path, _Handler)
        server.answers = self.answers
        server.requests = self.requests
        self.addCleanup(server.server_close)
        thread = threading.Thread(
            target=server.serve_forever, kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
