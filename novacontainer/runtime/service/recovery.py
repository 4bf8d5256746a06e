"""Make records and reality agree again when the daemon starts.

Called by ``runtime.daemon``, once, before the API is served.  Calls the
other services of containers.

The daemon may have been killed between any two steps, and while it was away
containers may have ended or the host may have been restarted.  The order of
every step elsewhere (files first and record last, record first and files
last) leaves only six cases, each dealt with below:

* a record says that a process is there: it is, and is watched again; or it
  is not, and its end is recorded now;
* a record says that a process is held, but it runs: a start that was never
  answered has been made, and is recorded now;
* what runs has a block device that its record does not know: it goes;
* a record says that none is there, but a bundle is: what came before a start
  is undone;
* a record says ``removing`` or ``dead``: the removal is finished;
* a directory of a container that has no record: everything of it goes.
"""

import dataclasses
import datetime

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from novacontainer.runtime.service import directories
from novacontainer.runtime.service import endings
from novacontainer.runtime.service import exits
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import plugs
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import removal
from novacontainer.runtime.service import snapshots
from novacontainer.runtime.service import state
from novacontainer.runtime.storage import base as storage_base
from novacontainer.runtime.store import containers

LOG = logging.getLogger(__name__)

_GOING = frozenset((models.Status.REMOVING, models.Status.DEAD))


@dataclasses.dataclass(slots=True)
class Report:
    """What recovery found, counted."""

    running: int = 0
    ended: int = 0
    undone: int = 0
    removed: int = 0
    orphans: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return (f'{self.running} still run, {self.ended} ended meanwhile, '
                f'{self.undone} half-started undone, {self.removed} removals '
                f'finished, {self.orphans} orphans removed, '
                f'{self.failed} failed')


class Recovery:
    """Goes through all containers, once."""

    def __init__(
        self, *, registry: registry.Registry,
        places: directories.Directories,
        storage: storage_base.Storage,
        engine: engine_base.Engine,
        monitor: exits.ExitMonitor,
        endings: endings.Endings,
        removal: removal.Removal,
        snapshots: snapshots.Snapshots,
        plugs: plugs.Plugs,
        locks: locks.Locks,
    ) -> None:
        self._registry = registry
        self._places = places
        self._storage = storage
        self._engine = engine
        self._monitor = monitor
        self._endings = endings
        self._removal = removal
        self._snapshots = snapshots
        self._plugs = plugs
        self._locks = locks

    def run(self) -> Report:
        """Recover every container; what fails is logged and left alone."""
        report = Report()
        known = self._registry.select(containers.Criteria())
        mounted = set(self._storage.mounted())
        for container in known:
            try:
                with self._locks.hold(container.id):
                    now = self._recover(container, mounted, report)
                if now is not None:
                    self._removal.remove_automatically(now)
            except exception.RuntimeFault as fault:
                report.failed += 1
                LOG.error('Container %s (%s) could not be recovered: %s',
                          container.id, container.name, fault)
        ids = {container.id for container in known}
        for orphan in (self._places.traces() | mounted) - ids:
            self._collect(orphan, report)
        LOG.info('Recovery: %s', report)
        return report

    def _recover(self, container: models.Container, mounted: set[str],
                 report: Report) -> models.Container | None:
        """Recover one; return it when it has just been found ended."""
        if container.status in _GOING:
            self._removal.finish(container)
            report.removed += 1
        elif container.conmon_pid:
            return self._resume(container, report)
        elif (self._places.bundle(container.id).exists()
              or container.id in mounted):
            self._endings.release(container)
            report.undone += 1
        return None

    def _resume(self, container: models.Container,
                report: Report) -> models.Container | None:
        """Watch a monitor again, or record that it has ended."""
        pidfd = processes.open_pidfd(
            container.conmon_pid, container.conmon_started)
        if pidfd is not None:
            self._monitor.watch(container.id, pidfd)
            if state.is_held(container) and self._engine.started(
                    container.id):
                self._registry.save(state.started(
                    container, datetime.datetime.now(datetime.UTC)))
            self._snapshots.thaw(container)
            self._plugs.settle(container)
            report.running += 1
            return None
        rebooted = not self._places.bundle(container.id).exists()
        why = endings.HOST_RESTARTED if rebooted else endings.MONITOR_LOST
        report.ended += 1
        if state.is_live(container):
            return self._endings.conclude(container, why)
        self._endings.release(container, why)
        return None

    def _collect(self, container_id: str, report: Report) -> None:
        try:
            self._removal.sweep(container_id)
            report.orphans += 1
        except exception.RuntimeFault as fault:
            report.failed += 1
            LOG.error('Orphan %s could not be removed: %s', container_id,
                      fault)
