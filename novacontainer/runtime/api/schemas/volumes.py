"""What the body of a new volume may hold.

Called by: ``api.routes.volumes``.  Calls: ``schemas.body``.
"""

from novacontainer.runtime.api.schemas import body
from novacontainer.runtime import models

_TEXT: body.Schema = {'type': 'string', 'pattern': r'^[^\x00]*\Z'}
_MAP: body.Schema = {
    'type': 'object',
    'propertyNames': _TEXT,
    'additionalProperties': _TEXT,
}

#: ``POST /volumes/create`` (API 1.44, VolumeCreate).
CREATE = body.validator(
    {
        'type': 'object',
        'properties': {
            'Name': _TEXT,
            'Driver': _TEXT,
            'DriverOpts': _MAP,
            'Labels': _MAP,
            'ClusterVolumeSpec': {'type': 'object'},
        },
    }
)


def create(raw: bytes) -> models.Json:
    """Parse a create body."""
    return body.parse(raw, CREATE)
