"""Volumes of an instance: connected to the host, plugged into its container.

Called by ``virt.driver``, ``containerops``, ``powerops`` and
``migrationops``; calls ``connections``, ``devicetags`` and the client.

A volume is connected before it is plugged in, and unplugged before it is
disconnected.  The runtime remembers what is plugged into a container, over
stops and starts; but what its devices are called on the host may change, and
the host may have gone down meanwhile.  So before every start all volumes are
connected, and the container gets exactly the devices that come of it.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import os
import typing

from nova import block_device
from nova import context as nova_context
from nova import exception
from nova.objects import block_device as bdm_objects
from nova.objects import instance as instance_objects
from nova.virt import block_device as nova_block_device
from nova.virt import driver
from oslo_concurrency import lockutils
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import devices
from novacontainer.client import exceptions
from novacontainer.virt import connections
from novacontainer.virt import containerspec
from novacontainer.virt import devicetags
from novacontainer.virt import errors

LOG = logging.getLogger(__name__)

_Instance = instance_objects.Instance
_Context = nova_context.RequestContext
_Info = connections.Info
_Encryption = connections.Encryption
#: What Nova says of an instance's volumes; None is nothing at all.
BlockDeviceInfo = dict[str, typing.Any] | None


class VolumeOps:
    """Operations on volumes.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client,
                 connected: connections.Connections) -> None:
        self._client = client
        self._connections = connected

    def get_connector(self) -> dict[str, typing.Any]:
        """What Cinder has to know of this host."""
        return self._connections.properties()

    # One volume of an instance, whatever that does just now

    def attach(self, context: _Context, info: _Info, instance: _Instance,
               mountpoint: str, encryption: _Encryption | None) -> None:
        """Connect a volume and plug it in; all or nothing.

        :param info: changed, see :meth:`connections.Connections.connect`.
        :param mountpoint: what the device is called in the container.
        :raises: exception.VolumeAttachFailed
        """
        with _locked(info), contextlib.ExitStack() as undo:
            source = self._connections.connect(context, info, encryption)
            undo.callback(self._undo, context, instance, info, encryption)
            with errors.attach_translated(connections.volume_id(info)):
                self._client.devices.plug(
                    _name(instance), _device(info, source, mountpoint))
            undo.pop_all()
        devicetags.save(context, instance)

    def detach(self, context: _Context, info: _Info, instance: _Instance,
               mountpoint: str, encryption: _Encryption | None) -> None:
        """Unplug a volume and disconnect it.

        :raises: exception.DeviceDetachFailed when the instance uses it: all
            is as it was
        :raises: exception.VolumeDetachFailed when the host does not let it
            go; may be tried again
        """
        path = _path(mountpoint)
        with _locked(info):
            with errors.detach_translated(path):
                self._unplug(instance, path)
            self._disconnect(context, info, instance, encryption)

    def extend(self, context: _Context, info: _Info, instance: _Instance,
               size_bytes: int) -> None:
        """Let the instance see that a volume has become larger.

        :raises: exception.VolumeExtendFailed
        """
        seen_bytes = self._connections.extend(context, info)
        if seen_bytes is not None and seen_bytes < size_bytes:
            raise exception.VolumeExtendFailed(
                volume_id=connections.volume_id(info),
                reason=f'the host sees {seen_bytes} bytes of {size_bytes}. '
                       'Stop the instance and start it again.')

    # All volumes of an instance that does not run

    def connect(self, context: _Context, instance: _Instance,
                block_device_info: BlockDeviceInfo) -> None:
        """Have the container start with the volumes; all or nothing.

        :param block_device_info: None leaves it as it is.
        :raises: exception.VolumeAttachFailed
        """
        if block_device_info is None:
            return
        volumes = _volumes(block_device_info)
        with contextlib.ExitStack() as undo:
            wanted = [self._connected(context, instance, volume, undo)
                      for volume in volumes]
            with (errors.attach_translated(_ids(volumes)) if volumes
                  else contextlib.nullcontext()):
                self._plug_exactly(_name(instance), wanted, undo)
            undo.pop_all()

    def disconnect(self, context: _Context, instance: _Instance,
                   block_device_info: BlockDeviceInfo) -> None:
        """Take all volumes from an instance that is about to end or to move.

        What cannot be disconnected is logged: it must not keep an instance
        from being deleted.  Nova then tells Cinder in any case.
        """
        for volume in _volumes(block_device_info):
            info = volume['connection_info']
            path = _path(volume['mount_device'])
            try:
                with _locked(info):
                    with errors.detach_translated(path):
                        self._unplug(instance, path, force=True)
                    self._disconnect(context, info, instance, None)
            except exception.NovaException as error:
                LOG.warning('Volume %s stays on this host: %s',
                            connections.volume_id(info), error,
                            instance=instance)

    def _connected(self, context: _Context, instance: _Instance,
                   volume: typing.Any,
                   undo: contextlib.ExitStack) -> devices.Device:
        info = volume['connection_info']
        with _locked(info):
            source = self._connections.connect(context, info)
        undo.callback(self._undo, context, instance, info, None)
        if isinstance(volume, nova_block_device.DriverVolumeBlockDevice):
            volume.save()
        return _device(info, source, volume['mount_device'])

    def _plug_exactly(self, name: str, wanted: Sequence[devices.Device],
                      undo: contextlib.ExitStack) -> None:
        present = self._client.devices.plugged(name)
        for device in present:
            if device not in wanted:
                self._client.devices.unplug(name, device.path, force=True)
        for device in wanted:
            if device not in present:
                self._client.devices.plug(name, device)
                undo.callback(self._unplug_again, name, device)

    def _unplug(self, instance: _Instance, path: str,
                force: bool = False) -> None:
        """Unplug it where it is plugged in."""
        for name in (_name(instance), containerspec.aside_name(instance)):
            with contextlib.suppress(exceptions.NotFound):
                self._client.devices.unplug(name, path, force)

    def _disconnect(self, context: _Context, info: _Info,
                    instance: _Instance,
                    encryption: _Encryption | None) -> None:
        if info.get('multiattach') and self._others_have(info, instance):
            LOG.info('Volume %s stays connected for other instances.',
                     connections.volume_id(info), instance=instance)
            return
        self._connections.disconnect(context, info, encryption)

    def _others_have(self, info: _Info, instance: _Instance) -> bool:
        """Whether the device is plugged into another instance as well."""
        source = os.path.realpath(info['data'].get('device_path') or '')
        label = containerspec.INSTANCE_LABEL
        with errors.host_translated():
            return any(
                os.path.realpath(device.source) == source
                for container in self._client.containers.list(
                    {'label': [label]})
                if container.labels[label] != instance.uuid
                for device in self._plugged(container.id))

    def _plugged(self, name: str) -> list[devices.Device]:
        try:
            return self._client.devices.plugged(name)
        except exceptions.NotFound:
            return []

    def _undo(self, context: _Context, instance: _Instance, info: _Info,
              encryption: _Encryption | None) -> None:
        try:
            self._disconnect(context, info, instance, encryption)
        except exception.NovaException as error:
            # What led here is to be reported.
            LOG.warning('Volume %s stays on this host: %s',
                        connections.volume_id(info), error,
                        instance=instance)

    def _unplug_again(self, name: str, device: devices.Device) -> None:
        try:
            self._client.devices.unplug(name, device.path, force=True)
        except exceptions.ClientError as error:
            LOG.warning('%s stays plugged into %s: %s', device.path, name,
                        error)


def known(context: _Context, instance: _Instance) -> BlockDeviceInfo:
    """What Nova has stored, for operations that are not told."""
    found: dict[str, typing.Any] = driver.get_block_device_info(
        instance, bdm_objects.BlockDeviceMappingList.get_by_instance_uuid(
            context, instance.uuid))
    found['block_device_mapping'] = [
        volume for volume in found['block_device_mapping']
        if volume.get('connection_info')]
    return found


@contextlib.contextmanager
def _locked(info: _Info) -> Iterator[None]:
    """Let one operation at a time decide whether others have a volume."""
    with lockutils.lock(f'volume-{connections.volume_id(info)}',
                        lock_file_prefix='novacontainer-'):
        yield


def _volumes(block_device_info: BlockDeviceInfo) -> list[typing.Any]:
    return list(driver.block_device_info_get_mapping(block_device_info))


def _ids(volumes: Sequence[typing.Any]) -> str:
    return ', '.join(connections.volume_id(volume['connection_info'])
                     for volume in volumes)


def _device(info: _Info, source: str, mountpoint: str) -> devices.Device:
    mode = info['data'].get('access_mode') or 'rw'
    return devices.Device(
        source, _path(mountpoint), 'r' if mode == 'ro' else 'rw')


def _path(mountpoint: str) -> str:
    return str(block_device.prepend_dev(mountpoint))


def _name(instance: _Instance) -> str:
    return containerspec.container_name(instance)
