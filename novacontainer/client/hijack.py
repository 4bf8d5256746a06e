"""A connection that carries a process's streams instead of HTTP.

Called by ``client.transport``; calls exceptions.  Docker Engine API 1.44,
ContainerAttach, "Hijacking": the client asks with ``Upgrade: tcp``, the
answer is 101, and from then on the connection is the process's input one way
and its output the other way.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import email.message
import http.client
import io
import json
import selectors
import socket
import types
import typing

from novacontainer.client import exceptions

_CHUNK_BYTES = 64 * 1024
_HEAD_BYTES_MAX = 64 * 1024
_END_OF_HEAD = b'\r\n\r\n'
_SWITCHING = 101


@contextlib.contextmanager
def _translated(socket_path: str) -> Iterator[None]:
    """Turn what sockets raise into our exceptions."""
    try:
        yield
    except TimeoutError as error:
        raise exceptions.TimedOut(
            f'The container runtime at {socket_path} did not answer in time.'
            ) from error
    except OSError as error:
        raise exceptions.ConnectionFailed(
            f'The connection to the container runtime at {socket_path} '
            f'broke: {error.strerror or error}.') from error


class Connection:
    """Both directions; close it, or use it in a ``with``.

    :ivar media_type: of the output, in lower case and without parameters.
    """

    def __init__(self, wire: socket.socket, socket_path: str,
                 media_type: str, first: bytes) -> None:
        self._wire = wire
        self._socket_path = socket_path
        self._first = first
        self.media_type = media_type

    @property
    def pending(self) -> bool:
        """Whether there is output that the descriptor does not tell of."""
        return bool(self._first)

    def fileno(self) -> int:
        """Return the descriptor, to be waited for."""
        return self._wire.fileno()

    def receive(self) -> bytes:
        """Wait for output and return it; b'' at its end.

        :raises ConnectionFailed: when the connection breaks.
        """
        if self._first:
            first, self._first = self._first, b''
            return first
        with _translated(self._socket_path):
            return self._wire.recv(_CHUNK_BYTES)

    def send(self, data: bytes) -> int:
        """Send what there is room for, without waiting.

        :returns: how many bytes were taken.
        :raises ConnectionFailed: when the other end is gone.
        """
        with (_translated(self._socket_path),
              selectors.DefaultSelector() as room):
            # Sockets of eventlet wait in spite of the flag.
            room.register(self._wire, selectors.EVENT_WRITE)
            if not room.select(0):
                return 0
            try:
                return self._wire.send(data, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return 0

    def end_input(self) -> None:
        """Say that there is no more input; output goes on."""
        # The other end may be gone already; its output says so.
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Drop the connection; harmless when called again."""
        self._wire.close()

    def __enter__(self) -> 'Connection':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: types.TracebackType | None) -> None:
        self.close()


def take_over(wire: socket.socket, socket_path: str, target: str,
              body: dict[str, typing.Any] | None,
              further: Mapping[str, str] = types.MappingProxyType({}),
              ) -> Connection:
    """Ask for a connection of its own, over a socket that is connected.

    :param wire: with the timeout that the answer's head gets; it has none
        afterwards, and is closed when this raises.
    :param target: path and query, quoted.
    :param further: headers.
    :raises ClientError: the subclass that fits the status.
    """
    content = b'' if body is None else json.dumps(body).encode()
    head = [f'POST {target} HTTP/1.1', 'Host: localhost',
            'Connection: Upgrade', 'Upgrade: tcp',
            'Content-Type: application/json',
            *(f'{name}: {value}' for name, value in further.items()),
            f'Content-Length: {len(content)}', '', '']
    with contextlib.ExitStack() as undo:
        undo.callback(wire.close)
        with _translated(socket_path):
            wire.sendall('\r\n'.join(head).encode('ascii') + content)
            status, headers, rest = _head(wire, socket_path)
            if status != _SWITCHING:
                raise _refusal(wire, status, headers, rest)
            wire.settimeout(None)
        undo.pop_all()
    return Connection(wire, socket_path, headers.get_content_type(), rest)


def _head(wire: socket.socket, socket_path: str,
          ) -> tuple[int, email.message.Message, bytes]:
    """Read the head of an answer, and what came with it of the rest."""
    data = b''
    while _END_OF_HEAD not in data:
        chunk = wire.recv(_CHUNK_BYTES)
        if not chunk or len(data) > _HEAD_BYTES_MAX:
            raise exceptions.ConnectionFailed(
                f'The container runtime at {socket_path} closed the '
                'connection without an answer.')
        data += chunk
    head, _, rest = data.partition(_END_OF_HEAD)
    first, _, lines = head.partition(b'\r\n')
    words = first.split(None, 2)
    if len(words) < 2 or not words[1].isdigit():
        raise exceptions.ProtocolFailed(
            f'The container runtime answered {first[:80]!r}, which is not '
            'HTTP.')
    headers = http.client.parse_headers(
        io.BytesIO(lines + _END_OF_HEAD))
    return int(words[1]), headers, rest


def _refusal(wire: socket.socket, status: int, headers: email.message.Message,
             rest: bytes) -> exceptions.ClientError:
    """Make the exception for an answer that is not 101."""
    length = headers.get('Content-Length') or ''
    size = int(length) if length.isdigit() else 0
    while len(rest) < min(size, _HEAD_BYTES_MAX):
        chunk = wire.recv(_CHUNK_BYTES)
        if not chunk:
            break
        rest += chunk
    try:
        body = json.loads(rest)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {'message': rest.decode(errors='replace')}
    if status < 400:
        return exceptions.ProtocolFailed(
            f'The container runtime answered {status} where it was to hand '
            'the connection over.')
    message = str(body.get('message') or f'status {status}')
    return exceptions.from_status(
        status, message.strip(), str(body.get('code') or ''))
