"""What the requests about streams and execs take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``.
"""

from novacontainer.runtime.api.operations import operation
from novacontainer.runtime.api.schemas import execs as schema

_HIJACKED = {101: 'The connection carries the streams of the process.'}
_SIZE = {'h': operation.INTEGER, 'w': operation.INTEGER}
_STREAMS = (operation.STREAM, operation.FRAMES)

OPERATIONS: operation.Operations = {
    ('GET', '/containers/{name:.+}/logs'): operation.Operation(
        'Send the log of a container, and what follows it',
        'ContainerLogs',
        query={
            'stdout': operation.FLAG,
            'stderr': operation.FLAG,
            'follow': operation.FLAG,
            'timestamps': operation.FLAG,
            'details': operation.FLAG,
            'tail': {'type': 'string', 'pattern': '^(all|-?[0-9]{1,18})?$'},
            'since': operation.TIME,
            'until': operation.TIME,
        },
        answer=operation.TEXT,
        content=_STREAMS,
    ),
    ('POST', '/containers/{name:.+}/attach'): operation.Operation(
        'Join the streams of a container',
        'ContainerAttach',
        query={
            'stream': operation.FLAG,
            'logs': operation.FLAG,
            'stdin': operation.FLAG,
            'stdout': operation.FLAG,
            'stderr': operation.FLAG,
            'detachKeys': operation.TEXT,
        },
        answer=operation.TEXT,
        content=_STREAMS,
        also=_HIJACKED,
    ),
    ('GET', '/containers/{name:.+}/attach/ws'): operation.Operation(
        'Join the streams of a container by a web socket (RFC 6455)',
        'ContainerAttachWebsocket',
        query={
            'stream': operation.FLAG,
            'logs': operation.FLAG,
            'stdin': operation.FLAG,
            'stdout': operation.FLAG,
            'stderr': operation.FLAG,
            'detachKeys': operation.TEXT,
        },
        status=101,
    ),
    ('POST', '/containers/{name:.+}/resize'): operation.Operation(
        'Set the size of the terminal of a container',
        'ContainerResize',
        query=_SIZE,
        required=_SIZE,
    ),
    ('POST', '/containers/{name:.+}/exec'): operation.Operation(
        'Write down a further process of a container',
        'ContainerExec',
        body=schema.CREATE,
        status=201,
        answer=operation.IDENT,
    ),
    ('GET', '/exec/{id}/json'): operation.Operation(
        'Show an exec', 'ExecInspect', answer=operation.OBJECT
    ),
    ('POST', '/exec/{id}/start'): operation.Operation(
        'Run an exec, and stay with it or not',
        'ExecStart',
        body=schema.START,
        answer=operation.TEXT,
        content=_STREAMS,
        also=_HIJACKED,
    ),
    ('POST', '/exec/{id}/resize'): operation.Operation(
        'Set the size of the terminal of an exec',
        'ExecResize',
        query=_SIZE,
        required=_SIZE,
    ),
}
