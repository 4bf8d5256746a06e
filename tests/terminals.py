"""A client at a serial console: types, and reads what comes back.

Used by the tests of consoles; calls websocket-client.
"""

import re
import socket
import time

import websocket

_PATIENCE_S = 30


class Terminal:
    """A web socket of nova-serialproxy; use it in a ``with``.

    :param url: with the token, as Nova's API gives it.
    :raises websocket.WebSocketException: the proxy refuses.
    """

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(
            url, timeout=_PATIENCE_S, subprotocols=['binary'],
            http_no_proxy=['*'])
        self._seen = ''

    def __enter__(self) -> 'Terminal':
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def type(self, text: str) -> None:
        """Type, as on a keyboard."""
        self._socket.send_binary(text.encode())

    def expect(self, pattern: str) -> str:
        """Read until this has come, and return what it matched.

        :raises AssertionError: it does not come.
        :raises websocket.WebSocketException: the proxy hangs up.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not (found := re.search(pattern, self._seen)):
            data = self._receive()
            if not data or time.monotonic() > deadline:
                raise AssertionError(
                    f'{pattern!r} is not in {self._seen!r}')
            self._seen += data
        self._seen = self._seen[found.end():]
        return found[0]

    def run(self, command: str) -> str:
        """Run a command of a shell, and return what it prints."""
        # What is echoed is not what is waited for.
        self.type(f"echo '<'\"$({command})\"'>'\n")
        return self.expect(r'<[^\'"]*>')[1:-1].replace('\r\n', '\n')

    def ended(self) -> bool:
        """Read until the other side hangs up."""
        try:
            while self._receive():
                pass
        except websocket.WebSocketConnectionClosedException:
            return True
        return not self._socket.connected

    def _receive(self) -> str:
        """Some output; nothing when the other side hangs up, or is silent.
        """
        try:
            data = self._socket.recv()
        except websocket.WebSocketTimeoutException:
            return ''
        except ConnectionError as error:
            raise websocket.WebSocketConnectionClosedException(
                'The connection was lost.') from error
        return (data if isinstance(data, str)
                else data.decode(errors='replace'))


def taken(host: str, port: int) -> socket.socket:
    """A port that is somebody else's, until this is closed."""
    return socket.create_server((host, port))
