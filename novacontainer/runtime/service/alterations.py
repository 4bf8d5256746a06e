"""What may change of a container after its creation: its name, its limits.

Called by ``service.containers``.  Calls ``service.resources``, ``engine``,
``storage``, ``oci.spec``, the registry and events.

Docker Engine API 1.44, ContainerRename and ContainerUpdate.
"""

import contextlib
import dataclasses

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.oci import spec as oci_spec
from novacontainer.runtime.service import endpoints
from novacontainer.runtime.service import events
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import names
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import resources
from novacontainer.runtime.service import state
from novacontainer.runtime.storage import base as storage_base

LOG = logging.getLogger(__name__)

#: Limits that can change while a container runs.
_LIMITS = frozenset((
    'CpuPeriod', 'CpuQuota', 'CpuShares', 'CpusetCpus', 'CpusetMems',
    'Memory', 'MemoryReservation', 'MemorySwap', 'NanoCpus', 'PidsLimit'))
#: The most processes that the kernel has (PID_MAX_LIMIT): no limit.  crun
#: 1.8 cannot write "max".
_ANY_PIDS = 4 << 20


class Alterations:
    """Changes containers' records, and what runs of them accordingly."""

    def __init__(self, *, policy: hostconfig.Policy,
                 registry: registry.Registry, engine: engine_base.Engine,
                 storage: storage_base.Storage,
                 hub: events.EventHub, locks: locks.Locks,
                 endpoints: endpoints.Endpoints) -> None:
        self._policy = policy
        self._registry = registry
        self._engine = engine
        self._storage = storage
        self._hub = hub
        self._locks = locks
        self._endpoints = endpoints

    def rename(self, name: str, new_name: str) -> None:
        """Give a container another name.

        :raises Conflict: another one has it, or this one is being removed.
        :raises InvalidRequest: it is no name, or the one that it has.
        """
        bare = names.check(new_name)
        container = self._registry.get(name)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_present(now, 'change')
            if bare == now.name:
                raise exception.InvalidRequest(
                    'Renaming a container with the same name as its current '
                    'name', 'container.invalid_name')
            renamed = dataclasses.replace(now, name=bare)
            self._registry.alter(renamed)
            self._endpoints.renamed(now.id)
            LOG.info('Container %s (%s) is now called %s', now.id, now.name,
                     bare)
            self._hub.publish(events.container_event(
                renamed, 'rename', {'oldName': f'/{now.name}'}))

    def update(self, name: str, wanted: models.Json) -> None:
        """Change limits, of what runs at once; all of them or none.

        :param wanted: body of ``POST /containers/…/update``, types checked;
            0 and '' leave a limit as it is.
        :raises InvalidRequest: a value makes no sense; names the field.
        :raises NotSupported: it cannot be changed; names the field.
        :raises Conflict: the kernel refuses it, the container is going, or
            what it wrote does not fit its new root disk.
        """
        given = _asked(wanted)
        container = self._registry.get(name)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_present(now, 'change')
            _check_conflicts(now.host_config, given)
            altered = dataclasses.replace(
                now, host_config={**now.host_config, **given})
            resources.check(altered.host_config, self._policy.cpus,
                            self._policy.mems)
            self._resize_disk(now, altered)
            if now.pid:
                self._apply(now, _document(altered.host_config, given))
            self._registry.alter(altered)
            LOG.info('Container %s (%s) has other limits: %s', now.id,
                     now.name, ', '.join(sorted(given)))
            self._hub.publish(events.container_event(altered, 'update'))

    def _resize_disk(self, now: models.Container,
                     altered: models.Container) -> None:
        """Give the root disk its new size, if it has one."""
        wanted = resources.disk_bytes(altered.host_config)
        if wanted == resources.disk_bytes(now.host_config):
            return
        if now.pid:
            raise exception.Conflict(
                f'Container {now.id} is running; stop it first: the size of '
                'a root disk changes only while nothing uses it',
                'container.running')
        self._storage.resize(now.id, wanted)

    def _apply(self, now: models.Container, document: models.Json) -> None:
        """Change the limits of what runs, or none of them."""
        try:
            self._engine.update(now.id, document)
        except exception.Conflict:
            # It has just ended: its next start has the new limits.
            return
        except exception.Internal as fault:
            before = _document(now.host_config, now.host_config)
            with contextlib.suppress(exception.RuntimeFault):
                self._engine.update(now.id, before)
            raise exception.Conflict(
                f'Cannot update container {now.id}: the kernel refuses these '
                'limits; a memory limit must be above what is in use '
                f'({fault.message})', 'container.limit_refused') from fault


def _asked(wanted: models.Json) -> models.Json:
    """Return the limits that a body sets; 0 and '' leave one as it is."""
    given = {}
    for field, value in wanted.items():
        if field == 'PidsLimit':
            given[field] = value
        elif field == 'RestartPolicy':
            hostconfig.check_restart({field: value})
            if value.get('Name'):
                given[field] = value
        elif value and field in _LIMITS:
            given[field] = value
        elif field == 'StorageOpt':
            # An extension: Docker's root disks keep their size.
            if resources.disk_bytes({field: value}):
                given[field] = value
        elif value and value != -1:
            raise exception.NotSupported(
                f'{field} cannot be changed after the creation of a '
                'container; make another one',
                'container.field_not_supported')
    return given


def _check_conflicts(before: models.Json, given: models.Json) -> None:
    """Refuse what contradicts a limit that was set before."""
    for field, what in (('CpuQuota', 'CPU Quota'),
                        ('CpuPeriod', 'CPU Period')):
        if given.get(field) and before.get('NanoCpus'):
            raise _invalid(f'Conflicting options: {what} cannot be updated '
                           'as NanoCPUs has already been set')
        if given.get('NanoCpus') and before.get(field):
            raise _invalid('Conflicting options: Nano CPUs cannot be updated '
                           f'as {what} has already been set')
    swap = given.get('MemorySwap') or before.get('MemorySwap') or 0
    if 0 < swap < given.get('Memory', 0):
        raise _invalid('Memory limit should be smaller than already set '
                       'memoryswap limit, update the memoryswap at the same '
                       'time')


def _document(host_config: models.Json, given: models.Json) -> models.Json:
    """Return ``linux.resources`` that puts the given limits into force."""
    document = oci_spec.limits(resources.limits(host_config))
    if given.get('MemorySwap') == -1:
        document.setdefault('memory', {})['swap'] = -1
    if 'PidsLimit' in given and 'pids' not in document:
        document['pids'] = {'limit': _ANY_PIDS}
    return document


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_limit')
