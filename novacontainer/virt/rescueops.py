"""Rescue: another container repairs the root file system of an instance.

Called by ``virt.driver``; calls ``containerops``, ``powerops``, ``imageops``,
``guestops``, ``containerspec`` and the client.

The container that is broken gets another name, and the one that rescues takes
its own: so whatever is done to the instance meanwhile (reboots, the console,
power states, a delete) is done to the latter.  It sees the broken root at
/mnt, and has the instance's ports and volumes.  Wherever nova-compute dies in
between, the one with the other name is the instance; a hard reboot puts it
back.
"""

from collections.abc import Sequence
import contextlib
import typing

from nova import context as nova_context
from nova.network import model
from nova.objects import image_meta as image_objects
from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.virt import admission
from novacontainer.virt import conf
from novacontainer.virt import configdrive
from novacontainer.virt import containerops
from novacontainer.virt import containerspec
from novacontainer.virt import errors
from novacontainer.virt import guestops
from novacontainer.virt import imageops
from novacontainer.virt import powerops
from novacontainer.virt import volumeops

CONF = conf.CONF
LOG = logging.getLogger(__name__)

_Instance = instance_objects.Instance
_NetworkInfo = Sequence[model.VIF]

#: Where the broken root file system is.
TARGET = '/mnt'


class RescueOps:
    """Operations for rescue.

    :param client: the runtime.
    """

    def __init__(
        self,
        client: runtime.Client,
        container_ops: containerops.ContainerOps,
        power_ops: powerops.PowerOps,
        image_ops: imageops.ImageOps,
        guest_ops: guestops.GuestOps,
    ) -> None:
        self._client = client
        self._containers = container_ops
        self._power = power_ops
        self._images = image_ops
        self._guest = guest_ops

    def rescue(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: _NetworkInfo,
        image_meta: image_objects.ImageMeta,
        admin_password: str | None,
        block_device_info: volumeops.BlockDeviceInfo = None,
    ) -> None:
        """Run a container of an image with the instance's root at /mnt.

        A failure puts the instance back, stopped.

        :param image_meta: the user's choice, else the instance's image.
        :raises: exception.ImageUnacceptable, and others; for the manager
            they are all the same
        """
        with contextlib.ExitStack() as undo:
            undo.enter_context(
                errors.translated(errors.Operation.RESCUE, instance))
            image = self._images.ensure(context, instance, image_meta)
            body = _describe(instance, image_meta, network_info)
            admission.require_command(image_meta, image, body)
            self._set_aside(instance)
            undo.callback(self._undo, instance)
            self._client.containers.create(_name(instance), body)
            self._guest.prepare(instance, (), admin_password)
            self._containers.start(
                context, instance, network_info, block_device_info)
            undo.pop_all()

    def unrescue(self, context: nova_context.RequestContext,
                 instance: _Instance) -> None:
        """Run the instance's own container again."""
        with errors.translated(errors.Operation.UNRESCUE, instance):
            if not self._containers.put_back(instance):
                LOG.warning('There is nothing to be put back.',
                            instance=instance)
        self._power.power_on(
            context, instance, instance.get_network_info() or [],
            volumeops.known(context, instance))

    def _set_aside(self, instance: _Instance) -> None:
        # A rescue that came to no end may have done so already.
        self._containers.put_back(instance)
        with contextlib.suppress(exceptions.NotFound):
            self._client.containers.stop(_name(instance), 0, 'KILL')
        self._client.containers.rename(
            _name(instance), containerspec.aside_name(instance))

    def _undo(self, instance: _Instance) -> None:
        try:
            self._containers.put_back(instance)
        except exceptions.ClientError as error:
            # What led here is to be reported; a hard reboot puts it back.
            LOG.warning('A failed rescue remains: %s', error,
                        instance=instance)


def _describe(instance: _Instance, image_meta: image_objects.ImageMeta,
              network_info: _NetworkInfo) -> dict[str, typing.Any]:
    """The create body; raises what ``containerspec.build`` raises."""
    mounts = [
        {'Type': 'root', 'Source': containerspec.aside_name(instance),
         'Target': TARGET},
        *(mount for mount in configdrive.mounts(instance)
          # Its mount point would be made in what is to be repaired.
          if not mount['Target'].startswith(f'{TARGET}/'))]
    options = CONF.novacontainer
    return containerspec.build(
        _without_wishes(instance), image_meta,
        imageops.reference(image_meta, instance.trusted_certs), network_info,
        pids_limit=options.pids_limit, limit_disk=options.limit_root_disk,
        mounts=mounts, terminal=CONF.serial_console.enabled)


def _without_wishes(instance: _Instance) -> _Instance:
    """The instance without what it says about its process.

    A wrong command may be what it has to be rescued from.
    """
    plain = instance.obj_clone()
    plain.metadata = {}
    plain.system_metadata = {}
    return plain


def _name(instance: _Instance) -> str:
    return containerspec.container_name(instance)
