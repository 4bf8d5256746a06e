"""What the daemon does and holds, as numbers for Prometheus.

Called by: ``api.app`` (the middleware), ``api.routes.metrics``.  Calls:
prometheus_client, and the services when somebody asks.

Names follow Prometheus's rules: base units, ``_total`` for what only grows.
A registry of its own, so that two applications in one process do not mix.
"""

from collections.abc import Iterator, Mapping
import time

from aiohttp import web
import prometheus_client
from prometheus_client import core

from novacontainer.runtime.api import openapi
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api.views import usage
from novacontainer.runtime import models

PREFIX = 'novacontainerd'
CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST

#: From a look at a record to the load of a large image.
_BUCKETS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    30, 60, 300,
)  # fmt: skip
_UNKNOWN = 'unknown'
#: Operations that go on until the client, or a process, has had enough.
LASTING = frozenset(
    {
        'ContainerAttach',
        'ContainerAttachWebsocket',
        'ContainerLogs',
        'ContainerStats',
        'ContainerWait',
        'ExecStart',
        'SystemEvents',
    }
)


class Metrics:
    """The numbers of one application."""

    def __init__(self, services: api_services.Services) -> None:
        self._registry = prometheus_client.CollectorRegistry()
        self._registry.register(_Holdings(services))
        prometheus_client.ProcessCollector(
            namespace=PREFIX, registry=self._registry
        )
        self._latency = prometheus_client.Histogram(
            'request_duration_seconds',
            'Time to answer, by operation; without those that last as long '
            'as the client likes.',
            ['operation'],
            namespace=PREFIX,
            registry=self._registry,
            buckets=_BUCKETS_S,
        )
        self._errors = prometheus_client.Counter(
            'errors',
            'Answers that were errors, by operation and HTTP status.',
            ['operation', 'status'],
            namespace=PREFIX,
            registry=self._registry,
        )
        self._names: dict[web.AbstractRoute, str] = {}

    def name(self, route: web.AbstractRoute, method: str, path: str) -> None:
        """Count requests of a route under the name of its operation."""
        found = openapi.OPERATIONS.get((method, path))
        if found is not None:
            self._names[route] = found.name

    def note(self, request: web.Request, status: int, begun_s: float) -> None:
        """Count a request that was answered.

        :param begun_s: ``time.monotonic()`` of its beginning.
        """
        route = request.match_info.route
        name = self._names.get(route, _UNKNOWN)
        if status >= 400:
            self._errors.labels(name, status).inc()
        if name not in LASTING:
            self._latency.labels(name).observe(time.monotonic() - begun_s)

    def render(self) -> bytes:
        """Return all numbers, in Prometheus's text format."""
        return prometheus_client.generate_latest(self._registry)


class _Holdings:
    """What is there at the moment of the question."""

    def __init__(self, services: api_services.Services) -> None:
        self._services = services

    def describe(self) -> Iterator[core.Metric]:
        """Promise nothing: asked at registration, when nothing runs yet."""
        return iter(())

    def collect(self) -> Iterator[core.Metric]:
        """Count containers and images."""
        counts = self._services.containers.counts()
        yield _gauge(
            'containers', 'Containers, by state.', 'state',
            {str(status): counts.get(status, 0) for status in models.Status},
        )  # fmt: skip
        images = self._services.images.list(filters={})
        yield _gauge('images', 'Images.', None, {'': len(images)})
        yield _gauge(
            'image_bytes',
            'Unpacked size of the layers of all images, each once.',
            None,
            {'': usage.layers_bytes(images)},
        )


def _gauge(
    name: str, text: str, label: str | None, values: Mapping[str, float]
) -> core.Metric:
    gauge = core.GaugeMetricFamily(
        f'{PREFIX}_{name}', text, labels=[label] if label else []
    )
    for value, number in values.items():
        gauge.add_metric([value] if label else [], number)
    return gauge
