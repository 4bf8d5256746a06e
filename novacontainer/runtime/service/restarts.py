"""Restart policies: start again what has ended, later each time.

Called by ``service.containers`` (ends, daemon start) and
``service.lifecycle`` (a person's stop).  Calls the function that starts a
container, and the registry.

Docker Engine API 1.44, ``HostConfig.RestartPolicy``.  The delay begins at
100 ms, doubles up to a minute, and begins anew when a container has run for
ten seconds.  What waits lives in this process only: another daemon finds in
the records what is to run.
"""

from collections.abc import Callable
import datetime
import threading

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import registry

LOG = logging.getLogger(__name__)

DELAY_MIN_S = 0.1
DELAY_MAX_S = 60.0
#: A container that ran for so long has come up well.
_SOUND = datetime.timedelta(seconds=10)


class Restarts:
    """Knows which containers are to be started again, and when.

    :param start: starts a container; raises as the lifecycle does.
    """

    def __init__(self, registry: registry.Registry,
                 start: Callable[[models.Container], None]) -> None:
        self._registry = registry
        self._start = start
        self._lock = threading.Lock()
        self._closed = False
        self._timers: dict[str, threading.Timer] = {}
        self._delays_s: dict[str, float] = {}

    def open(self, found: 'list[models.Container]') -> None:
        """Start what an earlier daemon, or the host, left ended.

        Even what a person stopped, where the policy is ``always``.
        """
        for container in found:
            policy = container.host_config.get('RestartPolicy') or {}
            if (container.status is models.Status.EXITED
                    and (is_due(container)
                         or policy.get('Name') == 'always')):
                self._wait(container.id, 0)

    def ended(self, container: models.Container) -> None:
        """Take note of an end: start it again after a while, if due."""
        if not is_due(container):
            self.forget(container.id)
            return
        ran = ((container.finished - container.started)
               if container.finished and container.started
               else datetime.timedelta())
        with self._lock:
            before_s = self._delays_s.get(container.id, 0)
            delay_s = (DELAY_MIN_S if ran >= _SOUND or not before_s
                       else min(2 * before_s, DELAY_MAX_S))
            self._delays_s[container.id] = delay_s
        LOG.info('Container %s (%s) is started again in %.1f s',
                 container.id, container.name, delay_s)
        self._wait(container.id, delay_s)

    def forget(self, container_id: str) -> bool:
        """Start it no more; say whether it was to be started."""
        with self._lock:
            self._delays_s.pop(container_id, None)
            timer = self._timers.pop(container_id, None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    def is_pending(self, container_id: str) -> bool:
        """Say whether a container waits to be started again."""
        with self._lock:
            return container_id in self._timers

    def close(self) -> None:
        """Start nothing more."""
        with self._lock:
            self._closed = True
            timers = list(self._timers.values())
            self._timers.clear()
        for timer in timers:
            timer.cancel()

    def _wait(self, container_id: str, delay_s: float) -> None:
        timer = threading.Timer(delay_s, self._again, (container_id,))
        timer.daemon = True
        with self._lock:
            if self._closed:
                return
            self._timers[container_id] = timer
            timer.start()

    def _again(self, container_id: str) -> None:
        with self._lock:
            if self._timers.get(container_id) is not (
                    threading.current_thread()):
                return
        try:
            container = self._registry.find(container_id)
            if container is not None:
                self._start(container)
        except exception.RuntimeFault as fault:
            LOG.error('Container %s could not be started again: %s',
                      container_id, fault)
        finally:
            with self._lock:
                if self._timers.get(container_id) is (
                        threading.current_thread()):
                    del self._timers[container_id]


def has_policy(container: models.Container) -> bool:
    """Say whether anything but a person may start a container."""
    policy = container.host_config.get('RestartPolicy') or {}
    return (policy.get('Name') or 'no') != 'no'


def is_due(container: models.Container) -> bool:
    """Say whether a container that has ended is to be started again."""
    policy = container.host_config.get('RestartPolicy') or {}
    if container.stopped_by_hand or container.started is None:
        return False
    match policy.get('Name'):
        case 'always' | 'unless-stopped':
            return True
        case 'on-failure':
            most = policy.get('MaximumRetryCount') or 0
            return container.exit_code != 0 and (
                not most or container.restart_count < most)
    return False
