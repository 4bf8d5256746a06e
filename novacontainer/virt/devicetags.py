"""Tags of devices, as the metadata of an instance tells them.

Called by ``virt.containerops``, ``interfaceops`` and ``volumeops``; calls
Nova's database.  A user gives a port or a volume a tag to find it by inside
the instance, in ``meta_data.json``.
"""

from nova import context as nova_context
from nova.objects import block_device as bdm_objects
from nova.objects import instance as instance_objects
from nova.objects import virt_device_metadata as metadata
from nova.objects import virtual_interface as vif_objects

_Context = nova_context.RequestContext
_Instance = instance_objects.Instance


def tell(context: _Context, instance: _Instance) -> None:
    """Have the instance's metadata say which of its devices have tags.

    The caller saves the instance.
    """
    found = [*_interfaces(context, instance), *_disks(context, instance)]
    if found or instance.device_metadata:
        instance.device_metadata = metadata.InstanceDeviceMetadata(
            devices=found)


def save(context: _Context, instance: _Instance) -> None:
    """The same for an instance that has got one more device."""
    before = instance.device_metadata
    tell(context, instance)
    if instance.device_metadata is not before:
        instance.save()


def _interfaces(
    context: _Context, instance: _Instance,
) -> list[metadata.NetworkInterfaceMetadata]:
    return [
        metadata.NetworkInterfaceMetadata(mac=vif.address, tags=[vif.tag])
        for vif in vif_objects.VirtualInterfaceList.get_by_instance_uuid(
            context, instance.uuid)
        if 'tag' in vif and vif.tag]


def _disks(context: _Context,
           instance: _Instance) -> list[metadata.DiskMetadata]:
    return [
        # By its serial Nova finds it again when it is detached.
        metadata.DiskMetadata(path=row.device_name, serial=row.volume_id,
                              tags=[row.tag])
        for row in bdm_objects.BlockDeviceMappingList.get_by_instance_uuid(
            context, instance.uuid)
        if row.is_volume and row.tag and row.device_name]
