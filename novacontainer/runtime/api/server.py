"""The unix socket on which the API listens.

Called by: ``runtime.daemon``.  Calls: aiohttp with ``api.app``'s application.

There is no TCP: whoever can speak to this socket is root on the host.
"""

import asyncio
import errno
import grp
import logging
import os
import pathlib
import socket
import stat

from aiohttp import web

from novacontainer.runtime.api import connections
from novacontainer.runtime.api import patience
from novacontainer.runtime import exception

LOG = logging.getLogger(__name__)

#: The first descriptor that systemd passes (sd_listen_fds(3)).
_LISTEN_FDS_START = 3
_LISTEN_VARIABLES = ('LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES')

_BACKLOG = 512

#: A large upload is read in pieces of up to this size.
_READ_BYTES = 1024 * 1024

#: Longest request line and header field, as of Docker: filters may name
#: hundreds of ids.
_HEAD_BYTES = 1024 * 1024

#: How long a stopping daemon waits for requests that are being served.
SHUTDOWN_S = 20.0


class Server:
    """Serves one application on one unix socket.

    :param path: of the socket; at most 107 bytes (unix(7)).
    :param group: may use the socket; when there is no such group it stays
        with root alone.
    :param mode: permission bits of the socket.
    :param patience_s: how long a connection may wait for its next request.
    :param most: how many connections there may be at once; 0: as many as
        leave half of the process's descriptors free.
    """

    def __init__(
        self,
        app: web.Application,
        path: pathlib.Path,
        *,
        group: str = '',
        mode: int = 0o660,
        patience_s: float = patience.DEFAULT_S,
        most: int = 0,
    ) -> None:
        self._path = path
        self._group = group
        self._mode = mode
        self._most = most or connections.default()
        self._inode: int | None = None
        #: Where it listens, once it does.
        self.address = str(path)
        self._listener: asyncio.Server | None = None
        self._runner = web.AppRunner(
            app,
            access_log=None,
            # A handler whose client left is told so: a wait, a log or an
            # event stream would otherwise never end.
            handler_cancellation=True,
            # An archive is compressed in its own right, if at all.
            auto_decompress=False,
            read_bufsize=_READ_BYTES,
            # From the start of a connection, and after each answer, until
            # the head of the next request has come.
            keepalive_timeout=patience_s,
            max_line_size=_HEAD_BYTES,
            max_field_size=_HEAD_BYTES,
            shutdown_timeout=SHUTDOWN_S,
        )

    async def start(self) -> None:
        """Listen.

        :raises Conflict: another daemon listens there already.
        :raises InvalidRequest: the path, or what systemd gave us, cannot be
            our socket.
        """
        await self._runner.setup()
        sock = inherited()
        if sock is None:
            sock = listen(self._path, self._group, self._mode)
            self._inode = self._path.lstat().st_ino
        served = self._runner.server
        assert served is not None
        self._listener = await asyncio.get_running_loop().create_server(
            connections.Doorkeeper(served, self._most), sock=sock,
            backlog=_BACKLOG)
        self.address = str(sock.getsockname())
        LOG.info('Serving the API on %s', self.address)
        if self.address != str(self._path):
            LOG.warning('systemd gave us this socket: the option "socket", '
                        '%s, does not count', self._path)

    async def stop(self) -> None:
        """End the streams, finish what is being served, stop listening."""
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()
        if self._inode is None:
            return
        try:
            # Only our own: a successor may have put its socket there.
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()
        except FileNotFoundError:
            pass


def inherited() -> socket.socket | None:
    """Return the socket that systemd listens on for us, if it does.

    The variables that say so are gone afterwards: children would take them
    for theirs (sd_listen_fds(3)).

    :raises InvalidRequest: it is more than one, or not a unix socket.
    """
    ours = os.environ.get('LISTEN_PID') == str(os.getpid())
    passed = {name: os.environ.pop(name, '') for name in _LISTEN_VARIABLES}
    if not ours or passed['LISTEN_FDS'] in ('', '0'):
        return None
    if passed['LISTEN_FDS'] != '1':
        raise exception.InvalidRequest(
            f'systemd passes {passed["LISTEN_FDS"]} sockets, and one is '
            'served: leave one ListenStream= in novacontainerd.socket.',
            code='daemon.socket_unusable')
    sock = socket.socket(fileno=_LISTEN_FDS_START)
    if (sock.family, sock.type) != (socket.AF_UNIX, socket.SOCK_STREAM):
        sock.close()
        raise exception.InvalidRequest(
            'systemd passes a socket that others than this host could reach, '
            'and whoever can speak to it is root here: leave '
            'ListenStream= with a path in novacontainerd.socket.',
            code='daemon.socket_unusable')
    sock.setblocking(False)
    sock.set_inheritable(False)
    return sock


def listen(path: pathlib.Path, group: str, mode: int) -> socket.socket:
    """Bind a socket that nobody but its group can ever open.

    :raises Conflict: another daemon listens there.
    :raises InvalidRequest: the path is too long or is something else.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(path)
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        sock.setblocking(False)
        # Born without any permission; whoever connects before the mode is
        # set below is refused.
        before = os.umask(0o777)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
        _give(path, group)
        path.chmod(mode)
        sock.listen(_BACKLOG)
    except exception.RuntimeFault:
        sock.close()
        raise
    except OSError as error:
        sock.close()
        raise _unusable(path, error) from error
    return sock


def _clear(path: pathlib.Path) -> None:
    """Remove a socket on which nobody listens any more."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise exception.InvalidRequest(
            f'{path} is in the way: it is not a socket. Remove it or choose '
            'another path for the API.',
            code='daemon.socket_unusable',
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A full backlog must not block us; it proves a listener as well.
        probe.setblocking(False)
        outcome = probe.connect_ex(str(path))
    if outcome == errno.ECONNREFUSED:
        LOG.info('Removing the stale socket %s', path)
        path.unlink(missing_ok=True)
    elif outcome != errno.ENOENT:
        raise exception.Conflict(
            f'Another daemon listens on {path}. Stop it, or give this one a '
            'socket, data root and run root of its own.',
            code='daemon.already_running',
        )


def _give(path: pathlib.Path, group: str) -> None:
    if not group:
        return
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        LOG.warning(
            'There is no group %s, so only root can use %s. Create the '
            'group, or name another one, to let others in.',
            group,
            path,
        )
        return
    os.chown(path, -1, gid)


def _unusable(
    path: pathlib.Path, error: OSError
) -> exception.RuntimeFault:
    if error.errno == errno.EADDRINUSE:
        return exception.Conflict(
            f'Another daemon has just begun to listen on {path}.',
            code='daemon.already_running',
        )
    return exception.InvalidRequest(
        f'Cannot listen on {path}: {error.strerror or error}.',
        code='daemon.socket_unusable',
    )
