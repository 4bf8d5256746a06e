"""What nova-compute died over while it attached or detached volumes.

Called by ``virt.driver`` when nova-compute starts, with the instances of the
host; calls ``actions``, ``volumeops``, Cinder, and the compute manager by
RPC.

Nova stores what a volume is connected as when the driver has attached it, and
not before.  If nova-compute dies in between, the volume may be a device of the
host and of the instance, and Nova knows nothing by which it could be detached,
not even when the instance is deleted.  Cinder does know.

And Cinder takes a volume for one that is being detached from Nova's request
on: it would refuse another request for ever.  Whether the instance has the
device yet, nobody knows.
"""

from collections.abc import Iterable

from cinderclient import exceptions as cinder_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from nova.compute import rpcapi
from nova.compute import vm_states
from nova import context as nova_context
from nova import exception
from nova.objects import block_device as bdm_objects
from nova.objects import instance as instance_objects
from nova.volume import cinder
from oslo_log import log as logging
from oslo_serialization import jsonutils

from novacontainer.virt import actions
from novacontainer.virt import connections
from novacontainer.virt import volumeops

LOG = logging.getLogger(__name__)

_Context = nova_context.RequestContext
_Instance = instance_objects.Instance
_BDM = bdm_objects.BlockDeviceMapping

#: What Cinder says of a volume that is being detached, and that was, when
#: Nova has yet to note it.
_LEAVING = ('detaching', 'available')
#: When Cinder or Keystone is away, or nova-compute has no account there.
_FAILURES = (
    exception.NovaException, cinder_exceptions.ClientException,
    keystone_exceptions.ClientException)


class Attachments:
    """What Nova and Cinder have noted of the volumes of instances."""

    def __init__(self, volume_ops: volumeops.VolumeOps) -> None:
        self._volumes = volume_ops
        self._cinder = cinder.API()

    def settle(self, context: _Context,
               instances: Iterable[_Instance]) -> None:
        """Have what was begun taken back, or completed.

        An attachment is taken back, and the tenant can ask for it again.
        What cannot be taken back is logged; where the volume is in use, Nova
        learns how to detach it.

        :param instances: all of this host.
        """
        # The volumes of a build go with it.
        found = {instance.uuid: instance for instance in instances
                 if instance.vm_state != vm_states.BUILDING}
        if not found:
            return
        for bdm in bdm_objects.BlockDeviceMappingList.get_by_instance_uuids(
                context, list(found)):
            if bdm.is_volume and bdm.attachment_id:
                self._settle(context, found[bdm.instance_uuid], bdm)

    def _settle(self, context: _Context, instance: _Instance,
                bdm: _BDM) -> None:
        try:
            if _known(bdm):
                self._complete(context, instance, bdm)
            else:
                self._take_back(context, instance, bdm)
        except _FAILURES as error:
            LOG.warning('Whatever nova-compute was doing with volume %s when '
                        'it ended cannot be taken back: %s', bdm.volume_id,
                        error, instance=instance)

    def _complete(self, context: _Context, instance: _Instance,
                  bdm: _BDM) -> None:
        """Have it detached as soon as requests are taken, if it was to be."""
        if (actions.detach_died(context, instance.uuid) and self._cinder.get(
                context, bdm.volume_id)['status'] in _LEAVING):
            rpcapi.ComputeAPI().detach_volume(
                context, instance, bdm.volume_id, bdm.attachment_id)
            LOG.warning('nova-compute ended while it detached volume %s. That '
                        'is done again.', bdm.volume_id, instance=instance)

    def _take_back(self, context: _Context, instance: _Instance,
                   bdm: _BDM) -> None:
        attachment = self._cinder.attachment_get(context, bdm.attachment_id)
        info = attachment['connection_info']
        if info:
            self._detach(context, instance, bdm, info)
        elif not actions.attach_begun(context, bdm):
            # The request waits yet, or the instance was built with it.
            return
        self._forget(context, instance, bdm)

    def _detach(self, context: _Context, instance: _Instance,
                bdm: _BDM, info: connections.Info) -> None:
        info.setdefault('serial', bdm.volume_id)
        try:
            self._volumes.detach(context, info, instance, bdm.device_name,
                                 None)
        except exception.NovaException:
            bdm.connection_info = jsonutils.dumps(info)
            bdm.save()
            raise

    def _forget(self, context: _Context, instance: _Instance,
                bdm: _BDM) -> None:
        self._cinder.attachment_delete(context, bdm.attachment_id)
        bdm.destroy()
        LOG.warning('nova-compute ended while it attached volume %s. It is '
                    'detached now.', bdm.volume_id, instance=instance)


def _known(bdm: _BDM) -> bool:
    """Whether Nova has stored what the volume is connected as."""
    return bool(jsonutils.loads(bdm.connection_info or '{}'))
