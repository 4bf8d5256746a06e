"""What the requests about containers take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``,
``routes.containers`` for its filters and conditions.
"""

from novacontainer.runtime.api.operations import operation
from novacontainer.runtime.api.routes import containers as routes
from novacontainer.runtime.api.schemas import containers as schema

_ALREADY = {304: 'It is so already.'}
_STOPPING = {'t': operation.INTEGER, 'signal': operation.TEXT}

_LOOKING: operation.Operations = {
    ('GET', '/containers/json'): operation.Operation(
        'List containers',
        'ContainerList',
        query={
            'all': operation.FLAG,
            'limit': operation.INTEGER,
            'size': operation.FLAG,
        },
        filters=routes.FILTERS,
        answer=operation.OBJECTS,
    ),
    ('GET', '/containers/{name:.+}/json'): operation.Operation(
        'Show a container',
        'ContainerInspect',
        query={'size': operation.FLAG},
        answer=operation.OBJECT,
    ),
    ('GET', '/containers/{name:.+}/top'): operation.Operation(
        'List the processes of a container',
        'ContainerTop',
        query={'ps_args': operation.TEXT},
        answer=operation.OBJECT,
    ),
    ('GET', '/containers/{name:.+}/stats'): operation.Operation(
        'Show what a container uses, once or every second',
        'ContainerStats',
        query={'stream': operation.FLAG, 'one-shot': operation.FLAG},
        answer=operation.OBJECT,
    ),
    ('POST', '/containers/{name:.+}/wait'): operation.Operation(
        'Wait for a container to end',
        'ContainerWait',
        query={
            'condition': {'type': 'string', 'enum': list(routes.CONDITIONS)}
        },
        answer={
            'type': 'object',
            'required': ['StatusCode'],
            'properties': {
                'StatusCode': operation.INTEGER,
                'Error': operation.OBJECT,
            },
        },
    ),
}

_CHANGING: operation.Operations = {
    ('POST', '/containers/create'): operation.Operation(
        'Create a container',
        'ContainerCreate',
        query={'name': operation.TEXT, 'platform': operation.TEXT},
        body=schema.CREATE,
        status=201,
        answer={
            'type': 'object',
            'required': ['Id', 'Warnings'],
            'properties': {
                'Id': operation.TEXT,
                'Warnings': operation.TEXTS,
            },
        },
    ),
    ('POST', '/containers/{name:.+}/rename'): operation.Operation(
        'Give a container another name',
        'ContainerRename',
        query={'name': operation.TEXT},
        required=('name',),
        status=204,
    ),
    ('POST', '/containers/{name:.+}/update'): operation.Operation(
        'Change limits of a container',
        'ContainerUpdate',
        body=schema.UPDATE,
        answer={
            'type': 'object',
            'properties': {'Warnings': operation.TEXTS},
        },
    ),
    ('POST', '/containers/{name:.+}/devices'): operation.Operation(
        'Plug a block device of the host into a container',
        'ContainerDevicePlug',
        body=schema.DEVICE,
        status=204,
    ),
    ('DELETE', '/containers/{name:.+}/devices'): operation.Operation(
        'Unplug a block device from a container',
        'ContainerDeviceUnplug',
        query={'path': operation.TEXT, 'force': operation.FLAG},
        required=('path',),
        status=204,
    ),
    ('DELETE', '/containers/{name:.+}'): operation.Operation(
        'Remove a container',
        'ContainerDelete',
        query={
            'force': operation.FLAG,
            'v': operation.FLAG,
            'link': operation.FLAG,
        },
        status=204,
    ),
}

_RUNNING: operation.Operations = {
    ('POST', '/containers/{name:.+}/init'): operation.Operation(
        'Make namespaces, cgroup and root, and hold the process',
        'ContainerInit',
        status=204,
        also=_ALREADY,
    ),
    ('POST', '/containers/{name:.+}/start'): operation.Operation(
        'Start a container',
        'ContainerStart',
        query={'checkpoint': operation.TEXT, 'detachKeys': operation.TEXT},
        status=204,
        also=_ALREADY,
    ),
    ('POST', '/containers/{name:.+}/stop'): operation.Operation(
        'Ask, then force, a container to end',
        'ContainerStop',
        query=_STOPPING,
        status=204,
        also=_ALREADY,
    ),
    ('POST', '/containers/{name:.+}/restart'): operation.Operation(
        'Stop and start a container',
        'ContainerRestart',
        query=_STOPPING,
        status=204,
    ),
    ('POST', '/containers/{name:.+}/kill'): operation.Operation(
        'Send a signal to a container',
        'ContainerKill',
        query={'signal': operation.TEXT},
        status=204,
    ),
    ('POST', '/containers/{name:.+}/pause'): operation.Operation(
        'Freeze the processes of a container',
        'ContainerPause',
        query={'reclaim': operation.FLAG},
        status=204,
    ),
    ('POST', '/containers/{name:.+}/unpause'): operation.Operation(
        'Thaw the processes of a container', 'ContainerUnpause', status=204
    ),
}

OPERATIONS: operation.Operations = {**_LOOKING, **_CHANGING, **_RUNNING}
