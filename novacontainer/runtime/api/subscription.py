"""One client's place in the stream of events, with a bounded queue.

Called by: ``api.routes.events``.  Calls: the event hub.
"""

import asyncio
import collections
from collections.abc import Iterable
import logging
import threading
import types

from novacontainer.runtime.api import services
from novacontainer.runtime import models

LOG = logging.getLogger(__name__)

#: Events that may wait for a slow client before its stream is ended.
QUEUE_MAX = 4096


class Subscription:
    """An asynchronous iterator over events from now on.

    The hub calls from any thread.  A client that falls QUEUE_MAX behind
    loses its stream rather than single events: it can tell, and can ask
    again with ``since``.
    """

    def __init__(
        self, hub: services.Events, queue_max: int = QUEUE_MAX
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._hub = hub
        self._queue_max = queue_max
        self._lock = threading.Lock()
        self._queue: collections.deque[models.Event] = collections.deque()
        self._overrun = False
        self._arrived = asyncio.Event()
        self._skipped: frozenset[int] = frozenset()
        self._past: tuple[models.Event, ...] = ()

    def __enter__(self) -> 'Subscription':
        self._unsubscribe = self._hub.subscribe(self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self._unsubscribe()

    def skip(self, past: Iterable[models.Event]) -> None:
        """Leave out events that the history brought already.

        The hub hands the same objects to its history and to us.
        """
        # Held, so that no new event can get the identity of an old one.
        self._past = tuple(past)
        self._skipped = frozenset(map(id, self._past))

    def _receive(self, event: models.Event) -> None:
        """Take an event, in the thread that published it."""
        with self._lock:
            if len(self._queue) >= self._queue_max:
                self._overrun = True
            else:
                self._queue.append(event)
            first = len(self._queue) == 1 or self._overrun
        if first:
            self._loop.call_soon_threadsafe(self._arrived.set)

    def __aiter__(self) -> 'Subscription':
        return self

    async def __anext__(self) -> models.Event:
        while True:
            with self._lock:
                event = self._queue.popleft() if self._queue else None
                if event is None:
                    self._arrived.clear()
                    overrun = self._overrun
            if event is None:
                if overrun:
                    LOG.warning(
                        'A client read events too slowly; ended its stream'
                    )
                    raise StopAsyncIteration
                await self._arrived.wait()
            elif id(event) not in self._skipped:
                return event
