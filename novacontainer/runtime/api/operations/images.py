"""What the requests about images take and give.

Called by: ``api.openapi``.  Calls: ``operations.operation``,
``routes.images`` for its filters.
"""

from novacontainer.runtime.api.operations import operation
from novacontainer.runtime.api.routes import images as routes
from novacontainer.runtime.api.schemas import containers as schema

OPERATIONS: operation.Operations = {
    ('GET', '/images/json'): operation.Operation(
        'List images',
        'ImageList',
        query={
            'filter': operation.TEXT,
            'all': operation.FLAG,
            'digests': operation.FLAG,
            'shared-size': operation.FLAG,
        },
        filters=routes.FILTERS,
        answer=operation.OBJECTS,
    ),
    ('GET', '/images/get'): operation.Operation(
        'Save several images into one archive',
        'ImageGetAll',
        query={'names': operation.TEXTS},
        required=('names',),
        answer=operation.TEXT,
        content=(operation.TAR,),
    ),
    ('POST', '/images/load'): operation.Operation(
        'Load the images of an archive',
        'ImageLoad',
        query={
            'reference': operation.TEXT,
            'quiet': operation.FLAG,
            'file': operation.TEXT,
            'checksum': operation.TEXT,
        },
        upload=operation.TAR,
        answer=operation.OBJECT,
    ),
    ('POST', '/images/create'): operation.Operation(
        'Import a root filesystem; pulling what is not here is refused',
        'ImageCreate',
        query={
            'fromImage': operation.TEXT,
            'fromSrc': operation.TEXT,
            'platform': operation.TEXT,
            'repo': operation.TEXT,
            'tag': operation.TEXT,
            'message': operation.TEXT,
            'changes': operation.TEXTS,
        },
        upload=operation.TAR,
        answer=operation.OBJECT,
    ),
    ('GET', '/images/{name:.+}/json'): operation.Operation(
        'Show an image', 'ImageInspect', answer=operation.OBJECT
    ),
    ('GET', '/images/{name:.+}/history'): operation.Operation(
        'Show how an image was built',
        'ImageHistory',
        answer=operation.OBJECTS,
    ),
    ('GET', '/images/{name:.+}/get'): operation.Operation(
        'Save an image into an archive',
        'ImageGet',
        answer=operation.TEXT,
        content=(operation.TAR,),
    ),
    ('POST', '/images/{name:.+}/tag'): operation.Operation(
        'Give an image one more name',
        'ImageTag',
        query={'repo': operation.TEXT, 'tag': operation.TEXT},
        required=('repo',),
        status=201,
    ),
    ('DELETE', '/images/{name:.+}'): operation.Operation(
        'Remove a name and, with its last name, the image',
        'ImageDelete',
        query={'force': operation.FLAG, 'noprune': operation.FLAG},
        answer=operation.OBJECTS,
    ),
    ('POST', '/commit'): operation.Operation(
        'Make an image of a container',
        'ImageCommit',
        query={
            'container': operation.TEXT,
            'repo': operation.TEXT,
            'tag': operation.TEXT,
            'comment': operation.TEXT,
            'author': operation.TEXT,
            'pause': operation.FLAG,
            'changes': operation.TEXTS,
        },
        required=('container',),
        body=schema.COMMIT,
        status=201,
        answer=operation.IDENT,
    ),
}
