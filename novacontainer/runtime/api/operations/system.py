"""What the requests about the daemon itself take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``.
"""

from novacontainer.runtime.api import eventfilter
from novacontainer.runtime.api.operations import operation

OPERATIONS: operation.Operations = {
    ('GET', '/_ping'): operation.Operation(
        'Tell that the daemon is alive',
        'SystemPing',
        answer=operation.TEXT,
        content=('text/plain',),
    ),
    ('HEAD', '/_ping'): operation.Operation(
        'Tell that the daemon is alive', 'SystemPingHead'
    ),
    ('GET', '/version'): operation.Operation(
        'Say which daemon this is', 'SystemVersion', answer=operation.OBJECT
    ),
    ('GET', '/info'): operation.Operation(
        'Say what this host has', 'SystemInfo', answer=operation.OBJECT
    ),
    ('GET', '/events'): operation.Operation(
        'Send past events, and new ones as they come',
        'SystemEvents',
        query={'since': operation.TIME, 'until': operation.TIME},
        filters=eventfilter.FILTERS,
        answer=operation.OBJECT,
    ),
    ('GET', '/metrics'): operation.Operation(
        'Send what the daemon does and holds, for Prometheus',
        'Metrics',
        answer=operation.TEXT,
        content=('text/plain',),
    ),
    ('GET', '/openapi.json'): operation.Operation(
        'Send this document', 'OpenApi', answer=operation.OBJECT
    ),
}
