"""Resizes, and migrations that stay on the host.

Called by ``virt.driver``; calls ``powerops``, ``volumeops``, ``limits`` and
the client.

The container stays the same one, with its files, addresses and log: only its
limits change, while it is stopped.  A smaller root disk is made first, since
the files may not fit; a larger one, and the other limits, when the instance
is about to start again.  Nova then shows both flavors until the user confirms
or reverts, and a revert is a resize back.

The compute manager takes ``InstanceFaultRollback`` for: nothing has changed.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import typing

from nova import context as nova_context
from nova import exception
from nova.network import model
from nova.objects import flavor as flavor_objects
from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.virt import conf
from novacontainer.virt import containerspec
from novacontainer.virt import errors
from novacontainer.virt import extraspecs
from novacontainer.virt import limits
from novacontainer.virt import powerops
from novacontainer.virt import volumeops

CONF = conf.CONF
LOG = logging.getLogger(__name__)

_Instance = instance_objects.Instance
_NetworkInfo = Sequence[model.VIF]
_Flavor = flavor_objects.Flavor
_BlockDeviceInfo = volumeops.BlockDeviceInfo

_GIB = 1024 ** 3
#: The extra spec of ours that is a limit, and may change.
_LIMITS = frozenset(('pids',))


class MigrationOps:
    """Operations on the size of instances.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client,
                 power_ops: powerops.PowerOps,
                 volume_ops: volumeops.VolumeOps) -> None:
        self._client = client
        self._power = power_ops
        self._volumes = volume_ops

    def migrate_disk_and_power_off(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        dest: str,
        flavor: _Flavor,
        network_info: _NetworkInfo,
        timeout_s: int = 0,
        block_device_info: _BlockDeviceInfo = None,
    ) -> str:
        """Stop the instance, and make its root disk smaller if need be.

        Its volumes are disconnected: the compute manager tells Cinder so
        next, and that they are connected again when it finishes.

        :param dest: address of the host that it is to go to.
        :param flavor: what it shall have.
        :param timeout_s: see :meth:`powerops.PowerOps.power_off`.
        :returns: what :meth:`finish_migration` gets: nothing.
        :raises: exception.InstanceFaultRollback, with a ResizeError, a
            FlavorDiskSmallerThanImage or a MigrationError inside
        """
        with _nothing_changed():
            _check_host(dest)
            _check_ephemeral_disks(instance.flavor, flavor)
            _check_extra_specs(instance.flavor, flavor)
            _check_limits(flavor)
            with errors.translated(errors.Operation.RESIZE, instance):
                container = self._client.containers.inspect(_name(instance))
                self._check_image(container, flavor)
            self._power.power_off(instance, timeout_s)
            with contextlib.ExitStack() as undo:
                if container.status == 'running':
                    undo.callback(self._start_again, context, instance,
                                  network_info, block_device_info)
                if flavor.root_gb < instance.flavor.root_gb:
                    self._resize_disk(instance, flavor)
                self._volumes.disconnect(
                    context, instance, block_device_info)
                undo.pop_all()
        return ''

    def finish_migration(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
        power_on: bool,
        block_device_info: _BlockDeviceInfo = None,
    ) -> None:
        """Give the instance what its flavor has, and start it.

        :param power_on: False leaves it stopped.
        :raises: exception.ResizeError, VolumeAttachFailed
        """
        self._limit(instance)
        self._resize_disk(instance, instance.flavor)
        self._finish(context, instance, network_info, power_on,
                     block_device_info)

    def finish_revert_migration(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
        power_on: bool,
        block_device_info: _BlockDeviceInfo = None,
    ) -> None:
        """Give the instance what its flavor had before, and start it.

        What it wrote since it was resized is kept.  If that does not fit
        the smaller disk that it had, the larger one stays: an instance with
        too much room is better than one that is lost.

        :param power_on: False leaves it stopped.
        :raises: exception.ResizeError, VolumeAttachFailed
        """
        self._limit(instance)
        try:
            self._resize_disk(instance, instance.flavor)
        except exception.ResizeError as error:
            LOG.warning('The root disk keeps its size: %s', error,
                        instance=instance)
        self._finish(context, instance, network_info, power_on,
                     block_device_info)

    def _finish(self, context: nova_context.RequestContext,
                instance: _Instance, network_info: _NetworkInfo,
                power_on: bool, block_device_info: _BlockDeviceInfo) -> None:
        if power_on:
            self._power.power_on(context, instance, network_info,
                                 block_device_info)
        else:
            with errors.translated(errors.Operation.RESIZE, instance):
                self._volumes.connect(context, instance, block_device_info)

    def _check_image(self, container: containers.Container,
                     flavor: _Flavor) -> None:
        disk_bytes = flavor.root_gb * _GIB
        if not disk_bytes:
            return
        image = self._client.images.get(container.image)
        if image.size_bytes > disk_bytes:
            raise exception.FlavorDiskSmallerThanImage(
                flavor_size=disk_bytes, image_size=image.size_bytes)

    def _limit(self, instance: _Instance) -> None:
        self._update(instance, limits.limits(
            instance.flavor, pids_limit=CONF.novacontainer.pids_limit))

    def _resize_disk(self, instance: _Instance, flavor: _Flavor) -> None:
        wanted = limits.root_disk(flavor)
        if wanted and CONF.novacontainer.limit_root_disk:
            self._update(instance, wanted)

    def _update(self, instance: _Instance,
                body: dict[str, typing.Any]) -> None:
        with errors.translated(errors.Operation.RESIZE, instance):
            self._client.containers.update(
                _name(instance), body,
                timeout_s=CONF.novacontainer.image_timeout)

    def _start_again(self, context: nova_context.RequestContext,
                     instance: _Instance,
                     network_info: _NetworkInfo,
                     block_device_info: _BlockDeviceInfo) -> None:
        try:
            self._power.power_on(context, instance, network_info,
                                 block_device_info)
        except exception.NovaException as error:
            # Why it was not resized is what matters; that it is down, Nova
            # sees by itself.
            LOG.warning('Stopped for a resize that failed, and not started '
                        'again: %s', error, instance=instance)


@contextlib.contextmanager
def _nothing_changed() -> Iterator[None]:
    """Have Nova put the instance back to the state that it was in."""
    try:
        yield
    except exception.NovaException as error:
        raise exception.InstanceFaultRollback(error) from error


def _check_host(dest: str) -> None:
    if dest != CONF.my_ip:
        raise exception.MigrationError(
            reason='containers do not move to another host. Set '
                   'allow_resize_to_same_host for nova-api and the '
                   'schedulers, and try again: the scheduler chose '
                   f'{dest}.')


def _check_ephemeral_disks(now: _Flavor, wanted: _Flavor) -> None:
    if now.ephemeral_gb != wanted.ephemeral_gb:
        raise exception.ResizeError(
            reason=f'the flavors {now.name} and {wanted.name} differ in '
                   'their ephemeral disks, which keep their size.')


def _check_extra_specs(now: _Flavor, wanted: _Flavor) -> None:
    """Refuse what a container gets when it is built, and only then."""
    before, after = _fixed(now), _fixed(wanted)
    differing = sorted(key for key in {**before, **after}
                       if before.get(key) != after.get(key))
    if differing:
        raise exception.ResizeError(
            reason=f'the flavors {now.name} and {wanted.name} differ in '
                   f'{", ".join(differing)}, which a container gets when it '
                   'is built. Build a new server with that flavor.')


def _fixed(flavor: _Flavor) -> dict[str, typing.Any]:
    """Extra specs whose values a container has for life, by whole name."""
    ours = {f'{extraspecs.NAMESPACE}:{key}': value
            for key, value in extraspecs.values(flavor).items()
            if key not in _LIMITS}
    disk_io = {key: value for key, value in (flavor.extra_specs or {}).items()
               if key.startswith('quota:disk_')}
    return ours | disk_io


def _check_limits(wanted: _Flavor) -> None:
    """Refuse what makes no sense before anything is stopped."""
    limits.limits(wanted, pids_limit=CONF.novacontainer.pids_limit)
    limits.traffic(wanted)


def _name(instance: _Instance) -> str:
    return containerspec.container_name(instance)
