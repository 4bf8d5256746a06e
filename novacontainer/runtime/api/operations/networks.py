"""What the requests about networks take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``,
``routes.networks`` for its filters.
"""

from novacontainer.runtime.api.operations import operation
from novacontainer.runtime.api.routes import networks as routes
from novacontainer.runtime.api.schemas import networks as schema

_NETWORK: operation.Schema = {
    'type': 'object',
    'required': ['Name', 'Id', 'Scope', 'Driver', 'IPAM', 'Containers'],
    'properties': {
        'Name': operation.TEXT,
        'Id': operation.TEXT,
        'Created': operation.TEXT,
        'Scope': operation.TEXT,
        'Driver': operation.TEXT,
        'EnableIPv6': operation.FLAG,
        'Internal': operation.FLAG,
        'IPAM': operation.OBJECT,
        'Containers': operation.OBJECT,
        'Options': operation.OBJECT,
        'Labels': operation.OBJECT,
    },
}

OPERATIONS: operation.Operations = {
    ('GET', '/networks'): operation.Operation(
        'List networks',
        'NetworkList',
        filters=routes.FILTERS,
        answer={'type': 'array', 'items': _NETWORK},
    ),
    ('POST', '/networks/create'): operation.Operation(
        'Make a network',
        'NetworkCreate',
        body=schema.CREATE,
        status=201,
        answer=operation.IDENT,
    ),
    ('POST', '/networks/prune'): operation.Operation(
        'Remove networks that no container is connected to',
        'NetworkPrune',
        filters=routes.PRUNE_FILTERS,
        answer=operation.OBJECT,
    ),
    ('GET', '/networks/{name:.+}'): operation.Operation(
        'Show a network, with the running containers on it',
        'NetworkInspect',
        query={
            'verbose': operation.FLAG,
            'scope': {'type': 'string', 'enum': list(routes.SCOPES)},
        },
        answer=_NETWORK,
    ),
    ('POST', '/networks/{name:.+}/connect'): operation.Operation(
        'Connect a container to a network, at once if it runs',
        'NetworkConnect',
        body=schema.CONNECT,
    ),
    ('POST', '/networks/{name:.+}/disconnect'): operation.Operation(
        'Take a container off a network, at once if it runs',
        'NetworkDisconnect',
        body=schema.DISCONNECT,
    ),
    ('DELETE', '/networks/{name:.+}'): operation.Operation(
        'Remove a network that no running container is on',
        'NetworkDelete',
        status=204,
    ),
}
