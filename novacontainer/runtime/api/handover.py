"""Take a result from a thread without ever losing it on the way.

Called by: ``api.routes.attach``, ``api.routes.execs``.  Calls: nothing.

A client may leave while a thread opens something for it.  What the thread
then brings has to be closed all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
import typing

T = typing.TypeVar('T')


async def taken(work: Awaitable[T], release: Callable[[T], object]) -> T:
    """Await a result; ``release`` gets it when the awaiting is cancelled."""
    future = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        def late(done: 'asyncio.Future[T]') -> None:
            if not done.cancelled() and done.exception() is None:
                release(done.result())

        future.add_done_callback(late)
        raise
