"""Which versions of the Docker Engine API we speak.

Called by: ``api.middleware``, ``api.routes``, ``api.views``.  Calls: nothing.
"""

from aiohttp import web

from novacontainer.runtime import exception

#: The version whose shapes we serve, and the oldest that we accept.
API_VERSION = '1.44'
MIN_API_VERSION = '1.24'

#: How a path names a version; bounded, so that int() takes it.
PATTERN = '[0-9]{1,4}[.][0-9]{1,4}'


def of(request: web.Request) -> tuple[int, int]:
    """Return the version that a request names; ours when it names none."""
    return _parse(request.match_info.get('version', API_VERSION))


def check(request: web.Request) -> None:
    """Refuse a version outside our range, in Docker's words."""
    if 'version' not in request.match_info:
        return
    wanted = of(request)
    version = request.match_info['version']
    if wanted > _parse(API_VERSION):
        raise exception.InvalidRequest(
            f'client version {version} is too new. Maximum supported API '
            f'version is {API_VERSION}',
            code='api.version_too_new',
        )
    if wanted < _parse(MIN_API_VERSION):
        raise exception.InvalidRequest(
            f'client version {version} is too old. Minimum supported API '
            f'version is {MIN_API_VERSION}, please upgrade your client to a '
            'newer version',
            code='api.version_too_old',
        )


def _parse(text: str) -> tuple[int, int]:
    major, minor = text.split('.')
    return int(major), int(minor)
