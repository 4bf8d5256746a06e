"""Block devices that come and go while a container is there: an extension.

Called by the API, by ``service.recovery`` (:meth:`Plugs.settle`) and by
``service.preparation`` (:func:`furnish`).  Calls ``service.isolation``,
``engine.devicerules``, ``engine.cgroups``, ``host.devicemounts``,
``host.deviceusers``, the registry and events.

A device that was plugged in is a member of ``HostConfig.Devices`` with
``Plugged`` true, so that the next start has it, too.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import os
import posixpath
import re

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import devicerules
from novacontainer.runtime import exception
from novacontainer.runtime.host import devicemounts
from novacontainer.runtime.host import devices
from novacontainer.runtime.host import deviceusers
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from novacontainer.runtime.service import events
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state

LOG = logging.getLogger(__name__)

_NAME = re.compile(r'/dev/([A-Za-z0-9][A-Za-z0-9._+-]{0,62})')
#: What is in every container's /dev (runtime-spec, Default Devices).
_TAKEN = frozenset((
    'console', 'core', 'fd', 'full', 'mqueue', 'null', 'ptmx', 'pts',
    'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'))
#: So many processes that use a device are named in an error.
_NAMED = 3


class Plugs:
    """Changes which block devices of the host a container has.

    :param policy: what the operator lets containers have.
    :param cgroup_path: returns the cgroup of a container's id.
    """

    def __init__(self, *, policy: isolation.Policy,
                 cgroup_path: Callable[[str], str],
                 registry: registry.Registry, engine: engine_base.Engine,
                 hub: events.EventHub, locks: locks.Locks) -> None:
        self._policy = policy
        self._cgroup_path = cgroup_path
        self._registry = registry
        self._engine = engine
        self._hub = hub
        self._locks = locks

    def plug(self, name: str, wanted: models.Json) -> None:
        """Give a container a block device, at once if it runs.

        :param wanted: ``PathOnHost``, ``PathInContainer`` (``/dev/NAME``,
            left out: as on the host) and ``CgroupPermissions``.
        :raises InvalidRequest: it is no block device, or no such place.
        :raises Forbidden: the operator does not allow it.
        :raises Conflict: the container has something there already.
        :raises NotSupported: it runs, and this host cannot change what
            runs.
        """
        container = self._registry.get(name)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_present(now, 'change')
            device = self._checked(now, wanted)
            altered = _with(now, (*_devices(now), device))
            if now.pid:
                self._add(now, altered, device)
            try:
                self._registry.alter(altered)
            except BaseException:
                if now.pid:
                    self._remove(now, device)
                raise
            self._tell(altered, 'plug', device)

    def unplug(self, name: str, path: str, force: bool = False) -> None:
        """Take a block device away that was plugged in.

        :param path: its path in the container.
        :param force: even from processes that have it open; they keep it.
        :raises NotFound: the container has no such device.
        :raises Conflict: it has it from its creation, or has it in use.
        :raises NotSupported: as :meth:`plug`.
        """
        container = self._registry.get(name)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_present(now, 'change')
            device = _find(now, path)
            altered = _with(now, tuple(
                one for one in _devices(now) if one is not device))
            if now.pid and force:
                self._remove(altered, device)
            elif now.pid:
                self._remove_unused(now, altered, device)
            self._registry.alter(altered)
            self._tell(altered, 'unplug', device)

    def _checked(self, now: models.Container,
                 wanted: models.Json) -> models.Json:
        """Return the record of a device that may be plugged in."""
        source, target, access = isolation.device(wanted)
        device = {'PathOnHost': source, 'PathInContainer': target,
                  'CgroupPermissions': access, 'Plugged': True}
        isolation.check(
            {**now.host_config, 'Devices': [device]}, self._policy)
        _block(source)
        match = _NAME.fullmatch(target)
        if match is None:
            raise exception.InvalidRequest(
                f'{target!r} is not of the form /dev/NAME '
                '(PathInContainer)', 'container.invalid_device')
        if match[1] in _TAKEN or any(
                isolation.device(one)[1] == target for one in _devices(now)):
            raise _taken(now, target)
        return device

    def settle(self, now: models.Container) -> None:
        """Take from what runs the devices that its record does not have.

        A crash may have come between a device and its record.  The caller
        has the container's lock.

        :raises Internal: the kernel refused.
        """
        if not now.pid or self._engine.pid(now.id) != now.pid:
            return
        known = {os.path.basename(isolation.device(one)[1])
                 for one in _devices(now) if one.get('Plugged')}
        left = devicemounts.names(now.pid) - known
        if left:
            with self._space(now) as space:
                for name in left:
                    _unmount(space, now, f'/dev/{name}')
        # Where nothing can be plugged into what runs, nothing was.
        with contextlib.suppress(exception.NotSupported):
            if rules := self._rules(now):
                rules.settle(isolation.present_rules(now.host_config))

    def _add(self, now: models.Container, altered: models.Container,
             device: models.Json) -> None:
        """Let it through, and then show it; both or nothing."""
        source, target, _ = isolation.device(device)
        node = _block(source)
        self._apply(altered)
        try:
            with self._space(now) as space:
                _mount(space, now, target, node)
        except BaseException:
            self._apply(now)
            raise

    def _remove(self, left: models.Container, device: models.Json) -> None:
        """Hide it, and let it through no more.

        :param left: the container with the devices that it keeps.
        """
        # A host that cannot do the second does not do the first.
        self._rules(left)
        with self._space(left) as space:
            _unmount(space, left, isolation.device(device)[1])
        self._apply(left)

    def _remove_unused(self, now: models.Container, left: models.Container,
                       device: models.Json) -> None:
        """Take it away unless a process has it open."""
        self._check_unused(now, device)
        self._remove(left, device)
        try:
            # From here on nobody can open it any more.
            self._check_unused(now, device)
        except exception.Conflict:
            self._add(left, now, device)
            raise

    def _check_unused(self, now: models.Container,
                      device: models.Json) -> None:
        source, target, _ = isolation.device(device)
        if not devices.exists(source):
            return
        node = devices.inspect(source)
        pids = deviceusers.find(
            cgroups.members(self._cgroup_path(now.id)),
            (node.major, node.minor))
        if pids:
            raise exception.Conflict(
                f'{target} is in use in container {now.id}, by '
                f'{_named(pids)}; close or unmount it there, or stop the '
                'container, and try again', 'container.device_busy')

    def _apply(self, container: models.Container) -> None:
        """Let through the devices that a container has, and no others."""
        if rules := self._rules(container):
            rules.apply(isolation.present_rules(container.host_config))

    def _rules(self, container: models.Container,
               ) -> devicerules.DeviceRules | None:
        """Return the rules for what runs; None: it may use everything."""
        if container.host_config.get('Privileged'):
            return None
        return devicerules.of(self._cgroup_path(container.id))

    @contextlib.contextmanager
    def _space(self, now: models.Container) -> Iterator[int]:
        """Open the mount namespace of a container's first process."""
        with opened_space(now.id, now.pid) as space:
            # Only now is the pid known not to have been another's.
            if self._engine.pid(now.id) != now.pid:
                raise _ended(now.id)
            yield space

    def _tell(self, now: models.Container, action: str,
              device: models.Json) -> None:
        LOG.info('Container %s (%s): %s %s as %s', now.id, now.name, action,
                 device['PathOnHost'], device['PathInContainer'])
        self._hub.publish(events.container_event(now, 'update'))


def furnish(container: models.Container, pid: int) -> None:
    """Show a process that is held the devices that were plugged in.

    :raises InvalidRequest: a device has gone from the host.
    :raises Conflict: the image has something in its place.
    :raises Internal: the kernel refused.
    """
    plugged = [one for one in _devices(container) if one.get('Plugged')]
    if not plugged:
        return
    with opened_space(container.id, pid) as space:
        for one in plugged:
            source, target, _ = isolation.device(one)
            _mount(space, container, target, _block(source))


@contextlib.contextmanager
def opened_space(container_id: str, pid: int) -> Iterator[int]:
    """Open the mount namespace of a process.

    :raises Conflict: it has ended.
    """
    try:
        space = os.open(f'/proc/{pid}/ns/mnt', os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _ended(container_id) from error
    try:
        yield space
    finally:
        os.close(space)


def _mount(space: int, container: models.Container, target: str,
           node: devices.Node) -> None:
    owner = container.id_map.host_base if container.id_map else 0
    try:
        devicemounts.add(space, os.path.basename(target), node, owner)
    except FileExistsError as error:
        raise _taken(container, target) from error
    except OSError as error:
        raise exception.Internal(
            f'Cannot put {target} into container {container.id}: '
            f'{error.strerror}', 'container.device') from error


def _unmount(space: int, container: models.Container, target: str) -> None:
    try:
        devicemounts.remove(space, os.path.basename(target))
    except OSError as error:
        raise exception.Conflict(
            f'Cannot take {target} out of container {container.id}: '
            f'{error.strerror}; stop the container first',
            'container.device_busy') from error


def _block(path: str) -> devices.Node:
    """Return what a block device is.

    :raises InvalidRequest: there is none of this name.
    """
    node = devices.inspect(path)
    if node.kind != 'b':
        raise exception.InvalidRequest(
            f'{path} is not a block device: only those can be plugged in; '
            'name others in Devices when the container is created',
            'container.invalid_device')
    return node


def _devices(container: models.Container) -> tuple[models.Json, ...]:
    return tuple(container.host_config.get('Devices') or ())


def _named(pids: list[int]) -> str:
    """Return a few processes as a person tells them."""
    names = [f'{processes.name(pid) or "a process"} (pid {pid} on the host)'
             for pid in pids[:_NAMED]]
    if len(pids) > _NAMED:
        names.append(f'{len(pids) - _NAMED} more')
    return ', '.join(names)


def _with(container: models.Container,
          devices: tuple[models.Json, ...]) -> models.Container:
    return dataclasses.replace(container, host_config={
        **container.host_config, 'Devices': list(devices)})


def _find(container: models.Container, path: str) -> models.Json:
    wanted = posixpath.normpath(path)
    for one in _devices(container):
        if isolation.device(one)[1] != wanted:
            continue
        if not one.get('Plugged'):
            raise exception.Conflict(
                f'Container {container.id} has {path} from its creation; '
                'only what was plugged in can be unplugged',
                'container.device_fixed')
        return one
    raise exception.NotFound(
        f'Container {container.id} has no device {path}',
        'container.device_not_found')


def _taken(container: models.Container,
           target: str) -> exception.Conflict:
    return exception.Conflict(
        f'Container {container.id} has something at {target} already; '
        'choose another PathInContainer', 'container.device_exists')


def _ended(container_id: str) -> exception.Conflict:
    return exception.Conflict(
        f'Container {container_id} has just ended; try again',
        'container.not_running')
