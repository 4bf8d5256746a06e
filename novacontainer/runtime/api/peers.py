"""Who is at the other end of the socket.

Called by: ``api.middleware`` for the log, and routes that give root more
than others.  Calls: nothing.
"""

import socket
import struct

from aiohttp import web

_CREDENTIALS = struct.Struct('3i')


def describe(request: web.Request) -> str:
    """Say who it is."""
    found = _credentials(request)
    if found is None:
        return 'an unknown peer'
    pid, uid, gid = found
    return f'pid {pid} uid {uid} gid {gid}'


def is_root(request: web.Request) -> bool:
    """Say whether it was root of the host that connected."""
    found = _credentials(request)
    return found is not None and found[1] == 0


def _credentials(request: web.Request) -> tuple[int, int, int] | None:
    """Return pid, uid and gid of who connected (unix(7), SO_PEERCRED)."""
    transport = request.transport
    sock = transport.get_extra_info('socket') if transport else None
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    try:
        raw = sock.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
        )
    except OSError:
        # It has left.
        return None
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return pid, uid, gid
