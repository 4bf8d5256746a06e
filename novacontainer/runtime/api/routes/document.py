"""``GET /openapi.json``, an extension.

Called by: ``api.app``'s table.  Calls: ``api.openapi``.
"""

import functools

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import openapi


@functools.cache
def _document() -> bytes:
    return answers.line(openapi.document())


async def send(_request: web.Request) -> web.Response:
    """Describe this API (OpenAPI 3.1)."""
    return web.Response(body=_document(), headers=answers.JSON_HEADERS)
