"""An instance's container, from its build to its end.

Called by ``virt.driver``; calls ``admission``, ``imageops``,
``containerspec``, ``networkops``, ``consoleops`` and the client.

Every start of the command goes the same way, whether it is a build, a
power-on or a reboot: *init* (namespaces, cgroup and files exist, the process
is held), plug the network, *start*.  So the network is complete before the
first instruction runs.  The namespace keeps its addresses while nothing runs,
and the kernel would go on answering for them (ICMP echo, ARP, TCP handshakes):
so the host silences the interfaces of what is stopped or paused.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import typing

from nova.compute import power_state as nova_power_state
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
from novacontainer.virt import conf
from novacontainer.virt import consoleops
from novacontainer.virt import containerspec
from novacontainer.virt import errors
from novacontainer.virt import imageops
from novacontainer.virt import networkops
from novacontainer.virt import power_state

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
    ) -> None:
        self._client = client
        self._images = image_ops
        self._network = network_ops
        self._console = console_ops

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
        return [container.labels[key] for container in found
                if key in container.labels]

    def instance_exists(self, instance: _Instance) -> bool:
        """Whether the instance has a container."""
        with errors.translated(_Operation.INSPECT, instance):
            return self._find(instance) is not None

    def get_info(self, instance: _Instance) -> hardware.InstanceInfo:
        """The power state.

        :raises: exception.InstanceNotFound
        """
        with errors.translated(_Operation.INSPECT, instance):
            container = self._client.containers.inspect(_name(instance))
        return hardware.InstanceInfo(
            state=power_state.from_status(container.status),
            internal_id=container.id)

    def _find(self, instance: _Instance) -> containers.Container | None:
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
        block_device_info: dict[str, typing.Any] | None,
        power_on: bool = True,
        injected_files: Sequence[tuple[str, str | bytes]] = (),
    ) -> None:
        """Build the instance: image, container, network, start.

        A failure takes back what was done, the last step first.

        :param power_on: False leaves it for a later :meth:`power_on`.
        :raises: exception.BuildAbortException, ImageUnacceptable for what
            the tenant has to mend; the fault says what
        :raises: exception.NovaException of other kinds for what is wrong
            with this host, so that Nova tries another one
        """
        admission.check(instance, block_device_info, injected_files)
        options = CONF.novacontainer
        # Before the image is loaded: this may refuse the flavor.
        body = containerspec.build(
            instance, image_meta, imageops.reference(image_meta),
            network_info, pids_limit=options.pids_limit,
            limit_disk=options.limit_root_disk)
        image = self._images.ensure(context, instance, image_meta)
        admission.require_command(image_meta, image, body)
        admission.require_disk(instance, image)
        with contextlib.ExitStack() as undo:
            undo.enter_context(errors.translated(_Operation.SPAWN, instance))
            self._client.containers.create(_name(instance), body)
            undo.callback(self._undo_create, instance)
            if power_on:
                self._first_start(context, instance, network_info, undo)
            undo.pop_all()

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
        try:
            self._client.containers.remove(_name(instance), force=True)
        except exceptions.NotFound:
            pass
        except exceptions.ClientError as error:
            # The failure that led here is the one to report; Nova calls
            # destroy next, which removes the container or fails loudly.
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

    def destroy(self, instance: _Instance,
                network_info: _NetworkInfo, destroy_disks: bool = True,
                destroy_vifs: bool = True) -> None:
        """Remove the container and unplug the network.

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
            try:
                if destroy_disks:
                    self._client.containers.remove(
                        _name(instance), force=True)
                else:
                    self._client.containers.stop(_name(instance), 0)
            except exceptions.NotFound:
                LOG.debug('The instance has no container.',
                          instance=instance)
        if destroy_vifs:
            self._unplug(instance, network_info)

    def _connected(self, instance: _Instance) -> _NetworkInfo:
        container = self._find(instance)
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

    # Power

    def power_off(self, instance: _Instance,
                  timeout_s: int = 0) -> None:
        """Stop the command: ask it first, and kill it when time is up.

        :param timeout_s: how long it has to end by itself; 0 kills it.
        """
        with errors.translated(_Operation.POWER_OFF, instance):
            try:
                self._stop(instance, timeout_s)
            except exceptions.NotFound:
                LOG.warning('There is no container to power off.',
                            instance=instance)
                return
        self._network.silence(instance, _cached_vifs(instance))

    def power_on(self, context: nova_context.RequestContext,
                 instance: _Instance,
                 network_info: _NetworkInfo) -> None:
        """Run the command, unless it runs already."""
        with errors.translated(_Operation.POWER_ON, instance):
            self._start(context, instance, network_info)

    def reboot(self, context: nova_context.RequestContext,
               instance: _Instance, network_info: _NetworkInfo,
               reboot_type: str) -> None:
        """Stop the command and run it again, with the same files.

        :param reboot_type: ``SOFT`` asks it to end, ``HARD`` kills it and
            repairs whatever can be repaired.
        """
        with errors.translated(_Operation.REBOOT, instance):
            if reboot_type == 'SOFT' and self._restart(instance):
                return
            self._stop(instance, 0)
            self._start(context, instance, network_info)

    def _stop(self, instance: _Instance, timeout_s: int) -> None:
        # Without any time it is not even asked: it would begin to end.
        self._client.containers.stop(
            _name(instance), timeout_s, None if timeout_s else 'KILL')

    def _restart(self, instance: _Instance) -> bool:
        """Reboot what runs, in one request; False: it does not run.

        The command may take its time to end.  If nova-compute died between
        a stop and a start of its own, the instance would stay down.
        """
        container = self._client.containers.inspect(_name(instance))
        if container.status != 'running':
            return False
        self._client.containers.restart(
            _name(instance), CONF.novacontainer.reboot_timeout)
        return True

    def resume_state_on_host_boot(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
    ) -> None:
        """Run what ran before the host went down."""
        if self.get_info(instance).state == nova_power_state.SHUTDOWN:
            self.power_on(context, instance, network_info)

    def pause(self, instance: _Instance) -> None:
        """Freeze all processes of the instance, if they are not frozen."""
        with errors.translated(_Operation.PAUSE, instance):
            with _allowed('container.paused'):
                self._client.containers.pause(_name(instance))
        self._network.silence(instance, _cached_vifs(instance))

    def unpause(self, instance: _Instance) -> None:
        """Let them go on, if they are frozen."""
        with errors.translated(_Operation.UNPAUSE, instance):
            container = self._client.containers.inspect(_name(instance))
            if container.netns_path:
                self._network.plug(
                    None, instance, _cached_vifs(instance),
                    container.netns_path)
            with _allowed('container.not_paused'):
                self._client.containers.unpause(_name(instance))

    def _start(self, context: nova_context.RequestContext,
               instance: _Instance,
               network_info: _NetworkInfo) -> None:
        container = self._client.containers.inspect(_name(instance))
        if container.status in ('running', 'paused'):
            return
        netns_path = self._init(instance)
        self._network.plug(context, instance, network_info, netns_path)
        self._client.containers.start(_name(instance))

    def _init(self, instance: _Instance) -> str:
        """Hold the process ready; returns the path of its netns."""
        self._client.containers.init(_name(instance))
        return self._client.containers.inspect(_name(instance)).netns_path

    # Network

    def plug_vifs(self, context: nova_context.RequestContext,
                  instance: _Instance,
                  network_info: _NetworkInfo) -> None:
        """Repair the network of a running instance.

        nova-compute calls this for every instance when it starts.  One that
        does not run, or is paused, is plugged when it goes on.
        """
        with errors.translated(_Operation.INSPECT, instance):
            container = self._find(instance)
        if container is None or container.status != 'running':
            LOG.debug('Not running: its interfaces are plugged when it '
                      'starts.', instance=instance)
            return
        self._network.plug(
            context, instance, network_info, container.netns_path)


def _cached_vifs(instance: _Instance) -> _NetworkInfo:
    """What Nova last knew the instance to be connected to.

    Its cache may exist and yet hold nothing, as before the first look.
    """
    return instance.get_network_info() or []


def _name(instance: _Instance) -> str:
    return containerspec.container_name(instance)


@contextlib.contextmanager
def _allowed(code: str) -> Iterator[None]:
    """Take one conflict for success: it is as was asked."""
    try:
        yield
    except exceptions.Conflict as error:
        if error.code != code:
            raise


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
