"""What the requests about volumes take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``,
``routes.volumes`` for its filters.
"""

from novacontainer.runtime.api.operations import operation
from novacontainer.runtime.api.routes import volumes as routes
from novacontainer.runtime.api.schemas import volumes as schema

_VOLUME: operation.Schema = {
    'type': 'object',
    'required': ['Name', 'Driver', 'Mountpoint', 'Scope'],
    'properties': {
        'Name': operation.TEXT,
        'Driver': operation.TEXT,
        'Mountpoint': operation.TEXT,
        'CreatedAt': operation.TEXT,
        'Scope': operation.TEXT,
        'Labels': {'type': ['object', 'null']},
        'Options': {'type': ['object', 'null']},
    },
}

OPERATIONS: operation.Operations = {
    ('GET', '/volumes'): operation.Operation(
        'List volumes',
        'VolumeList',
        filters=routes.FILTERS,
        answer={
            'type': 'object',
            'required': ['Volumes'],
            'properties': {'Volumes': {'type': 'array', 'items': _VOLUME}},
        },
    ),
    ('POST', '/volumes/create'): operation.Operation(
        'Make a volume, or show the one of that name',
        'VolumeCreate',
        body=schema.CREATE,
        status=201,
        answer=_VOLUME,
    ),
    ('POST', '/volumes/prune'): operation.Operation(
        'Remove volumes that no container has',
        'VolumePrune',
        filters=routes.PRUNE_FILTERS,
        answer=operation.OBJECT,
    ),
    ('GET', '/volumes/{name:.+}'): operation.Operation(
        'Show a volume', 'VolumeInspect', answer=_VOLUME
    ),
    ('DELETE', '/volumes/{name:.+}'): operation.Operation(
        'Remove a volume',
        'VolumeDelete',
        query={'force': operation.FLAG},
        status=204,
    ),
}
