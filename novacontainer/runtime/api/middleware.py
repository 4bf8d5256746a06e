"""What happens around every request, outermost first.

Called by: aiohttp, in the order of ``api.app``.  Calls: ``api.errors``,
``api.metrics``, ``api.version``.

1. :func:`identify` gives the request an id and logs it.
2. :func:`measure` counts the answer.
3. :func:`translate` turns every exception into Docker's error shape.
4. :func:`check_version` refuses API versions that we do not speak.
"""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import re
import time
import typing
import uuid

from aiohttp import web

from novacontainer.runtime.api import errors
from novacontainer.runtime.api import metrics
from novacontainer.runtime.api import peers
from novacontainer.runtime.api import version
from novacontainer.runtime import exception
from novacontainer.runtime import requestid

LOG = logging.getLogger(__name__)

REQUEST_ID_HEADER = 'X-Openstack-Request-Id'
_REQUEST_ID = re.compile(r'req-[0-9a-fA-F-]{36}')

#: Where a request keeps its answer, once the head of it is on its way.
_BEGUN = 'begun'

#: Where it keeps the sentence that says why it was refused.
_REASON = 'reason'

#: For the log and the numbers alone, of a client that nobody can answer; as
#: nginx says it.
_GONE = 499

#: Where the application keeps its numbers.
METRICS = web.AppKey('metrics', metrics.Metrics)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def identify(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Take over the caller's request id, or make one, and log both ends.

    Nova's id in our log is what joins the two logs for an operator.
    """
    given = request.headers.get(REQUEST_ID_HEADER, '')
    known = _REQUEST_ID.fullmatch(given)
    ident = given if known else f'req-{uuid.uuid4()}'
    requestid.CURRENT.set(ident)
    # What merely looks is logged at debug level, or the log would be polls.
    looks = request.method in ('GET', 'HEAD')
    level = logging.DEBUG if looks else logging.INFO
    if LOG.isEnabledFor(logging.DEBUG):
        LOG.debug(
            '%s %s from %s',
            request.method,
            request.rel_url,
            peers.describe(request),
        )
    began = time.monotonic()
    try:
        response = await handler(request)
    except asyncio.CancelledError:
        LOG.debug('The client went away')
        raise
    LOG.log(
        level,
        '%s %s -> %d in %.0f ms%s',
        request.method,
        request.rel_url.raw_path,
        response.status,
        (time.monotonic() - began) * 1000,
        _why(request),
    )
    return response


@web.middleware
async def measure(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Count the answer, and how long it took."""
    begun_s = time.monotonic()
    response = await handler(request)
    request.app[METRICS].note(request, response.status, begun_s)
    return response


@web.middleware
async def translate(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Answer every failure as JSON; nothing of ours reaches the client.

    This is the process's rim, so the one place that catches everything: an
    unforeseen exception is a bug of ours, is logged with its traceback, and
    the client gets the id under which to find it.
    """
    try:
        return await handler(request)
    except exception.RuntimeFault as fault:
        if isinstance(fault, exception.Internal) or has_begun(request):
            LOG.error('%s', fault.message)
        request[_REASON] = fault.message
        response = errors.from_fault(fault)
    except web.HTTPException as error:
        response = errors.from_http(error)
    except Exception as error:
        if isinstance(error, ConnectionError) and (
            has_begun(request) or _has_gone(request)
        ):
            LOG.debug('The client went away')
            if has_begun(request):
                return _break_off(request)
            return errors.answer(_GONE, 'the client went away', 'client.gone')
        LOG.exception('Unexpected failure')
        response = errors.answer(
            500,
            'The daemon failed unexpectedly; its log has the reason under '
            f'{requestid.CURRENT.get()}.',
            'internal',
        )
    return _break_off(request) if has_begun(request) else response


@web.middleware
async def check_version(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Refuse API versions that we do not speak."""
    version.check(request)
    return await handler(request)


async def note_begun(
    request: web.Request, response: web.StreamResponse
) -> None:
    """Remember that an answer has begun (signal ``on_response_prepare``)."""
    request[_BEGUN] = response


def _why(request: web.Request) -> str:
    """Return why a request was refused, for the end of its line in the log.

    Names in it may be a client's: it stays one line.
    """
    words = ''.join(
        letter if letter.isprintable() else ' '
        for letter in request.get(_REASON, '')
    ).split()
    return f': {" ".join(words)}' if words else ''


def has_begun(request: web.Request) -> bool:
    """Say whether it is too late for another status."""
    return _BEGUN in request


def _has_gone(request: web.Request) -> bool:
    """Say whether nobody is there to read an answer."""
    return request.transport is None or request.transport.is_closing()


def _break_off(request: web.Request) -> web.StreamResponse:
    """Let the client see that an answer is not complete.

    Its status is sent long ago: a body without an end is the error that is
    left.
    """
    if request.transport is not None:
        request.transport.abort()
    return typing.cast(web.StreamResponse, request[_BEGUN])
