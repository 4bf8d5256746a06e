"""An instance's container: its build, its start and its end.

Called by ``virt.driver`` and the modules of single operations (``powerops``);
calls ``admission``, ``imageops``, ``containerspec``, ``configdrive``,
``guestops``, ``networkops``, ``volumeops``, ``devicetags``,
``consoleops``, ``leftovers`` and the client.

Every start of the command goes the same way, whether it is a build, a
power-on or a reboot: *init* (namespaces, cgroup and files exist, the process
is held), plug the network, *start*.  So the network is complete before the
first instruction runs.  Volumes are connected before *init*: without their
devices the runtime would refuse it.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import typing

from nova.compute import task_states
from nova import context as nova_context
from nova import exception
from nova.network import model
from nova.objects import image_meta as image_objects
from nova.objects import instance as instance_objects
from nova.virt import hardware
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.virt import admission
from novacontainer.virt import blockdevice
from novacontainer.virt import conf
from novacontainer.virt import configdrive
from novacontainer.virt import consoleops
from novacontainer.virt import containerspec
from novacontainer.virt import devicetags
from novacontainer.virt import errors
from novacontainer.virt import guestops
from novacontainer.virt import imageops
from novacontainer.virt import leftovers
from novacontainer.virt import limits
from novacontainer.virt import networkops
from novacontainer.virt import power_state
from novacontainer.virt import volumeops

CONF = conf.CONF
LOG = logging.getLogger(__name__)

_Instance = instance_objects.Instance
_NetworkInfo = Sequence[model.VIF]
_Operation = errors.Operation

#: Nova cuts the message of a fault off after 255 characters.
_LAST_WORDS_BYTES = 110
_LAST_WORDS_LINES = 5


class ContainerOps:
    """Operations on containers.

    :param client: the runtime.
    """

    def __init__(
        self,
        client: runtime.Client,
        image_ops: imageops.ImageOps,
        network_ops: networkops.NetworkOps,
        console_ops: consoleops.ConsoleOps,
        guest_ops: guestops.GuestOps,
        volume_ops: volumeops.VolumeOps,
        left: leftovers.Leftovers,
    ) -> None:
        self._client = client
        self._images = image_ops
        self._network = network_ops
        self._console = console_ops
        self._guest = guest_ops
        self._volumes = volume_ops
        self._leftovers = left

    # What there is

    def list_instances(self) -> list[str]:
        """Names, in Nova's sense, of the instances on this host."""
        return self._labels(containerspec.NAME_LABEL)

    def list_instance_uuids(self) -> list[str]:
        """Uuids of the instances on this host."""
        return self._labels(containerspec.INSTANCE_LABEL)

    def _labels(self, key: str) -> list[str]:
        with errors.host_translated():
            found = self._client.containers.list(
                {'label': [containerspec.INSTANCE_LABEL]})
        # One that is rescued has two containers.
        return list(dict.fromkeys(
            container.labels[key] for container in found
            if key in container.labels))

    def instance_exists(self, instance: _Instance) -> bool:
        """Whether the instance has a container."""
        with errors.translated(_Operation.INSPECT, instance):
            return self.find(instance) is not None

    def get_info(self, instance: _Instance) -> hardware.InstanceInfo:
        """The power state.

        :raises: exception.InstanceNotFound
        """
        with errors.translated(_Operation.INSPECT, instance):
            container = self._client.containers.inspect(_name(instance))
        return hardware.InstanceInfo(
            state=power_state.from_status(container.status),
            internal_id=container.id)

    def find(self, instance: _Instance) -> containers.Container | None:
        """The container, None where there is none.

        :raises ClientError: when the runtime does not answer.
        """
        try:
            return self._client.containers.inspect(_name(instance))
        except exceptions.NotFound:
            return None

    # Build

    def spawn(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        image_meta: image_objects.ImageMeta,
        network_info: _NetworkInfo,
        block_device_info: volumeops.BlockDeviceInfo,
        power_on: bool = True,
        injected_files: Sequence[tuple[str, str | bytes]] = (),
        admin_password: str | None = None,
    ) -> None:
        """Build the instance: image, container, files, network, start.

        A failure takes back what was done, the last step first.

        :param injected_files: paths and contents, the ``personality`` of
            compute API versions before 2.57.
        :param power_on: False leaves it for a later :meth:`power_on`.
        :raises: exception.BuildAbortException, ImageUnacceptable for what
            the tenant has to mend; the fault says what
        :raises: exception.NovaException of other kinds for what is wrong
            with this host, so that Nova tries another one
        """
        admission.check(instance, block_device_info)
        with contextlib.ExitStack() as undo:
            undo.enter_context(errors.translated(_Operation.SPAWN, instance))
            # When the container is gone, nothing has them in use.
            undo.callback(self._volumes.disconnect, context, instance,
                          block_device_info)
            self.create(context, instance, image_meta, network_info,
                        block_device_info, injected_files, admin_password)
            undo.callback(self._undo_create, instance)
            self._volumes.connect(context, instance, block_device_info)
            if power_on:
                self._first_start(context, instance, network_info, undo)
            _require_wanted(context, instance)
            undo.pop_all()

    def create(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        image_meta: image_objects.ImageMeta,
        network_info: _NetworkInfo,
        block_device_info: volumeops.BlockDeviceInfo = None,
        injected_files: Sequence[tuple[str, str | bytes]] = (),
        admin_password: str | None = None,
    ) -> None:
        """Make the container from an image, to be started later.

        :param block_device_info: None gives the ephemeral disk that the
            flavor has.
        :raises: exception.ImageUnacceptable, BuildAbortException
        :raises ClientError: when the runtime cannot make it.
        """
        options = CONF.novacontainer
        # Before the image is loaded: this may refuse the flavor.
        body = containerspec.build(
            instance, image_meta,
            imageops.reference(image_meta, instance.trusted_certs),
            network_info, pids_limit=options.pids_limit,
            limit_disk=options.limit_root_disk,
            terminal=CONF.serial_console.enabled,
            mounts=[
                *configdrive.mounts(instance),
                *limits.ephemeral_disks(
                    limits.ephemeral_sizes(
                        instance.flavor, block_device_info),
                    limit_disk=options.limit_root_disk)])
        body['HostConfig'].update(self._disk_io(instance))
        image = self._images.ensure(context, instance, image_meta)
        admission.require_command(image_meta, image, body)
        admission.require_disk(instance, image)
        with contextlib.ExitStack() as undo:
            devicetags.tell(context, instance)
            configdrive.make(instance, network_info, files=injected_files,
                             admin_password=admin_password)
            undo.callback(configdrive.remove, instance)
            self._make(instance, body)
            undo.callback(self._undo_create, instance)
            self._guest.prepare(instance, injected_files, admin_password)
            undo.pop_all()

    def _make(self, instance: _Instance,
              body: dict[str, typing.Any]) -> None:
        self._leftovers.remove(_name(instance))
        try:
            self._client.containers.create(_name(instance), body)
        except exceptions.Unavailable:
            # Perhaps it was made, and only the answer is lost.
            self._leftovers.note(_name(instance), self._force_out)
            raise

    def _force_out(self, name: str) -> None:
        self._client.containers.remove(name, force=True)

    def _disk_io(self, instance: _Instance) -> dict[str, typing.Any]:
        if not limits.limits_disk_io(instance.flavor):
            return {}
        root = self._client.system.info()['DockerRootDir']
        return limits.disk_io(instance.flavor, blockdevice.holding(root))

    def recreate(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
        block_device_info: volumeops.BlockDeviceInfo = None,
    ) -> None:
        """Make a container that was lost anew, from the instance's image.

        What was written into the lost one is lost as well.  But where a
        rescue came to no end, the container is put back.

        :raises: as :meth:`create`, and exception.ImageNotFound
        """
        if self.put_back(instance):
            return
        LOG.warning('The container is gone; making it anew from image %s.',
                    instance.image_ref, instance=instance)
        image_meta = self._images.describe(context, instance)
        self.create(context, instance, image_meta, network_info,
                    block_device_info)

    def put_back(self, instance: _Instance) -> bool:
        """End a rescue: the instance's own container has its name again.

        :returns: False where there was none.
        :raises ClientError: when the runtime does not do it.
        """
        aside = containerspec.aside_name(instance)
        try:
            self._client.containers.inspect(aside)
        except exceptions.NotFound:
            return False
        with contextlib.suppress(exceptions.NotFound):
            self._client.containers.remove(_name(instance), force=True)
        self._client.containers.rename(aside, _name(instance))
        return True

    def start(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
        block_device_info: volumeops.BlockDeviceInfo = None,
    ) -> None:
        """Run the command of a container that there is.

        :raises: exception.VirtualInterfacePlugException,
            VolumeAttachFailed
        :raises ClientError: when the runtime cannot start it.
        """
        self._volumes.connect(context, instance, block_device_info)
        netns_path = self._init(instance)
        self._network.plug(
            context, instance, network_info, netns_path, exact=True)
        self._client.containers.start(_name(instance))

    def _init(self, instance: _Instance) -> str:
        """Hold the process ready; returns the path of its netns."""
        self._client.containers.init(_name(instance))
        return self._client.containers.inspect(_name(instance)).netns_path

    def _first_start(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
        undo: contextlib.ExitStack,
    ) -> None:
        netns_path = self._init(instance)
        undo.callback(self._undo_plug, instance, network_info)
        with _told_why(instance):
            with self._network.wait_for_plugged(instance, network_info):
                self._network.plug(
                    context, instance, network_info, netns_path)
        self._client.containers.start(_name(instance))
        self._require_running(instance)

    def _require_running(self, instance: _Instance) -> None:
        """Fail the build when the command ends as soon as it started."""
        grace_s = CONF.novacontainer.start_grace
        if not grace_s:
            return
        try:
            self._client.containers.wait(_name(instance), timeout_s=grace_s)
        except exceptions.TimedOut:
            return
        raise exception.BuildAbortException(
            instance_uuid=instance.uuid, reason=self._obituary(instance))

    def _obituary(self, instance: _Instance) -> str:
        container = self._client.containers.inspect(_name(instance))
        if container.oom_killed:
            return (
                'The command was killed at once, for want of memory: '
                f'{instance.flavor.memory_mb} MB are not enough. Take a '
                'larger flavor.')
        words = self._console.tail(
            instance, _LAST_WORDS_BYTES, _LAST_WORDS_LINES).strip()
        return (
            f'The command exited with code {container.exit_code} at once; '
            f'it must keep running. Its last output: {words or "none."}')

    def _undo_create(self, instance: _Instance) -> None:
        configdrive.remove(instance)
        try:
            self._force_out(_name(instance))
        except exceptions.NotFound:
            pass
        except exceptions.ClientError as error:
            # The failure that led here is the one to report.
            self._leftovers.note(_name(instance), self._force_out)
            LOG.warning('The container of a failed build remains: %s', error,
                        instance=instance)

    def _undo_plug(self, instance: _Instance,
                   network_info: _NetworkInfo) -> None:
        try:
            self._network.unplug(instance, network_info)
        except exception.NovaException as error:
            # As above.
            LOG.warning('Interfaces of a failed build remain: %s', error,
                        instance=instance)

    # End

    def destroy(self, context: nova_context.RequestContext,
                instance: _Instance, network_info: _NetworkInfo,
                block_device_info: volumeops.BlockDeviceInfo = None,
                destroy_disks: bool = True,
                destroy_vifs: bool = True) -> None:
        """Remove the container, unplug the network, disconnect volumes.

        What is gone already is no failure; a runtime that does not answer
        is one, so that Nova keeps the instance and can try again.

        :param network_info: empty as well when Nova has forgotten it, as
            for an instance that was deleted while this host was down.
        :param destroy_disks: False keeps the stopped container.
        :raises: exception.InstancePowerOffFailure
        """
        with errors.translated(_Operation.DESTROY, instance):
            if destroy_vifs and not network_info:
                network_info = self._connected(instance)
            if destroy_disks:
                self._remove(instance)
            else:
                with contextlib.suppress(exceptions.NotFound):
                    self._client.containers.stop(_name(instance), 0)
        self._volumes.disconnect(context, instance, block_device_info)
        if destroy_disks:
            configdrive.remove(instance)
        if destroy_vifs:
            self._unplug(instance, network_info)

    def _remove(self, instance: _Instance) -> None:
        # The order matters: what is rescued is in use by the first.
        for name in (_name(instance), containerspec.aside_name(instance)):
            with contextlib.suppress(exceptions.NotFound):
                self._client.containers.remove(name, force=True)

    def remove_leftover(self, instance: _Instance) -> None:
        """Remove a container that a build failed to make, and to remove.

        :raises ClientError: when the runtime does not do it.
        """
        self._leftovers.remove(_name(instance))

    def _connected(self, instance: _Instance) -> _NetworkInfo:
        container = self.find(instance)
        if container is None or not container.netns_path:
            return []
        return self._network.connected(instance, container.netns_path)

    def _unplug(self, instance: _Instance,
                network_info: _NetworkInfo) -> None:
        try:
            self._network.unplug(instance, network_info)
        except exception.VirtualInterfaceUnplugException as error:
            # See errors: Nova would release the ports for any other type.
            raise exception.InstancePowerOffFailure(
                reason=error.format_message()) from error

def _name(instance: _Instance) -> str:
    return containerspec.container_name(instance)


def _require_wanted(context: nova_context.RequestContext,
                    instance: _Instance) -> None:
    """Fail when an instance was deleted while it was made anew.

    The compute manager holds no lock of the instance in a rebuild: a delete
    finds no container then, and the one that is made afterwards would stay.
    Of first builds it takes care itself.

    :raises: exception.InstanceNotFound
    """
    if instance.launched_at is None:
        return
    found = instance_objects.Instance.get_by_uuid(
        context, instance.uuid, expected_attrs=[])
    if found.task_state == task_states.DELETING:
        raise exception.InstanceNotFound(instance_id=instance.uuid)


@contextlib.contextmanager
def _told_why(instance: _Instance) -> Iterator[None]:
    """Let the tenant read why no network came about.

    The compute manager gives up for both types alike, but for Nova's own
    type it replaces the reason with a general one.
    """
    try:
        yield
    except exception.VirtualInterfaceCreateException as error:
        raise exception.BuildAbortException(
            instance_uuid=instance.uuid,
            reason=error.format_message()) from error
