"""``GET /containers/{id}/logs``.

Called by: ``api.app``'s table.  Calls: the container service, the log
reader, ``views.logs``.

A follower holds no thread: between two looks at the file it sleeps in the
event loop, and it looks (one stat) before it reads.
"""

import asyncio
import concurrent.futures
import contextlib
import os
import pathlib
import re
import time

from aiohttp import web

from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api import version
from novacontainer.runtime.api.views import logs as view
from novacontainer.runtime import exception
from novacontainer.runtime import models

#: How often a follower looks, and how many records one read takes.
POLL_S = 0.1
BATCH = 512

RAW = 'application/vnd.docker.raw-stream'
MULTIPLEXED = 'application/vnd.docker.multiplexed-stream'

_RUNNING = (models.Status.RUNNING, models.Status.PAUSED)


class LogRoutes:
    """The handler of container logs."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._containers = services.containers
        self._logs = services.logs
        self._pools = pools

    async def read(self, request: web.Request) -> web.StreamResponse:
        """Send a log, and what follows it (``ContainerLogs``)."""
        streams = frozenset(
            name
            for name in ('stdout', 'stderr')
            if query.flag(request, name)
        )
        if not streams:
            raise exception.InvalidRequest(
                'Bad parameters: you must choose at least one stream '
                '(stdout=1 or stderr=1)'
            )
        name = query.clean('name', request.match_info['name'])
        tail = _tail(request)
        since_ns = query.timestamp(request, 'since')
        until_ns = query.timestamp(request, 'until')
        container = await self._pools.read(self._containers.get, name)
        path = self._containers.log_path(container)
        if path is None:
            raise exception.NotSupported(
                'configured logging driver does not support reading: the '
                'container was created with the log driver none',
                code='container.no_log',
            )
        raw = bool(container.config.get('Tty'))
        writer = view.Writer(
            streams=streams,
            timestamps=query.flag(request, 'timestamps'),
            raw=raw,
        )
        response = web.StreamResponse(
            headers={'Content-Type': _content_type(request, raw)}
        )
        async with contextlib.AsyncExitStack() as undo:
            growth = None
            if query.flag(request, 'follow') and container.status in _RUNNING:
                # Begun before the first read: what is written between that
                # read and the end is still read afterwards.
                ended = await self._pools.read(
                    self._containers.exit_future, container.id, 'not-running'
                )
                undo.callback(ended.cancel)
                growth = _Growth(path, ended, until_ns)
            reader = await self._pools.read(
                self._logs.open,
                path,
                tail=tail,
                since_ns=since_ns,
                until_ns=until_ns,
            )
            undo.callback(reader.close)
            await response.prepare(request)
            await self._copy(reader, writer, response)
            while growth is not None and await growth.wait():
                await self._copy(reader, writer, response)
            await response.write_eof()
        return response

    async def _copy(
        self,
        reader: api_services.LogReader,
        writer: view.Writer,
        response: web.StreamResponse,
    ) -> None:
        """Send what there is for now."""
        while lines := await self._pools.read(reader.read, BATCH):
            if data := writer.render(lines):
                await response.write(data)


class _Growth:
    """Tells when there may be more of a log, until its container ends.

    :param until_ns: nothing younger is wanted; 0: everything is.
    """

    def __init__(
        self,
        path: pathlib.Path,
        ended: 'concurrent.futures.Future[int]',
        until_ns: int,
    ) -> None:
        self._path = path
        self._ended = asyncio.wrap_future(ended)
        self._until_ns = until_ns
        self._seen = (0, 0)
        self._last = False

    async def wait(self) -> bool:
        """Return True to read again, False when that was the last time."""
        while not self._last:
            done, _ = await asyncio.wait({self._ended}, timeout=POLL_S)
            # conmon writes the log to its end before the exit code, so that
            # one more read after the end gets everything.
            self._last = bool(done) or 0 < self._until_ns < time.time_ns()
            seen = _stamp(self._path)
            if self._last or seen != self._seen:
                self._seen = seen
                return True
        return False


def _stamp(path: pathlib.Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_size


def _tail(request: web.Request) -> int | None:
    value = request.query.get('tail', 'all')
    # Docker takes any negative number for all.
    if value in ('', 'all') or re.fullmatch('-[0-9]{1,18}', value):
        return None
    if not re.fullmatch('[0-9]{1,18}', value):
        raise exception.InvalidRequest(
            'invalid value for tail: it must be a number of lines or "all"'
        )
    return int(value)


def _content_type(request: web.Request, raw: bool) -> str:
    """Name the format; before 1.42 both had the same name."""
    return RAW if raw or version.of(request) < (1, 42) else MULTIPLEXED
