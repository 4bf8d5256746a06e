"""HTTP over the runtime's unix socket: the only module that knows requests.

Called by containers, images, system and the like; calls requests through
requests-unixsocket, and ``client.hijack`` where a connection is taken over.
requests' exceptions become ours here and nowhere else.

Every call has a session and a connection of its own.  On a unix socket that
costs well under a millisecond, makes a :class:`Transport` safe to share
between native threads and green ones alike, and rules out the failure of a
kept-alive connection that the daemon closed while it was idle.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import json
import math
import socket
import time
import types
import typing
import urllib.parse

import requests
import requests_unixsocket
import urllib3

from novacontainer.client import exceptions
from novacontainer.client import hijack
from novacontainer.client import unreachable

#: Parsed JSON object.
Json = dict[str, typing.Any]

#: Query parameters; None leaves a parameter out.
Params = Mapping[str, str | int | bool | None]

#: Docker Engine API version that this client speaks.
API_VERSION = '1.44'

#: The header of OpenStack's services in which a request's id travels.
REQUEST_ID = 'X-Openstack-Request-Id'

#: Bear any silence: for those who follow something until a person ends it.
FOREVER_S = math.inf

_CHUNK_BYTES = 64 * 1024

_QUEUE_POLL_S = 0.02

_TIMEOUTS = (TimeoutError, urllib3.exceptions.TimeoutError)


@contextlib.contextmanager
def _translated(socket_path: str) -> Iterator[None]:
    """Turn what requests raises into our exceptions, most specific first."""
    try:
        yield
    except requests.exceptions.Timeout as error:
        raise exceptions.TimedOut(
            f'The container runtime at {socket_path} did not answer in time.'
            ) from error
    except requests.exceptions.RequestException as error:
        # A timeout inside a body arrives as a ConnectionError.
        if any(isinstance(seen, _TIMEOUTS) for seen in _chain(error)):
            raise exceptions.TimedOut(
                f'The container runtime at {socket_path} stopped answering.'
                ) from error
        raise exceptions.ConnectionFailed(
            _broken(socket_path, error)) from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it was raised from, newest first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _broken(socket_path: str, error: BaseException) -> str:
    """A sentence with the operating system's words, where it had any."""
    for seen in _chain(error):
        if isinstance(seen, OSError) and seen.strerror:
            return unreachable.sentence(socket_path, seen)
    return (f'The container runtime at {socket_path} closed the connection '
            'in the middle of an answer. Check that novacontainerd runs.')


def _readable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass the chunks on, and keep their errors apart from the socket's.

    urllib3 takes any OSError that comes out of a body for one of its own
    connection; a broken pipe it even swallows, and then waits for an answer
    to a body that was never finished.  Glance's checksum failure is exactly
    that: an OSError with EPIPE.
    """
    try:
        for chunk in chunks:
            # An empty chunk would end the chunked encoding early.
            if chunk:
                yield chunk
    except OSError as error:
        raise exceptions.SourceFailed(str(error)) from error


def _refusal(response: requests.Response) -> exceptions.ClientError:
    """The exception for an error answer whose body is still unread."""
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        body = {}
    message = str(body.get('message') or response.text or response.reason)
    return exceptions.from_status(
        response.status_code, message.strip(), str(body.get('code') or ''))


def _query(params: Params | None) -> dict[str, str]:
    """Query parameters as Docker writes them: booleans are 1 and 0."""
    return {
        key: str(int(value)) if isinstance(value, bool) else str(value)
        for key, value in (params or {}).items() if value is not None}


def filter_params(filters: Mapping[str, Sequence[str]] | None,
                  ) -> dict[str, str | None]:
    """The ``filters`` parameter: a JSON map of lists, or left out."""
    if not filters:
        return {'filters': None}
    return {'filters': json.dumps(
        {key: list(values) for key, values in filters.items()})}


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: HTTP status below 400, and the body's bytes."""

    status: int
    body: bytes


class Download:
    """A body that is still arriving; close it, or use it in a ``with``.

    It iterates over bytes and has ``read``, so that it can be handed to
    whatever wants a file, such as Glance's upload.
    """

    def __init__(self, session: requests.Session,
                 response: requests.Response, socket_path: str) -> None:
        self._session = session
        self._response = response
        self._socket_path = socket_path
        self._chunks = self._iterate()
        self._rest = b''

    @property
    def status(self) -> int:
        """HTTP status of the answer, below 400."""
        return self._response.status_code

    @property
    def content_type(self) -> str:
        """Media type of the body, in lower case and without parameters."""
        header = self._response.headers.get('Content-Type', '')
        return header.partition(';')[0].strip().lower()

    def header(self, name: str) -> str:
        """Value of a header of the answer; '' where there is none."""
        return str(self._response.headers.get(name) or '')

    def _iterate(self) -> Iterator[bytes]:
        with _translated(self._socket_path):
            yield from self._response.iter_content(_CHUNK_BYTES)

    def __iter__(self) -> Iterator[bytes]:
        if self._rest:
            rest, self._rest = self._rest, b''
            yield rest
        yield from self._chunks

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, or all of them when it is negative.

        :raises Unavailable: when the connection breaks before the end.
        """
        parts = [self._rest]
        length = len(self._rest)
        while size < 0 or length < size:
            chunk = next(self._chunks, b'')
            if not chunk:
                break
            parts.append(chunk)
            length += len(chunk)
        whole = b''.join(parts)
        if size < 0:
            size = length
        self._rest = whole[size:]
        return whole[:size]

    def objects(self) -> Iterator[Json]:
        """Parse a body of JSON objects, one a line.

        :raises ProtocolFailed: when a line is not a JSON object.
        """
        pending = b''
        for chunk in self:
            *lines, pending = (pending + chunk).split(b'\n')
            yield from map(_parse_object, filter(bytes.strip, lines))
        if pending.strip():
            yield _parse_object(pending)

    def close(self) -> None:
        """Drop the connection; harmless when called again."""
        self._response.close()
        self._session.close()

    def __enter__(self) -> 'Download':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: types.TracebackType | None) -> None:
        self.close()


def _parse_object(text: bytes) -> Json:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise exceptions.ProtocolFailed(
            f'The container runtime sent a line that is not JSON: '
            f'{text[:80]!r}.') from error
    if not isinstance(value, dict):
        raise exceptions.ProtocolFailed(
            f'The container runtime sent {text[:80]!r} where an object was '
            'expected.')
    return value


class Transport:
    """One daemon, as the resource classes see it.

    :param socket_path: absolute path of the runtime's unix socket.
    :param timeout_s: longest silence that a call bears, unless it says
        otherwise itself.
    :param request_id: asked for each call; what it returns joins our
        caller's log to the runtime's. '' where there is no request.
    """

    def __init__(self, socket_path: str, timeout_s: float = 60.0,
                 request_id: Callable[[], str] = str) -> None:
        self.socket_path = socket_path
        self.timeout_s = timeout_s
        self._request_id = request_id

    def _url(self, path: str) -> str:
        host = urllib.parse.quote(self.socket_path, safe='')
        return f'http+unix://{host}{_target(path)}'

    def stream(self, method: str, path: str, *, params: Params | None = None,
               body: Json | None = None,
               chunks: Iterable[bytes] | None = None,
               timeout_s: float | None = None) -> Download:
        """Make a call and hand back its body unread.

        :param path: below ``/v1.NN``, unquoted.
        :param body: sent as JSON.
        :param chunks: sent instead of ``body`` with chunked encoding.
        :param timeout_s: longest silence, in both directions; FOREVER_S
            for any.
        :raises ClientError: the subclass that fits the status.
        """
        with contextlib.ExitStack() as undo:
            session = undo.enter_context(requests_unixsocket.Session())
            # Proxies and .netrc are about other hosts, and slow to find.
            session.trust_env = False
            with _translated(self.socket_path):
                response = _send(
                    session, timeout_s or self.timeout_s,
                    method=method, url=self._url(path), params=_query(params),
                    json=body, headers=_headers(chunks) | self._identity(),
                    data=None if chunks is None else _readable(chunks))
                if response.status_code >= 400:
                    raise _refusal(response)
            undo.pop_all()
            return Download(session, response, self.socket_path)

    def take_over(self, path: str, *, params: Params | None = None,
                  body: Json | None = None) -> hijack.Connection:
        """Post, and take the connection over from HTTP.

        :returns: the streams of a process, which may be silent for ever.
        :raises ClientError: the subclass that fits the status.
        """
        query = urllib.parse.urlencode(_query(params))
        return hijack.take_over(
            _connect(self.socket_path, self.timeout_s), self.socket_path,
            f'{_target(path)}?{query}' if query else _target(path), body,
            self._identity())

    def _identity(self) -> dict[str, str]:
        """The header that says which request of OpenStack a call is for."""
        ident = self._request_id()
        return {REQUEST_ID: ident} if ident else {}

    def call(self, method: str, path: str, *, params: Params | None = None,
             body: Json | None = None,
             timeout_s: float | None = None) -> Answer:
        """Make a call and read its whole, small answer.

        :raises ClientError: the subclass that fits the status.
        """
        with self.stream(method, path, params=params, body=body,
                         timeout_s=timeout_s) as download:
            return Answer(download.status, download.read())

    def json(self, method: str, path: str, *, params: Params | None = None,
             body: Json | None = None,
             timeout_s: float | None = None) -> typing.Any:
        """Make a call and parse its answer.

        :raises ProtocolFailed: when the answer is not JSON.
        """
        answer = self.call(method, path, params=params, body=body,
                           timeout_s=timeout_s)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise exceptions.ProtocolFailed(
                f'The container runtime answered {method} {path} with '
                'something that is not JSON.') from error


def _target(path: str) -> str:
    return f'/v{API_VERSION}{urllib.parse.quote(path, safe="/:@")}'


def _connect(socket_path: str, timeout_s: float) -> socket.socket:
    """Connect, waiting for a place as :func:`_send` does."""
    deadline = time.monotonic() + timeout_s
    while True:
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.settimeout(timeout_s)
        try:
            wire.connect(socket_path)
        except BlockingIOError as error:
            wire.close()
            if time.monotonic() > deadline:
                raise exceptions.TimedOut(
                    f'The container runtime at {socket_path} did not answer '
                    'in time.') from error
        except OSError as error:
            wire.close()
            raise exceptions.ConnectionFailed(
                unreachable.sentence(socket_path, error)) from error
        else:
            return wire
        time.sleep(_QUEUE_POLL_S)


def _send(session: requests.Session, timeout_s: float,
          **request: typing.Any) -> requests.Response:
    """Send one request, waiting for a place in the daemon's accept queue.

    When that queue is full, connect(2) on a unix socket that has a timeout
    fails with EAGAIN at once instead of waiting.  Nothing was sent then, so
    trying again is safe.
    """
    deadline = time.monotonic() + timeout_s
    silence_s = None if timeout_s == FOREVER_S else timeout_s
    while True:
        try:
            return session.request(stream=True, timeout=silence_s, **request)
        except requests.exceptions.ConnectionError as error:
            queue_full = any(isinstance(seen, BlockingIOError)
                             for seen in _chain(error))
            if not queue_full or time.monotonic() > deadline:
                raise
        time.sleep(_QUEUE_POLL_S)


def _headers(chunks: Iterable[bytes] | None) -> dict[str, str]:
    """Connections are not kept; see the module's docstring."""
    headers = {'Connection': 'close', 'Host': 'localhost'}
    if chunks is not None:
        headers['Content-Type'] = 'application/x-tar'
    return headers
