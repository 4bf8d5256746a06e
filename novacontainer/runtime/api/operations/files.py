"""What the requests about files of containers take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``.
"""

from novacontainer.runtime.api.operations import operation

_PATH = {'path': operation.TEXT}

OPERATIONS: operation.Operations = {
    ('HEAD', '/containers/{name:.+}/archive'): operation.Operation(
        'Tell what is at a path of a container',
        'ContainerArchiveInfo',
        query=_PATH,
        required=('path',),
    ),
    ('GET', '/containers/{name:.+}/archive'): operation.Operation(
        'Send a path of a container as a tar',
        'ContainerArchive',
        query=_PATH,
        required=('path',),
        answer=operation.TEXT,
        content=(operation.TAR,),
    ),
    ('PUT', '/containers/{name:.+}/archive'): operation.Operation(
        'Put a tar into a directory of a container',
        'PutContainerArchive',
        query={
            **_PATH,
            'noOverwriteDirNonDir': operation.FLAG,
            'copyUIDGID': operation.FLAG,
        },
        required=('path',),
        upload=operation.TAR,
    ),
    ('GET', '/containers/{name:.+}/export'): operation.Operation(
        'Send the whole root of a container as a tar',
        'ContainerExport',
        answer=operation.TEXT,
        content=(operation.TAR,),
    ),
    ('GET', '/containers/{name:.+}/changes'): operation.Operation(
        'List the files that a container changed',
        'ContainerChanges',
        answer=operation.OBJECTS,
    ),
}
