"""JSON answers, exactly as Docker's clients want to see them.

Called by: ``api.routes``, ``api.errors``.  Calls: nothing.
"""

import json
import typing

from aiohttp import web

#: To the letter: the docker CLI compares it, and a charset behind it makes
#: the CLI print error bodies raw.
JSON_HEADERS = {'Content-Type': 'application/json'}


def line(document: typing.Any) -> bytes:
    """Write a document as one line.

    ASCII only: a message may quote a name that is not valid UTF-8.
    """
    return json.dumps(document).encode() + b'\n'


def whole(document: typing.Any, status: int = 200) -> web.Response:
    """Answer with one document."""
    return web.Response(
        status=status, body=line(document), headers=JSON_HEADERS
    )


def stream(status: int = 200) -> web.StreamResponse:
    """Begin an answer of many documents; the caller prepares it."""
    return web.StreamResponse(status=status, headers=JSON_HEADERS)
