"""novacontainerd, the runtime daemon, as root; its socket is for the user.

Called by ``cloud``, ``leaks`` and ``cleaning``.
"""

import http.client
import json
import pathlib
import socket
import typing
import urllib.parse

from demo import commands
from demo import directory as directories
from demo import environment
from demo import processes

#: Cgroup below which the demo's containers are, see novacontainerd.conf.
CGROUP_PARENT = 'novacontainer-demo'


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__('localhost', timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Start the daemon; containers that run already stay as they are."""
    config = directory.etc / 'novacontainer' / 'novacontainerd.conf'
    supervisor.start(processes.Process(
        'novacontainerd',
        (directory.tool('novacontainerd'), '--config-file', str(config)),
        commands.clean_environment(directory.home),
        None, (config, environment.wheel_stamp(directory))))
    supervisor.wait_ready('novacontainerd', lambda: answers(directory))


def answers(directory: directories.Directory) -> bool:
    """Whether the daemon serves its API."""
    try:
        return call(directory, 'GET', '/_ping')[0] == http.client.OK
    except OSError:
        return False


def call(directory: directories.Directory, method: str,
         path: str) -> tuple[int, bytes]:
    """One request to the daemon: status and body.

    :raises OSError: it does not listen.
    """
    connection = _Connection(directory.runtime_socket)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def containers(directory: directories.Directory) -> list[dict]:
    """Every container, running or not, as the API lists them."""
    body = call(directory, 'GET', '/containers/json?all=1')[1]
    return typing.cast(list[dict], json.loads(body))


def remove_containers(directory: directories.Directory) -> list[str]:
    """Remove every container, and return their names."""
    removed = []
    for container in containers(directory):
        name = urllib.parse.quote(container['Id'])
        call(directory, 'DELETE', f'/containers/{name}?force=1')
        removed += [text.lstrip('/') for text in container['Names']]
    return removed
