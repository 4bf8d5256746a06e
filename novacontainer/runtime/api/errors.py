"""Error kinds become HTTP answers here, once, by table.

Called by: ``api.middleware``.  Calls: ``api.answers``.

The body is Docker's ``{"message": …}`` with our stable ``code`` beside it
(Docker Engine API 1.44, ``ErrorResponse``; unknown members are ignored by
its clients).
"""

from collections.abc import Mapping
import http

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime import exception

#: The only place that knows which status a kind of failure has.
STATUS: Mapping[type[exception.RuntimeFault], http.HTTPStatus] = {
    exception.InvalidRequest: http.HTTPStatus.BAD_REQUEST,
    exception.Forbidden: http.HTTPStatus.FORBIDDEN,
    exception.NotFound: http.HTTPStatus.NOT_FOUND,
    exception.Conflict: http.HTTPStatus.CONFLICT,
    exception.TimedOut: http.HTTPStatus.REQUEST_TIMEOUT,
    exception.NotModified: http.HTTPStatus.NOT_MODIFIED,
    exception.NotSupported: http.HTTPStatus.NOT_IMPLEMENTED,
    exception.Unavailable: http.HTTPStatus.SERVICE_UNAVAILABLE,
    exception.Internal: http.HTTPStatus.INTERNAL_SERVER_ERROR,
    exception.RuntimeFault: http.HTTPStatus.INTERNAL_SERVER_ERROR,
}

#: Codes for what the HTTP layer itself refuses, by status.
HTTP_CODES: Mapping[int, str] = {
    http.HTTPStatus.BAD_REQUEST: 'invalid_request',
    http.HTTPStatus.NOT_FOUND: 'page_not_found',
    http.HTTPStatus.METHOD_NOT_ALLOWED: 'page_not_found',
    http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE: 'body_too_large',
}


def status_of(fault: exception.RuntimeFault) -> http.HTTPStatus:
    """Return the status of the nearest kind in the fault's ancestry."""
    for kind in type(fault).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return http.HTTPStatus.INTERNAL_SERVER_ERROR


def answer(status: int, message: str, code: str) -> web.Response:
    """Build one error answer; 304 carries no body (RFC 9110, 15.4.5)."""
    if status == http.HTTPStatus.NOT_MODIFIED:
        return web.Response(status=status)
    return answers.whole({'message': message, 'code': code}, status)


def from_fault(fault: exception.RuntimeFault) -> web.Response:
    """Turn a failure of a service into its answer."""
    return answer(status_of(fault), fault.message, fault.code)


def from_http(error: web.HTTPException) -> web.Response:
    """Turn aiohttp's own refusal into Docker's shape.

    Docker answers a known path with the wrong method as it answers an
    unknown path: 404, ``page not found``.
    """
    code = HTTP_CODES.get(error.status, 'invalid_request')
    if error.status == http.HTTPStatus.METHOD_NOT_ALLOWED:
        return answer(http.HTTPStatus.NOT_FOUND, 'page not found', code)
    if error.status == http.HTTPStatus.NOT_FOUND:
        return answer(error.status, 'page not found', code)
    return answer(error.status, error.text or error.reason, code)
