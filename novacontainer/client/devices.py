"""Block devices of containers: ``/containers/{id}/devices``, ours.

Called by the driver through :class:`novacontainer.client.Client`; calls
transport.
"""

import dataclasses

from novacontainer.client import transport


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A block device that was plugged into a container.

    :param source: its path on the host.
    :param path: its path in the container, ``/dev/NAME``.
    :param access: one or more of ``r``, ``w`` and ``m``.
    """

    source: str
    path: str
    access: str = 'rw'


class Devices:
    """The devices that come and go in the containers of one runtime.

    ``name`` is a container's name or id.  Every method raises
    :class:`~novacontainer.client.exceptions.ClientError` subclasses by
    status.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def plugged(self, name: str) -> list[Device]:
        """What was plugged in, in this order.

        :raises NotFound: there is no such container.
        """
        document: transport.Json = self._transport.json(
            'GET', f'/containers/{name}/json')
        found = (document.get('HostConfig') or {}).get('Devices') or ()
        return [Device(one['PathOnHost'], one['PathInContainer'],
                       one.get('CgroupPermissions') or '')
                for one in found if one.get('Plugged')]

    def plug(self, name: str, device: Device) -> None:
        """Plug it in; at once where the container runs.

        :raises InvalidRequest: it is no block device, or no such place.
        :raises Forbidden: the operator does not allow it.
        :raises NotFound: there is no such container.
        :raises Conflict: the container has something there already.
        :raises NotSupported: this host cannot change what runs.
        """
        self._transport.call(
            'POST', f'/containers/{name}/devices', body={
                'PathOnHost': device.source, 'PathInContainer': device.path,
                'CgroupPermissions': device.access})

    def unplug(self, name: str, path: str, force: bool = False) -> None:
        """Take it away again.

        :param path: in the container.
        :param force: even while a process has it open.
        :raises NotFound: there is no such container, or device.
        :raises Conflict: it is in use.
        :raises NotSupported: this host cannot change what runs.
        """
        self._transport.call(
            'DELETE', f'/containers/{name}/devices',
            params={'path': path, 'force': force})
