"""What the bodies about execs may hold.

Called by: ``api.routes.execs``.  Calls: ``schemas.body``.
"""

from novacontainer.runtime.api.schemas import body
from novacontainer.runtime import models

#: No NUL: the kernel's strings end there.
_TEXT: body.Schema = {'type': 'string', 'pattern': r'^[^\x00]*\Z'}
_FLAG: body.Schema = {'type': 'boolean'}
_TEXTS: body.Schema = {'type': 'array', 'items': _TEXT}
_SIZE: body.Schema = {
    'type': 'array',
    'items': {'type': 'integer', 'minimum': 0, 'maximum': 2**32 - 1},
    'minItems': 2,
    'maxItems': 2,
}

#: ``POST /containers/{id}/exec`` (API 1.44, ContainerExec).
CREATE = body.validator(
    {
        'type': 'object',
        'properties': {
            'AttachStdin': _FLAG,
            'AttachStdout': _FLAG,
            'AttachStderr': _FLAG,
            'Tty': _FLAG,
            'Privileged': _FLAG,
            'Detach': _FLAG,
            'ConsoleSize': _SIZE,
            'DetachKeys': _TEXT,
            'detachKeys': _TEXT,
            'User': _TEXT,
            'WorkingDir': _TEXT,
            'Env': _TEXTS,
            # A word alone is a command too (Docker's strslice).
            'Cmd': {**_TEXT, 'type': ['string', 'array'], 'items': _TEXT},
        },
    }
)

#: ``POST /exec/{id}/start`` (API 1.44, ExecStart).
START = body.validator(
    {
        'type': 'object',
        'properties': {
            'Detach': _FLAG,
            'Tty': _FLAG,
            'ConsoleSize': _SIZE,
        },
    }
)


def create(raw: bytes) -> models.Json:
    """Parse a create body; the command comes out as a list."""
    document = body.parse(raw, CREATE)
    # The Docker SDK's spelling, which Go does not tell from the other.
    if 'detachKeys' in document:
        document['DetachKeys'] = document.pop('detachKeys')
    if isinstance(document.get('Cmd'), str):
        document['Cmd'] = [document['Cmd']]
    return document


def start(raw: bytes) -> models.Json:
    """Parse a start body; an empty one asks for nothing special."""
    return body.parse(raw, START) if raw.strip() else {}
