"""The end of all containers, when the host goes down.

Called by ``service.containers`` for ``runtime.daemon``.  Calls
``service.lifecycle``.

Without it a host that goes down would send SIGTERM to whatever is left, which
the first process of most containers does not care for, and wait in vain.
"""

from collections.abc import Callable
import concurrent.futures

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import restarts
from novacontainer.runtime.store import containers as container_records

LOG = logging.getLogger(__name__)

_LIVE = (models.Status.RUNNING, models.Status.PAUSED)
_AT_ONCE = 32


class Farewell:
    """Ends containers so that restart policies count after the next boot.

    :param end: stops a container that nobody wanted down.
    """

    def __init__(self, registry: registry.Registry,
                 restarts: restarts.Restarts,
                 end: Callable[[models.Container], None]) -> None:
        self._registry = registry
        self._restarts = restarts
        self._end = end

    def say(self) -> None:
        """End all that runs, each with its own signal and time."""
        self._restarts.close()
        running = self._registry.select(
            container_records.Criteria(statuses=_LIVE))
        LOG.info('The host goes down: %d containers are asked to end',
                 len(running))
        with concurrent.futures.ThreadPoolExecutor(
                _AT_ONCE, 'farewell') as pool:
            for _ in pool.map(self._take_leave, running):
                pass

    def _take_leave(self, container: models.Container) -> None:
        try:
            self._end(container)
        except (exception.NotModified, exception.NotFound):
            LOG.debug('Container %s has ended by itself', container.id)
        except exception.RuntimeFault as fault:
            LOG.warning('Container %s (%s) goes down with the host: %s',
                        container.id, container.name, fault.message)
