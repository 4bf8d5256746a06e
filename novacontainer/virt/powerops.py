"""What runs of an instance, and what stands still.

Called by ``virt.driver``; calls ``containerops``, ``networkops``,
``volumeops`` and the client.

A network namespace keeps its addresses while nothing runs in it, and the
kernel would go on answering for them (ICMP echo, ARP, TCP handshakes): so the
host silences the interfaces of what is stopped or stands still.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from nova.compute import power_state as nova_power_state
from nova.compute import vm_states
from nova import context as nova_context
from nova.network import model
from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.virt import conf
from novacontainer.virt import containerops
from novacontainer.virt import containerspec
from novacontainer.virt import errors
from novacontainer.virt import networkops
from novacontainer.virt import volumeops

CONF = conf.CONF
LOG = logging.getLogger(__name__)

_Instance = instance_objects.Instance
_NetworkInfo = Sequence[model.VIF]
_BlockDeviceInfo = volumeops.BlockDeviceInfo
_Operation = errors.Operation


class PowerOps:
    """Operations that start, stop, freeze and thaw.

    :param client: the runtime.
    """

    def __init__(
        self,
        client: runtime.Client,
        container_ops: containerops.ContainerOps,
        network_ops: networkops.NetworkOps,
        volume_ops: volumeops.VolumeOps,
    ) -> None:
        self._client = client
        self._containers = container_ops
        self._network = network_ops
        self._volumes = volume_ops

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
        self.silence(instance)

    def power_on(self, context: nova_context.RequestContext,
                 instance: _Instance,
                 network_info: _NetworkInfo,
                 block_device_info: _BlockDeviceInfo = None) -> None:
        """Run the command, unless it runs already.

        :raises: exception.InstanceNotFound when its container is gone; a
            hard reboot makes it anew
        """
        with errors.translated(_Operation.POWER_ON, instance):
            self._start(context, instance, network_info, block_device_info)

    def reboot(self, context: nova_context.RequestContext,
               instance: _Instance, network_info: _NetworkInfo,
               reboot_type: str,
               block_device_info: _BlockDeviceInfo = None) -> None:
        """Stop the command and run it again, with the same files.

        :param reboot_type: ``SOFT`` asks it to end, ``HARD`` kills it and
            repairs whatever can be repaired: it makes a container that is
            gone anew, from the instance's image, and connects volumes anew.
        """
        with errors.translated(_Operation.REBOOT, instance):
            if reboot_type == 'SOFT' and self._restart(instance):
                return
            self._containers.remove_leftover(instance)
            try:
                self._stop(instance, 0)
            except exceptions.NotFound:
                if reboot_type == 'SOFT':
                    raise
                self._containers.recreate(context, instance, network_info,
                                          block_device_info)
            if reboot_type == 'HARD':
                self._volumes.disconnect(
                    context, instance, block_device_info)
            self._start(context, instance, network_info, block_device_info)

    def resume_state_on_host_boot(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
        block_device_info: _BlockDeviceInfo = None,
    ) -> None:
        """Run what ran before the host went down."""
        info = self._containers.get_info(instance)
        if info.state == nova_power_state.SHUTDOWN:
            self.power_on(context, instance, network_info,
                          block_device_info)

    def pause(self, instance: _Instance) -> None:
        """Freeze all processes of the instance, if they are not frozen.

        :raises: exception.InstanceNotRunning
        """
        with errors.translated(_Operation.PAUSE, instance):
            with _allowed('container.paused'):
                self._client.containers.pause(_name(instance))
        self.silence(instance)

    def unpause(self, instance: _Instance) -> None:
        """Let them go on, if they are frozen."""
        with errors.translated(_Operation.UNPAUSE, instance):
            self._thaw(instance, _cached_vifs(instance))

    def suspend(self, instance: _Instance) -> None:
        """Freeze all processes and give back what memory can be given back.

        To Nova the instance is then as a paused one: it does not correct
        what it finds paused.

        :raises: exception.InstanceFaultRollback when it does not run
        """
        with errors.translated(_Operation.SUSPEND, instance):
            with _allowed('container.paused'):
                self._client.containers.pause(_name(instance), reclaim=True)
        self.silence(instance)

    def resume(self, context: nova_context.RequestContext,
               instance: _Instance, network_info: _NetworkInfo,
               block_device_info: _BlockDeviceInfo = None) -> None:
        """Let a suspended instance go on.

        Where the host was rebooted meanwhile its processes are gone, and it
        starts anew with the same files.
        """
        with errors.translated(_Operation.RESUME, instance):
            container = self._client.containers.inspect(_name(instance))
            if container.status == 'paused':
                self._thaw(instance, network_info)
            else:
                self._start(context, instance, network_info,
                            block_device_info)

    def silence(self, instance: _Instance) -> None:
        """Let the host answer for nothing that stands still."""
        self._network.silence(instance, _cached_vifs(instance))

    def plug_vifs(self, context: nova_context.RequestContext,
                  instance: _Instance,
                  network_info: _NetworkInfo) -> None:
        """Repair the network of a running instance.

        nova-compute calls this for every instance when it starts.  One that
        does not run, or is paused, is plugged when it goes on.
        """
        with errors.translated(_Operation.INSPECT, instance):
            container = self._containers.find(instance)
        if container is None or container.status != 'running':
            LOG.debug('Not running: its interfaces are plugged when it '
                      'starts.', instance=instance)
            return
        self._network.plug(
            context, instance, network_info, container.netns_path)

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
        try:
            self._client.containers.restart(
                _name(instance), CONF.novacontainer.reboot_timeout)
        except exceptions.InvalidRequest as error:
            if error.code != 'container.invalid_device':
                raise
            # The device of a volume is lost; it has to be connected anew.
            LOG.warning('Stopped, and not started again: %s', error,
                        instance=instance)
            return False
        return True

    def _start(self, context: nova_context.RequestContext,
               instance: _Instance,
               network_info: _NetworkInfo,
               block_device_info: _BlockDeviceInfo) -> None:
        if instance.vm_state != vm_states.RESCUED:
            # A rescue that lost the runtime could not be taken back.
            self._containers.put_back(instance)
        container = self._client.containers.inspect(_name(instance))
        if container.status not in ('running', 'paused'):
            self._containers.start(
                context, instance, network_info, block_device_info)

    def _thaw(self, instance: _Instance, network_info: _NetworkInfo) -> None:
        container = self._client.containers.inspect(_name(instance))
        if container.netns_path:
            self._network.plug(
                None, instance, network_info, container.netns_path)
        with _allowed('container.not_paused'):
            self._client.containers.unpause(_name(instance))


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
