"""Archives up and down: a request on one side, a worker on the other.

Called by: ``api.routes.images``, ``api.routes.files``.  Calls:
``api.streams``, ``api.pools``.
"""

import asyncio
from collections.abc import Callable, Mapping
import typing

from aiohttp import web

from novacontainer.runtime.api import patience
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import streams

T = typing.TypeVar('T')

#: How long a client may go on sending an archive that was refused already.
#: Most clients read the answer only after their last byte.
DRAIN_S = 60.0


async def receive(
    request: web.Request,
    pools: api_pools.Pools,
    take: Callable[[streams.Upload], T],
) -> T:
    """Hand the body of a request to a worker; return what that returns.

    :param take: reads the body; it fails when the client goes away.
    """
    upload = streams.Upload(
        patience_s=patience.of(request), aside=pools.aside
    )
    work = pools.bulk(take, upload)
    work.add_done_callback(lambda _: upload.abandon())
    pump = asyncio.create_task(upload.pump(request.content))
    try:
        await _both(pump, work)
        return await asyncio.shield(work)
    finally:
        pump.cancel()
        upload.fail('the client went away')


async def send(
    request: web.Request,
    pools: api_pools.Pools,
    give: Callable[[streams.Download], object],
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Answer with what a worker writes; the status waits for first bytes.

    :param give: writes the answer; it fails when the client goes away.
    """
    download = streams.Download(aside=pools.aside)
    work = pools.bulk(give, download)
    work.add_done_callback(lambda _: download.finish())
    try:
        data = await download.take()
        if not data:
            await work
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        while data:
            await streams.send(response, data, patience.of(request))
            data = await download.take()
    finally:
        download.close()
    # Where it failed half-way the answer breaks off.
    await work
    await response.write_eof()
    return response


async def _both(
    pump: 'asyncio.Future[None]', work: 'asyncio.Future[T]'
) -> None:
    """Await the upload's end, but not for long when nobody reads it."""
    both: set[asyncio.Future[typing.Any]] = {pump, work}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if not pump.done():
        await asyncio.wait({pump}, timeout=DRAIN_S)
