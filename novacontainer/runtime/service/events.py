"""The event hub: what happened, for those who follow and those who ask later.

Called by: every service that changes something (:meth:`EventHub.publish`),
and ``api.routes.events``.  Calls: nothing.

Events live in memory only, as Docker's do: a restart of the daemon forgets
them.  A follower that must not miss a change lists the containers when it
(re)connects.
"""

import bisect
import collections
from collections.abc import Callable, Mapping
import threading
import time

from novacontainer.runtime import models
from novacontainer.runtime import networking

Callback = Callable[[models.Event], None]

#: How many past events ``since=`` can reach.
HISTORY = 1024


class EventHub:
    """Thread-safe fan-out of events, with a bounded memory of the past."""

    def __init__(self, history: int = HISTORY) -> None:
        self._lock = threading.Lock()
        self._past: collections.deque[models.Event] = collections.deque(
            maxlen=history)
        self._callbacks: dict[object, Callback] = {}

    def publish(self, event: models.Event) -> None:
        """Remember ``event`` and hand it to every subscriber.

        Callbacks run in the calling thread, one event after another in the
        order of :meth:`history`; they must be quick and must not raise.
        """
        with self._lock:
            self._past.append(event)
            for callback in tuple(self._callbacks.values()):
                callback(event)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback`` for every event from now on.

        :return: a function that ends the subscription; idempotent.
        """
        token = object()
        with self._lock:
            self._callbacks[token] = callback

        def unsubscribe() -> None:
            with self._lock:
                self._callbacks.pop(token, None)

        return unsubscribe

    def history(self, since_ns: int, until_ns: int) -> list[models.Event]:
        """Return remembered events with ``since_ns <= time <= until_ns``."""
        with self._lock:
            past = list(self._past)
        first = bisect.bisect_left(past, since_ns, key=_time_ns)
        last = bisect.bisect_right(past, until_ns, key=_time_ns)
        return past[first:last]


def container_event(
    container: models.Container,
    action: str,
    extra: Mapping[str, str] | None = None,
) -> models.Event:
    """Describe ``action`` on ``container`` with Docker's attributes.

    These are the container's labels, ``image``, ``name`` and what the action
    adds (``exitCode``, ``signal``).
    """
    attributes = dict(container.config.get('Labels') or {})
    attributes['image'] = container.image_name
    attributes['name'] = container.name
    attributes.update(extra or {})
    return models.Event(
        type='container', action=action, actor_id=container.id,
        attributes=attributes, time_ns=time.time_ns())


def volume_event(
    name: str,
    action: str,
    attributes: Mapping[str, str],
) -> models.Event:
    """Describe ``action`` on a volume."""
    return models.Event(
        type='volume', action=action, actor_id=name,
        attributes=attributes, time_ns=time.time_ns())


def network_event(
    network: networking.Network,
    action: str,
    extra: Mapping[str, str] | None = None,
) -> models.Event:
    """Describe ``action`` on a network, with Docker's attributes."""
    return models.Event(
        type='network', action=action, actor_id=network.id,
        attributes={'name': network.name, 'type': network.driver,
                    **(extra or {})},
        time_ns=time.time_ns())


def _time_ns(event: models.Event) -> int:
    return event.time_ns
