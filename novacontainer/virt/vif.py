"""How each of Neutron's VIF types is connected to the host's network.

Called by ``virt.networkops``; calls os-vif, which owns Open vSwitch's
database.  One function per VIF type turns Nova's VIF into a
:class:`Connection`; :data:`TYPES` is the table of them, and other packages
add to it with entry points of the group :data:`GROUP`.
"""

from collections.abc import Callable
import contextlib
import dataclasses
import errno
import importlib.metadata
import socket
import typing

from nova import exception
from nova.network import model
from nova.network import os_vif_util
from nova.objects import instance as nova_instance
import os_vif
from os_vif import exception as os_vif_exception
from os_vif.objects import network as os_vif_network
from os_vif.objects import vif as os_vif_vif
from oslo_privsep import daemon as privsep_daemon
from pyroute2.netlink import exceptions as netlink_exceptions

from novacontainer.virt.privsep import errors


#: Of entry points: the name is a VIF type, the object a function such as
#: those in :data:`TYPES`.
GROUP = 'novacontainer.vif_types'

_NO_PORT = '00000000-0000-0000-0000-000000000000'


@dataclasses.dataclass(frozen=True, slots=True)
class Connection:
    """One VIF, as it is connected on this host.

    :param device: the host end of the veth pair.
    :param switch: what os-vif plugs, or None where nothing is to be plugged.
    :param bridge: the Linux bridge that os-vif makes for this VIF and that
        takes the host end, or '' where the switch takes it itself.
    :param host_address: MAC address that the host end must have, or ''.
    :param host_ipv6: see :class:`interface.Interface`.
    :param kernel_datapath: Neutron says that the kernel forwards the packets.
    :param guessed: Nova no longer knows how the port was connected.
    """

    vif_id: str
    device: str
    switch: os_vif_vif.VIFBase | None = None
    bridge: str = ''
    host_address: str = ''
    host_ipv6: bool = False
    kernel_datapath: bool = False
    guessed: bool = False


def connection(vif: model.VIF) -> Connection:
    """How to connect a VIF.

    :raises: exception.VirtualInterfacePlugException if it cannot be.
    """
    connect = TYPES.get(vif['type']) or _plugged_in(vif)
    if connect is None:
        usable = USABLE_TYPES | {entry.name for entry in _plugins()}
        raise exception.VirtualInterfacePlugException(
            f'Unexpected vif_type={vif["type"]} of port {vif["id"]}; '
            f'containers can use ports of the types '
            f'{", ".join(sorted(usable))}.')
    if not _is_normal(vif):
        raise exception.VirtualInterfacePlugException(
            f'Port {vif["id"]} has vnic_type {vif["vnic_type"]}; containers '
            f'can only use ports of vnic_type normal.')
    return connect(vif)


def remnant(vif: model.VIF) -> Connection:
    """What may be left of a VIF, however little Nova still knows of it.

    By the time an instance is deleted its port may be unbound, or nothing
    but the port's id may be known.  Then it is looked for in Open vSwitch.
    """
    known = (vif.get('type') in USABLE_TYPES and _is_normal(vif)
             and (vif.get('network') or {}).get('bridge'))
    if known or vif.get('type') == model.VIF_TYPE_TAP:
        return TYPES[vif['type']](vif)
    if vif.get('type') not in TYPES:
        # A package that has gone must not keep an instance from going.
        with contextlib.suppress(exception.VirtualInterfacePlugException):
            if connect := _plugged_in(vif):
                return connect(vif)
    return Connection(
        vif_id=vif['id'], device=device_name(vif), guessed=True,
        switch=os_vif_vif.VIFOpenVSwitch(
            id=vif['id'], vif_name=device_name(vif), plugin='ovs',
            # No bridge: the port is looked for in all of them.
            network=os_vif_network.Network(bridge=''),
            port_profile=os_vif_vif.VIFPortProfileOpenVSwitch(
                interface_id=vif['id'])))


def forgotten(device: str) -> model.VIF:
    """A VIF of which nothing but the device is known, for :func:`remnant`.

    The device's name holds the head of the port's id.  The rest is made up:
    a port is looked for in Open vSwitch by its device.
    """
    head = device.removeprefix('tap')
    return model.VIF(id=head + _NO_PORT[len(head):], devname=device)


def device_name(vif: model.VIF) -> str:
    """Name of the host end: the one by which Neutron's agents know it."""
    return typing.cast(
        str, vif.get('devname') or f'tap{vif["id"]}'[:model.NIC_NAME_LEN])


def device_exists(device: str) -> bool:
    """Whether the host has a network device of that name."""
    try:
        socket.if_nametoindex(device)
    except OSError:
        return False
    return True


def plug(connection: Connection, instance: nova_instance.Instance) -> None:
    """Have os-vif connect the port; safe to repeat.

    :raises: exception.VirtualInterfacePlugException
    """
    try:
        _call(os_vif.plug, connection, instance)
    except os_vif_exception.ExceptionBase as error:
        raise _plug_exception(connection, error) from error


def forget(connection: Connection, instance: nova_instance.Instance) -> None:
    """Have the switch drop a port whose device is gone, before a new plug.

    ovs-vswitchd's userspace datapath keeps the socket of a device that was
    deleted, and does not look for a new device of the same name: a port
    that is merely plugged again would stay silent for ever.

    :raises: exception.VirtualInterfacePlugException
    """
    try:
        _disconnect(connection, instance)
    except os_vif_exception.ExceptionBase as error:
        raise _plug_exception(connection, error) from error


def unplug(connection: Connection, instance: nova_instance.Instance) -> None:
    """Have os-vif disconnect the port; one that is not there is fine.

    :raises: exception.VirtualInterfaceUnplugException
    """
    try:
        _disconnect(connection, instance)
    except os_vif_exception.ExceptionBase as error:
        raise exception.VirtualInterfaceUnplugException(
            reason=f'port {connection.vif_id} cannot be disconnected from '
                   f'the virtual switch: {_reason(error)}') from error


def _disconnect(
    connection: Connection, instance: nova_instance.Instance,
) -> None:
    try:
        _call(os_vif.unplug, connection, instance)
    except os_vif_exception.UnplugException as error:
        # os-vif tells it in words only, but raises while handling it.
        if not _device_went(error.__context__):
            raise
        # Whatever else there is to do is done now.
        _call(os_vif.unplug, connection, instance)


def _device_went(error: BaseException | None) -> bool:
    """Whether a device went with its namespace as it was to be removed.

    That is after os-vif has looked for it the first time, or the second.
    """
    return isinstance(error, os_vif_exception.NetworkInterfaceNotFound) or (
        isinstance(error, netlink_exceptions.NetlinkError)
        and error.code == errno.ENODEV)


def _call(
    operation: Callable[..., None],
    connection: Connection,
    instance: nova_instance.Instance,
) -> None:
    if connection.switch is not None:
        operation(connection.switch,
                  os_vif_util.nova_to_osvif_instance(instance))


def _plug_exception(
    connection: Connection, error: os_vif_exception.ExceptionBase,
) -> exception.VirtualInterfacePlugException:
    hint = (
        'Check that Open vSwitch runs on this host and that [os_vif_ovs] '
        'ovsdb_connection leads to it.')
    if isinstance(error.__context__, privsep_daemon.FailedToDropPrivileges):
        hint = errors.sentence(error.__context__)
    return exception.VirtualInterfacePlugException(
        f'Port {connection.vif_id} cannot be connected to the virtual '
        f'switch: {_reason(error)}. {hint}')


def _reason(error: os_vif_exception.ExceptionBase) -> str:
    """What went wrong, without os-vif's dump of the whole VIF."""
    return str(error.__context__ or error).rstrip('.')


def _plugins() -> importlib.metadata.EntryPoints:
    return importlib.metadata.entry_points(group=GROUP)


def _plugged_in(vif: model.VIF) -> Callable[[model.VIF], Connection] | None:
    """The function that another package has for a VIF's type, if one has.

    :raises: exception.VirtualInterfacePlugException if it cannot be loaded.
    """
    for entry in _plugins():
        if entry.name != vif.get('type'):
            continue
        try:
            return typing.cast(
                Callable[[model.VIF], Connection], entry.load())
        except (ImportError, AttributeError) as error:
            raise exception.VirtualInterfacePlugException(
                f'Port {vif["id"]} has vif_type={entry.name}, for which '
                f'{entry.value} is registered and cannot be loaded: {error}. '
                'Install the package that has it anew on this host.'
            ) from error
    return None


def _is_normal(vif: model.VIF) -> bool:
    vnic_type = vif.get('vnic_type') or model.VNIC_TYPE_NORMAL
    return typing.cast(bool, vnic_type == model.VNIC_TYPE_NORMAL)


def _ovs(vif: model.VIF) -> Connection:
    """Open vSwitch, from ML2/OVS and from OVN, native and hybrid."""
    switch = os_vif_util.nova_to_osvif_vif(vif)
    profile = switch.port_profile
    # We make the device, a veth; a tap of the same name would be in its way.
    if 'create_tap' in profile.fields:
        profile.create_tap = False
    bridge = ''
    if vif.is_hybrid_plug_enabled():
        bridge = switch.bridge_name
        switch.vif_name = device_name(vif)
    else:
        # libvirt creates the OVS port by itself, so os-vif leaves it out
        # unless it is told to.
        profile.create_port = True
    datapath = vif['details'].get(model.VIF_DETAILS_OVS_DATAPATH_TYPE)
    return Connection(
        vif_id=vif['id'], device=device_name(vif), switch=switch,
        bridge=bridge,
        kernel_datapath=datapath == model.VIF_DETAILS_OVS_DATAPATH_SYSTEM)


def _tap(vif: model.VIF) -> Connection:
    """A device that an agent on the host connects once it sees it."""
    return Connection(
        vif_id=vif['id'], device=device_name(vif),
        host_address=vif['details'].get(
            model.VIF_DETAILS_TAP_MAC_ADDRESS) or '',
        host_ipv6=True, kernel_datapath=True)


def _unbound(vif: model.VIF) -> typing.NoReturn:
    raise exception.VirtualInterfacePlugException(
        f'Port {vif["id"]} is not bound to this host (vif_type='
        f'{vif["type"]}). Check that the Neutron agent or ovn-controller on '
        f'this host is alive and reports the same host name as '
        f"nova-compute, and Neutron's server log for the reason.")


#: VIF type → function that says how to connect it.
TYPES: dict[str | None, Callable[[model.VIF], Connection]] = {
    model.VIF_TYPE_OVS: _ovs,
    model.VIF_TYPE_TAP: _tap,
    model.VIF_TYPE_UNBOUND: _unbound,
    model.VIF_TYPE_BINDING_FAILED: _unbound,
}
USABLE_TYPES = frozenset({model.VIF_TYPE_OVS, model.VIF_TYPE_TAP})
