"""Answers to what the page asks, each a JSON document.

Called by ``web.server``.  Calls the client, ``web.usage``, ``web.views`` and
``web.logtail``.  Raises what the client raises.
"""

import collections
from collections.abc import Callable
import dataclasses
import threading
import time

from novacontainer import client as api
from novacontainer.client import exceptions
from novacontainer.client import transport
from novacontainer.web import logtail
from novacontainer.web import usage
from novacontainer.web import views

#: Events that are shown, and how far they may lie back, in seconds.
EVENTS = 200
EVENTS_PAST_S = 24 * 3600

#: Limits change seldom, and only by ``update``: seconds to look again.
_LIMITS_AGE_S = 10.0

_RUNNING = frozenset({'running', 'paused'})


class Status:
    """What there is to see on one host.

    :param clock: seconds that only ever grow.
    """

    def __init__(self, client: api.Client,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._usage = usage.Usage(client, clock)
        self._limits_lock = threading.Lock()
        self._limits: dict[str, tuple[float, views.Json]] = {}

    def overview(self, *, history: bool) -> views.Json:
        """Show the host and all containers.

        :param history: with the samples that are remembered.
        """
        info = self._client.system.info()
        found = self._client.containers.documents()
        past = self._usage.look(
            one['Id'] for one in found if one.get('State') in _RUNNING)
        self._forget_limits({one['Id'] for one in found})
        shown: views.Json = {
            'host': views.host(info, self._usage.period_s),
            'containers': [
                views.summary(one, self._limits_of(one['Id']),
                              past.get(one['Id'], ()))
                for one in found],
        }
        if history:
            shown['history'] = {
                ident: [views.point(one) for one in points]
                for ident, points in past.items()}
        return shown

    def container(self, name: str) -> views.Json:
        """Show one container.

        :raises NotFound: there is none of that name or id.
        """
        return views.container(self._client.containers.document(name))

    def logs(self, name: str) -> views.Json:
        """Show the last lines that a container has written."""
        with self._client.containers.follow(
                name, follow=False, tail_lines=logtail.LINES,
                timestamps=True) as pieces:
            lines = logtail.tail(pieces)
        return {'lines': [dataclasses.asdict(line) for line in lines]}

    def images(self) -> views.Json:
        """Show all images."""
        users = collections.Counter(
            one.get('ImageID') or ''
            for one in self._client.containers.documents())
        return {'images': [views.image(one, users)
                           for one in self._client.images.documents()]}

    def events(self) -> views.Json:
        """Show what happened lately, as far as the daemon remembers it."""
        now_s = time.time()
        last: collections.deque[transport.Json] = collections.deque(
            self._client.events.documents(
                since=f'{now_s - EVENTS_PAST_S:.6f}', until=f'{now_s:.6f}'),
            maxlen=EVENTS)
        return {'events': [views.event(one) for one in reversed(last)]}

    def _limits_of(self, ident: str) -> views.Json:
        with self._limits_lock:
            looked_s, found = self._limits.get(ident, (None, {}))
        now_s = self._clock()
        if looked_s is None or now_s - looked_s > _LIMITS_AGE_S:
            try:
                found = views.limits(
                    self._client.containers.document(ident))
            except exceptions.NotFound:
                # It went away since the list was made.
                return {}
            with self._limits_lock:
                self._limits[ident] = now_s, found
        return found

    def _forget_limits(self, there: set[str]) -> None:
        with self._limits_lock:
            for gone in self._limits.keys() - there:
                del self._limits[gone]
