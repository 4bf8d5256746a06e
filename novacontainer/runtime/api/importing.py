"""Answers for an image that is read from a file of this host.

Called by: ``api.routes.images``.  Calls: ``api.streams``.

Nothing of the image passes the connection, and hashing and unpacking many
gigabytes takes minutes: so that the client knows that something goes on, it
is told how much was read.  The status is 200 then, and an error comes in a
line, as Docker tells of a pull.
"""

import asyncio
from collections.abc import Iterator, Sequence

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import errors
from novacontainer.runtime.api import patience
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api import streams
from novacontainer.runtime import exception
from novacontainer.runtime import models

#: Between two lines, and before the first.
TELL_S = 5.0


async def follow(
    request: web.Request,
    archive: api_services.Archive,
    work: 'asyncio.Future[None]',
    reports: Sequence[str],
) -> web.StreamResponse:
    """Answer with what becomes of an import.

    :param work: reads the archive; it fails when the client goes away.
    :param reports: sentences, complete when the work is done.
    :raises RuntimeFault: it failed before anything was told.
    """
    response = answers.stream()
    try:
        while not (await asyncio.wait({work}, timeout=TELL_S))[0]:
            if not response.prepared:
                await response.prepare(request)
            await _tell(request, response, _progress(archive))
        if not response.prepared:
            await work
            await response.prepare(request)
        for line in _outcome(work, reports):
            await _tell(request, response, line)
    finally:
        archive.abandon()
    await response.write_eof()
    return response


async def _tell(
    request: web.Request, response: web.StreamResponse, line: models.Json
) -> None:
    await streams.send(
        response, answers.line(line), patience.of(request)
    )


def _progress(archive: api_services.Archive) -> models.Json:
    return {
        'status': 'Importing',
        'progressDetail': {
            'current': archive.read_bytes,
            'total': archive.size_bytes,
        },
    }


def _outcome(
    work: 'asyncio.Future[None]', reports: Sequence[str]
) -> Iterator[models.Json]:
    error = work.exception()
    if error is None:
        for sentence in reports:
            yield {'stream': sentence + '\n'}
        return
    if not isinstance(error, exception.RuntimeFault):
        raise error
    yield {
        'errorDetail': {
            'code': int(errors.status_of(error)),
            'message': error.message,
        },
        'error': error.message,
        'code': error.code,
    }
