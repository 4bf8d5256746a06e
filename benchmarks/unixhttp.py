"""HTTP over a unix socket, as bare as it can be.

Called by: ``peers``.  Every daemon is driven through this same code, so that
what differs in the results is the daemon.
"""

import http.client
import json
import socket


class ApiError(Exception):
    """A daemon answered with a status of 400 or above."""


class Connection(http.client.HTTPConnection):
    """One kept-alive connection to a daemon's socket."""

    def __init__(self, path, timeout_s=300):
        super().__init__('localhost', timeout=timeout_s)
        self.path = str(path)

    def connect(self):
        """Connect to the socket instead of a TCP port (called by request)."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def call(self, method, url, body=None, content_type='application/json'):
        """Send a request and return the decoded answer (None when empty).

        :param body: a JSON-able object, or an open file that is sent as it
            is with its length.
        :raises ApiError: with the daemon's message.
        """
        if body is not None and not hasattr(body, 'read'):
            body = json.dumps(body)
        headers = {} if body is None else {'Content-Type': content_type}
        self.request(method, url, body=body, headers=headers)
        answer = self.getresponse()
        data = answer.read()
        if answer.status >= 400:
            raise ApiError(f'{method} {url}: {answer.status} '
                           f'{data[:400].decode(errors="replace")}')
        if 'json' not in answer.headers.get('Content-Type', ''):
            return data
        lines = [json.loads(line) for line in data.splitlines() if line]
        return lines[0] if len(lines) == 1 else lines
