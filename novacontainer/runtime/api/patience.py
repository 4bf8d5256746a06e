"""How long a client may be silent while the daemon waits for it.

Called by: ``api.app``, which sets it, and the routes that read a body.
Calls: aiohttp.

Who holds a connection without using it is cut off by ``api.server`` after
the same time.
"""

import asyncio

from aiohttp import web

from novacontainer.runtime import exception

#: Seconds, unless the configuration says otherwise.
DEFAULT_S = 300.0

KEY = web.AppKey('patience_s', float)


def of(request: web.Request) -> float:
    """Return the seconds that the configuration grants."""
    return request.app[KEY]


async def body(request: web.Request) -> bytes:
    """Read a small body, all of it within that time.

    :raises TimedOut: it did not come.
    """
    try:
        async with asyncio.timeout(of(request)):
            return await request.read()
    except TimeoutError as error:
        raise late() from error


def late() -> exception.TimedOut:
    """Return the fault for a client that sends nothing more."""
    return exception.TimedOut(
        'The request is not complete, and nothing more of it came for too '
        'long.', code='request.timeout')
