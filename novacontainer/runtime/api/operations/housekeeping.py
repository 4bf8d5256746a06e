"""What the requests about the disk take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``,
``routes.housekeeping`` for its filters and types.
"""

from novacontainer.runtime.api.operations import operation
from novacontainer.runtime.api.routes import housekeeping as routes

_NOTHING = 'Remove nothing: there are none'

OPERATIONS: operation.Operations = {
    ('GET', '/system/df'): operation.Operation(
        'Show what takes the disk',
        'SystemDataUsage',
        query={
            'type': {
                'type': 'array',
                'items': {'type': 'string', 'enum': list(routes.TYPES)},
            }
        },
        answer=operation.OBJECT,
    ),
    ('POST', '/containers/prune'): operation.Operation(
        'Remove the containers that do not run',
        'ContainerPrune',
        filters=routes.CONTAINER_FILTERS,
        answer=operation.OBJECT,
    ),
    ('POST', '/images/prune'): operation.Operation(
        'Remove images that no container uses',
        'ImagePrune',
        filters=routes.IMAGE_FILTERS,
        answer=operation.OBJECT,
    ),
    ('POST', '/build/prune'): operation.Operation(
        _NOTHING, 'BuildPrune', answer=operation.OBJECT
    ),
}
