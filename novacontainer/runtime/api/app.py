"""The API as one table: which method and path goes to which handler.

Called by: ``runtime.daemon`` and the functional tests (:func:`build`).
Calls: ``api.routes``.
"""

import asyncio
from collections.abc import Awaitable, Callable
import functools
import typing

from aiohttp import web

from novacontainer.runtime.api import metrics as api_metrics
from novacontainer.runtime.api import middleware
from novacontainer.runtime.api import patience
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api.routes import attach as attach_routes
from novacontainer.runtime.api.routes import containers as container_routes
from novacontainer.runtime.api.routes import document
from novacontainer.runtime.api.routes import events as event_routes
from novacontainer.runtime.api.routes import execs as exec_routes
from novacontainer.runtime.api.routes import files as file_routes
from novacontainer.runtime.api.routes import housekeeping
from novacontainer.runtime.api.routes import images as image_routes
from novacontainer.runtime.api.routes import logs as log_routes
from novacontainer.runtime.api.routes import metrics as metrics_routes
from novacontainer.runtime.api.routes import networks as network_routes
from novacontainer.runtime.api.routes import plugs as plug_routes
from novacontainer.runtime.api.routes import stats as stats_routes
from novacontainer.runtime.api.routes import system as system_routes
from novacontainer.runtime.api.routes import unserved
from novacontainer.runtime.api.routes import volumes as volume_routes
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api import version
from novacontainer.runtime import requestid

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]

#: Largest JSON body; archives are streamed and know no limit.
BODY_MAX_BYTES = 4 * 1024 * 1024


class _Followers(set[asyncio.Task[typing.Any]]):
    """Tasks of requests that go on for as long as the client likes."""


_FOLLOWERS = web.AppKey('followers', _Followers)


def routes(
    services: api_services.Services,
    pools: api_pools.Pools,
    metrics: api_metrics.Metrics,
) -> tuple[Route, ...]:
    """Return the table.

    Names of images and containers may hold slashes, so that fixed paths
    must come before those with a name in them.
    """
    return (
        ('GET', '/metrics', metrics_routes.MetricsRoutes(metrics, pools).show),
        *_system(services, pools),
        *_housekeeping(services, pools),
        *_images(services, pools),
        *_containers(services, pools),
        *_streams(services, pools),
        *_volumes(services, pools),
        *_networks(services, pools),
        *(
            (method, path, unserved.refuse(what))
            for method, path, what in unserved.PATHS
        ),
    )


def _system(
    services: api_services.Services, pools: api_pools.Pools
) -> tuple[Route, ...]:
    system = system_routes.SystemRoutes(services, pools)
    events = event_routes.EventRoutes(services, pools)
    return (
        ('GET', '/_ping', system.ping),
        ('HEAD', '/_ping', system.ping),
        ('GET', '/version', system.version),
        ('GET', '/info', system.info),
        ('GET', '/events', _follower(events.stream)),
        ('GET', '/openapi.json', document.send),
    )


def _housekeeping(
    services: api_services.Services, pools: api_pools.Pools
) -> tuple[Route, ...]:
    disk = housekeeping.HousekeepingRoutes(services, pools)
    return (
        ('GET', '/system/df', disk.usage),
        ('POST', '/containers/prune', disk.prune_containers),
        ('POST', '/images/prune', disk.prune_images),
        ('POST', '/build/prune', disk.prune_nothing),
    )


def _images(
    services: api_services.Services, pools: api_pools.Pools
) -> tuple[Route, ...]:
    images = image_routes.ImageRoutes(services, pools)
    return (
        ('GET', '/images/json', images.list),
        ('GET', '/images/get', images.save_many),
        ('POST', '/images/load', images.load),
        ('POST', '/images/create', images.create),
        ('GET', '/images/{name:.+}/json', images.inspect),
        ('GET', '/images/{name:.+}/history', images.history),
        ('GET', '/images/{name:.+}/get', images.save),
        ('POST', '/images/{name:.+}/tag', images.tag),
        ('DELETE', '/images/{name:.+}', images.remove),
    )


def _containers(
    services: api_services.Services, pools: api_pools.Pools
) -> tuple[Route, ...]:
    containers = container_routes.ContainerRoutes(services, pools)
    files = file_routes.FileRoutes(services, pools)
    stats = stats_routes.StatsRoutes(services, pools)
    plugs = plug_routes.PlugRoutes(services, pools)
    return (
        ('HEAD', '/containers/{name:.+}/archive', files.stat),
        ('GET', '/containers/{name:.+}/archive', files.read),
        ('PUT', '/containers/{name:.+}/archive', files.write),
        ('GET', '/containers/{name:.+}/export', files.export),
        ('GET', '/containers/{name:.+}/changes', files.changes),
        ('GET', '/containers/{name:.+}/top', stats.top),
        ('GET', '/containers/{name:.+}/stats', _follower(stats.stats)),
        ('POST', '/commit', containers.commit),
        ('GET', '/containers/json', containers.list),
        ('POST', '/containers/create', containers.create),
        ('GET', '/containers/{name:.+}/json', containers.inspect),
        ('POST', '/containers/{name:.+}/init', containers.init),
        ('POST', '/containers/{name:.+}/start', containers.start),
        ('POST', '/containers/{name:.+}/stop', containers.stop),
        ('POST', '/containers/{name:.+}/restart', containers.restart),
        ('POST', '/containers/{name:.+}/kill', containers.kill),
        ('POST', '/containers/{name:.+}/pause', containers.pause),
        ('POST', '/containers/{name:.+}/unpause', containers.unpause),
        ('POST', '/containers/{name:.+}/rename', containers.rename),
        ('POST', '/containers/{name:.+}/update', containers.update),
        ('POST', '/containers/{name:.+}/wait', _follower(containers.wait)),
        ('POST', '/containers/{name:.+}/devices', plugs.plug),
        ('DELETE', '/containers/{name:.+}/devices', plugs.unplug),
        ('DELETE', '/containers/{name:.+}', containers.remove),
    )


def _volumes(
    services: api_services.Services, pools: api_pools.Pools
) -> tuple[Route, ...]:
    volumes = volume_routes.VolumeRoutes(services, pools)
    return (
        ('GET', '/volumes', volumes.list),
        ('POST', '/volumes/create', volumes.create),
        ('POST', '/volumes/prune', volumes.prune),
        ('GET', '/volumes/{name:.+}', volumes.inspect),
        ('DELETE', '/volumes/{name:.+}', volumes.remove),
    )


def _networks(
    services: api_services.Services, pools: api_pools.Pools
) -> tuple[Route, ...]:
    networks = network_routes.NetworkRoutes(services, pools)
    return (
        ('GET', '/networks', networks.list),
        ('POST', '/networks/create', networks.create),
        ('POST', '/networks/prune', networks.prune),
        ('GET', '/networks/{name:.+}', networks.inspect),
        ('POST', '/networks/{name:.+}/connect', networks.connect),
        ('POST', '/networks/{name:.+}/disconnect', networks.disconnect),
        ('DELETE', '/networks/{name:.+}', networks.remove),
    )


def _streams(
    services: api_services.Services, pools: api_pools.Pools
) -> tuple[Route, ...]:
    """Return what reads and writes the streams of processes."""
    attachments = attach_routes.AttachRoutes(services, pools)
    execs = exec_routes.ExecRoutes(services, pools)
    logs = log_routes.LogRoutes(services, pools)
    attach = _follower(attachments.attach)
    return (
        ('GET', '/containers/{name:.+}/logs', _follower(logs.read)),
        ('POST', '/containers/{name:.+}/attach', attach),
        (
            'GET',
            '/containers/{name:.+}/attach/ws',
            _follower(attachments.attach_websocket),
        ),
        ('POST', '/containers/{name:.+}/resize', attachments.resize),
        ('POST', '/containers/{name:.+}/exec', execs.create),
        ('GET', '/exec/{id}/json', execs.inspect),
        ('POST', '/exec/{id}/start', _follower(execs.start)),
        ('POST', '/exec/{id}/resize', execs.resize),
    )


def build(
    services: api_services.Services,
    pools: api_pools.Pools | None = None,
    patience_s: float = patience.DEFAULT_S,
) -> web.Application:
    """Make the application.

    :param pools: closed together with the application.
    :param patience_s: how long a client may be silent amid its request.
    """
    pools = pools or api_pools.Pools()
    app = web.Application(
        middlewares=[
            middleware.identify,
            middleware.measure,
            middleware.translate,
            middleware.check_version,
        ],
        client_max_size=BODY_MAX_BYTES,
    )
    metrics = app[middleware.METRICS] = api_metrics.Metrics(services)
    for method, path, handler in routes(services, pools, metrics):
        for prefix in ('', f'/v{{version:{version.PATTERN}}}'):
            route = app.router.add_route(method, prefix + path, handler)
            metrics.name(route, method, path)
    app[_FOLLOWERS] = _Followers()
    app[patience.KEY] = patience_s
    app.on_response_prepare.append(middleware.note_begun)
    app.on_response_prepare.append(_signer(services.info.facts().version))
    app.on_shutdown.append(_end_followers)

    async def close_pools(_app: web.Application) -> None:
        await asyncio.to_thread(pools.close)

    app.on_cleanup.append(close_pools)
    return app


def _follower(handler: Handler) -> Handler:
    """Keep track of a request that only the client or shutdown ends."""

    @functools.wraps(handler)
    async def tracked(request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        request.app[_FOLLOWERS].add(task)
        try:
            return await handler(request)
        finally:
            request.app[_FOLLOWERS].discard(task)

    return tracked


async def _end_followers(app: web.Application) -> None:
    """Let a stopping daemon not wait for those who wait for it."""
    followers = app[_FOLLOWERS]
    for task in tuple(followers):
        task.cancel()


def _signer(
    number: str,
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Put the headers on every answer that Docker's clients read."""
    headers = {
        'Server': f'Novacontainer/{number} (linux)',
        'Api-Version': version.API_VERSION,
        'Docker-Experimental': 'false',
        'OSType': 'linux',
    }

    async def sign(
        _request: web.Request, response: web.StreamResponse
    ) -> None:
        response.headers.update(headers)
        response.headers[middleware.REQUEST_ID_HEADER] = (
            requestid.CURRENT.get()
        )

    return sign
