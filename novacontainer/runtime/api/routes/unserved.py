"""What the Docker Engine API has and novacontainerd has not.

Called by: ``api.app``'s table.  Calls: nothing.

A known path gets 501 and the reason; a client can tell it from a mistyped
path, which gets 404.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from novacontainer.runtime import exception

_VOLUMES = 'Changing volumes of Swarm: make another one'
_SWARM = 'Swarm: Nova schedules containers over many hosts'
#: What Docker answers, too: clients leave to be sure that they are in none.
_NO_SWARM = 'This node is not part of a swarm'
_SECRETS = (
    'Secrets and configs of Swarm: mount a file, or give an instance user '
    'data'
)
_PLUGINS = 'Plugins: choose among the built-in drivers in the configuration'
_CHECKPOINTS = 'Checkpointing: pause the container, or commit an image of it'
_REGISTRY = (
    'Talking to registries: use "docker load" and "docker save" with a tool '
    'such as skopeo, or Glance through Nova'
)
_BUILD = 'Building images: build elsewhere and use "docker load"'

#: Method (* for any), path below /v1.NN, what it would have been for.
PATHS: tuple[tuple[str, str, str], ...] = (
    ('*', '/auth', _REGISTRY),
    ('*', '/build', _BUILD),
    ('*', '/build/{rest:.+}', _BUILD),
    ('*', '/session', _BUILD),
    ('*', '/grpc', _BUILD),
    ('*', '/distribution/{name:.+}/json', _REGISTRY),
    ('GET', '/images/search', _REGISTRY),
    ('POST', '/images/{name:.+}/push', _REGISTRY),
    ('POST', '/containers/{name:.+}/checkpoints', _CHECKPOINTS),
    ('GET', '/containers/{name:.+}/checkpoints', _CHECKPOINTS),
    ('PUT', '/volumes/{name:.+}', _VOLUMES),
    ('*', '/plugins', _PLUGINS),
    ('*', '/plugins/{rest:.+}', _PLUGINS),
    ('*', '/swarm', _SWARM),
    ('POST', '/swarm/leave', _NO_SWARM),
    ('*', '/swarm/{rest:.+}', _SWARM),
    ('*', '/nodes', _SWARM),
    ('*', '/nodes/{rest:.+}', _SWARM),
    ('*', '/services', _SWARM),
    ('*', '/services/{rest:.+}', _SWARM),
    ('*', '/tasks', _SWARM),
    ('*', '/tasks/{rest:.+}', _SWARM),
    ('*', '/secrets', _SECRETS),
    ('*', '/secrets/{rest:.+}', _SECRETS),
    ('*', '/configs', _SECRETS),
    ('*', '/configs/{rest:.+}', _SECRETS),
)


def sentence(what: str) -> str:
    """Say what is not there, and what to use instead."""
    # "docker inspect" goes on to the next kind of object when it finds the
    # words "not supported".
    subject, colon, instead = what.partition(': ')
    return f'{subject}: not supported by novacontainerd{colon}{instead}.'


def refuse(
    what: str,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Make a handler that says what is not there."""
    message = sentence(what)

    async def handler(_request: web.Request) -> web.StreamResponse:
        if what == _NO_SWARM:
            raise exception.Unavailable(what, code='swarm.none')
        raise exception.NotSupported(message, code='api.not_supported')

    return handler
