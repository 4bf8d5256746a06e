"""HTTP on a loopback address: the page, and the documents it asks for.

Called by ``novacontainer.cli.web``.  Calls ``web.guard``, ``web.visitors``,
``web.status`` and ``web.files``.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import errno
import http
import http.server
import ipaddress
import json
import re
import socket
import socketserver
import sys
import threading
import typing
import urllib.parse

from novacontainer.client import exceptions
from novacontainer.web import files as page_files
from novacontainer.web import guard
from novacontainer.web import plain
from novacontainer.web import status as web_status
from novacontainer.web import visitors

#: Connections that are served at once; a browser opens up to six.
CONNECTIONS = 64
#: A connection that is silent for so long is closed.
SILENCE_S = 30.0

_NAME = '[a-zA-Z0-9][a-zA-Z0-9_.-]*'
_CONTAINER = re.compile(f'/api/containers/({_NAME})')
_LOGS = re.compile(f'/api/containers/({_NAME})/logs')

_JSON = 'application/json'


class Refused(Exception):
    """The address cannot be listened on; the text says what to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """What is served, and to whom."""

    files: Mapping[str, page_files.File]
    status: web_status.Status
    visitors: frozenset[int]


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Listens from the moment that it is made.

    ``site`` is what it serves; to be set before the first request.

    :param address: a loopback address.
    :param port: 0 for any that is free.
    :raises Refused: when it is none, or cannot be listened on.
    """

    daemon_threads = True
    # A thread that a browser keeps a connection to must not hold us up.
    block_on_close = False
    request_queue_size = CONNECTIONS
    site: Site

    def __init__(self, address: str, port: int) -> None:
        if address.lower() == 'localhost':
            address = '127.0.0.1'
        if not guard.is_loopback(address):
            raise Refused(
                f'{address} is not a loopback address, and the page is not '
                'for other hosts: bind 127.0.0.1 or ::1. From afar, use a '
                'tunnel: "ssh -L 8470:127.0.0.1:8470 HOST".')
        if ipaddress.ip_address(address).version == 6:
            self.address_family = socket.AF_INET6
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        try:
            super().__init__((address, port), _Handler)
        except OSError as error:
            raise Refused(_reason(address, port, error)) from error

    def server_bind(self) -> None:
        """Bind, without asking a name server who we are."""
        socketserver.TCPServer.server_bind(self)

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        host, port = self.server_address[:2]
        host = str(host)
        return f'http://{f"[{host}]" if ":" in host else host}:{port}/'

    def process_request(self, request: typing.Any,
                        client_address: typing.Any) -> None:
        """Serve one connection, if there is a place left."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: typing.Any,
                               client_address: typing.Any) -> None:
        """Serve one connection, and give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: typing.Any,
                     client_address: typing.Any) -> None:
        """Pass over a browser that went away in the middle."""
        if not isinstance(
                sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)



def _reason(address: str, port: int, error: OSError) -> str:
    where = f'{address}, port {port},'
    if error.errno == errno.EADDRINUSE:
        return (f'{where} is in use already. Choose another one with --port; '
                '0 takes any that is free.')
    if error.errno == errno.EACCES:
        return (f'{where} is for root. Choose a port above 1023 with '
                '--port.')
    return f'{where} cannot be listened on: {error.strerror}.'


class _Answer(Exception):
    """An answer that is no document: a status and a sentence."""

    def __init__(self, code: http.HTTPStatus, message: str,
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers = headers or {}


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = 'HTTP/1.1'
    timeout = SILENCE_S

    def version_string(self) -> str:
        """Name no versions of libraries."""
        return 'novacontainer'

    def log_message(self, format: str, *args: typing.Any) -> None:
        """Nobody reads a line for each request of every two seconds."""

    def send_error(self, code: int, message: str | None = None,
                   explain: str | None = None) -> None:
        """Refuse what the parser could not read, or no method serves."""
        self.close_connection = True
        headers = {'Connection': 'close'}
        if code == http.HTTPStatus.NOT_IMPLEMENTED:
            code = http.HTTPStatus.METHOD_NOT_ALLOWED
            message = 'This page only shows: use GET or HEAD.'
            headers['Allow'] = 'GET, HEAD'
        self._send_json(http.HTTPStatus(code),
                        {'message': message or 'Bad request.'}, headers)

    def do_GET(self) -> None:
        """Answer a request."""
        try:
            self._check()
            target = urllib.parse.urlsplit(self.path)
            file = self.server.site.files.get(target.path)
            if file is not None:
                self._send(http.HTTPStatus.OK, file.media_type, file.data)
                return
            self._send_json(http.HTTPStatus.OK, self._look_up(target))
        except _Answer as answer:
            self._send_json(answer.code, {'message': answer.message},
                            answer.headers)
        except exceptions.ClientError as error:
            self._send_json(_status_of(error), {'message': error.message})

    def do_HEAD(self) -> None:
        """Answer a request but for the body."""
        self.do_GET()

    def _check(self) -> None:
        """Turn away whoever must not look.

        :raises _Answer: with the reason.
        """
        if (self.headers.get('Content-Length', '0') != '0'
                or 'Transfer-Encoding' in self.headers):
            # What follows would be taken for the next request.
            self.close_connection = True
            raise _Answer(http.HTTPStatus.BAD_REQUEST,
                          'A request to this page has no body.',
                          {'Connection': 'close'})
        if not guard.is_ours(self.headers.get('Host')):
            raise _Answer(
                http.HTTPStatus.MISDIRECTED_REQUEST,
                'This page is served as localhost, 127.0.0.1 or [::1] only: '
                'use one of these names in the address.')
        target = urllib.parse.urlsplit(self.path).path
        if target.startswith('/api/') and not guard.is_own_page(
                self.headers.get('Sec-Fetch-Site')):
            raise _Answer(http.HTTPStatus.FORBIDDEN,
                          'Other sites may not ask for this.')
        ours = self.connection.getsockname()[:2]
        uid = visitors.uid_of(self.client_address[:2], ours)
        if uid not in self.server.site.visitors:
            raise _Answer(
                http.HTTPStatus.FORBIDDEN,
                'This page is for root, and for the members of the group '
                "that may use novacontainerd's socket: be one of them, on "
                'this host.')

    def _look_up(self, target: urllib.parse.SplitResult) -> typing.Any:
        """Find the document that a path names.

        :raises _Answer: there is none.
        """
        status = self.server.site.status
        words = urllib.parse.parse_qs(target.query)
        plainly: Mapping[str, Callable[[], typing.Any]] = {
            '/api/status': lambda: status.overview(
                history=words.get('history') == ['1']),
            '/api/images': status.images,
            '/api/events': status.events,
        }
        if target.path in plainly:
            return plainly[target.path]()
        if found := _CONTAINER.fullmatch(target.path):
            return status.container(found[1])
        if found := _LOGS.fullmatch(target.path):
            return status.logs(found[1])
        raise _Answer(http.HTTPStatus.NOT_FOUND, 'There is no such page.')

    def _send_json(self, code: http.HTTPStatus, document: typing.Any,
                   headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(plain.document(document),
                          ensure_ascii=False).encode()
        self._send(code, _JSON, data, headers)

    def _send(self, code: http.HTTPStatus, media_type: str, data: bytes,
              headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {
                **guard.HEADERS, 'Cache-Control': 'no-store',
                'Content-Type': media_type,
                'Content-Length': str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)


def _status_of(error: exceptions.ClientError) -> http.HTTPStatus:
    """Say to the browser what the daemon, or its absence, said to us."""
    if isinstance(error, exceptions.Unavailable):
        return http.HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, exceptions.NotFound):
        return http.HTTPStatus.NOT_FOUND
    return http.HTTPStatus.BAD_GATEWAY
