"""The network of an instance: plug, unplug, wait for Neutron.

Called by ``virt.driver`` and ``virt.containerops``; calls ``virt.addressing``
(which addresses and routes), ``virt.vif`` (which switch, through os-vif) and
``virt.privsep.wiring`` (veth pairs and everything inside the namespace, as
root).
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import os
import sys
import typing

import nova.conf
from nova import context as nova_context
from nova import exception
from nova.network import model
from nova.objects import instance as nova_instance
from nova.virt import virtapi as nova_virtapi
import os_vif
from oslo_log import log as logging
from vif_plug_ovs import privsep as vif_plug_privsep

from novacontainer.virt import addressing
from novacontainer.virt import interface
from novacontainer.virt import limits
from novacontainer.virt import networkconf
from novacontainer.virt import privsep
from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import wiring
from novacontainer.virt import resolver
from novacontainer.virt import vif as vif_types

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

networkconf.register_opts(CONF)


class NetworkOps:
    """The driver's network operations.

    :param virtapi: what the compute manager lets a driver call back.
    """

    def __init__(self, virtapi: nova_virtapi.VirtAPI) -> None:
        self._virtapi = virtapi
        os_vif.initialize()

    @staticmethod
    def start_helpers() -> None:
        """Start the privileged helpers ahead of the first boot.

        Each takes about half a second, which the first instance would wait
        for; and a sudo that refuses is logged when nova-compute starts.  It
        is not fatal: the next plug tries again, and fails with its reason.
        """
        for context in (privsep.network, vif_plug_privsep.vif_plug):
            if context.channel is not None:
                continue
            try:
                context.start()
            except errors.CALL_FAILURES as error:
                LOG.error('%s', errors.sentence(error))

    def plug(
        self,
        context: nova_context.RequestContext | None,
        instance: nova_instance.Instance,
        network_info: Sequence[model.VIF],
        netns_path: str,
        *,
        exact: bool = False,
    ) -> None:
        """Connect a container's network namespace to all of its ports.

        Afterwards addresses and routes work, before any process runs.  May
        be called again at any time: what is connected stays untouched, what
        is missing is added.  A failure removes what the call has made.

        :param netns_path: where the namespace is pinned.
        :param exact: addresses that are not Neutron's go; else they stay,
            as an instance with the right to do so may have set them.
        :raises: exception.VirtualInterfacePlugException
        """
        connections = [vif_types.connection(vif) for vif in network_info]
        wanted = _interfaces(
            network_info, connections, limits.traffic(instance.flavor),
            exact)
        fresh = {
            connection.device for connection in connections
            if not vif_types.device_exists(connection.device)}
        with contextlib.ExitStack() as undo:
            undo.callback(self._undo, instance, connections, fresh)
            for connection in connections:
                if connection.device in fresh:
                    vif_types.forget(connection, instance)
            # A hybrid port's bridge must exist before the veth can join it,
            # the veth before Open vSwitch can take it.
            for connection in connections:
                if connection.bridge:
                    vif_types.plug(connection, instance)
            self._make_pairs(instance, netns_path, connections, wanted, fresh)
            for connection in connections:
                if not connection.bridge:
                    vif_types.plug(connection, instance)
            undo.pop_all()

    def unplug(
        self,
        instance: nova_instance.Instance,
        network_info: Sequence[model.VIF],
    ) -> None:
        """Disconnect all ports; needs neither them nor the namespace.

        Every port is tried, whatever becomes of the others.

        :raises: exception.VirtualInterfaceUnplugException
        """
        connections = [vif_types.remnant(vif) for vif in network_info]
        self._disconnect(
            instance, connections,
            [connection.device for connection in connections])

    @staticmethod
    def connected(
        instance: nova_instance.Instance,
        netns_path: str,
    ) -> list[model.VIF]:
        """What a container's namespace is connected to, for :meth:`unplug`.

        For an instance whose network Nova has forgotten.

        :param netns_path: where the namespace is pinned, or was.
        """
        if not os.path.exists(netns_path):
            return []
        try:
            devices = wiring.host_ends(netns_path)
        except errors.CALL_FAILURES as error:
            LOG.warning('The interfaces cannot be found: %s',
                        errors.sentence(error), instance=instance)
            return []
        return [vif_types.forgotten(device) for device in devices]

    @staticmethod
    def silence(
        instance: nova_instance.Instance,
        network_info: Sequence[model.VIF],
    ) -> None:
        """Let nothing in or out, until the next plug.

        Everything stays connected, so that Neutron sees no change.  A
        failure is only logged: the instance is as it should be but for an
        echo.
        """
        devices = [
            device for device in map(vif_types.device_name, network_info)
            if vif_types.device_exists(device)]
        if not devices:
            return
        try:
            wiring.silence(devices)
        except errors.CALL_FAILURES as error:
            LOG.warning('The interfaces stay up: %s', errors.sentence(error),
                        instance=instance)

    @contextlib.contextmanager
    def wait_for_plugged(
        self,
        instance: nova_instance.Instance,
        network_info: Sequence[model.VIF],
    ) -> Iterator[None]:
        """Wait until Neutron reports the ports up that were down before.

        The code within plugs them; what comes after it runs with a working
        network.  ``vif_plugging_timeout = 0`` waits for nothing.

        :raises: exception.VirtualInterfaceCreateException if Neutron does
            not report in time, or reports a failure, and
            ``vif_plugging_is_fatal`` is set.
        """
        timeout_s = CONF.vif_plugging_timeout
        # A VIF without the key is from an old cache: assume it is up rather
        # than wait for an event that will never come.
        events = [
            ('network-vif-plugged', vif['id']) for vif in network_info
            if vif.get('active', True) is False]
        if not events or not timeout_s:
            yield
            return
        try:
            # The third argument has had two names, deadline and timeout.
            with self._virtapi.wait_for_instance_event(
                    instance, events, timeout_s,
                    error_callback=_neutron_failed):
                yield
        except _timeout_class():
            ports = ', '.join(port for _, port in events)
            message = (
                f'Neutron did not report the ports {ports} up within '
                f'{timeout_s} seconds. Check that its agent or '
                f'ovn-controller on this host is alive.')
            if CONF.vif_plugging_is_fatal:
                raise exception.VirtualInterfaceCreateException(
                    message) from None
            LOG.warning('%s Going on, because vif_plugging_is_fatal is '
                        'not set.', message, instance=instance)

    @staticmethod
    def resolver(
        network_info: Sequence[model.VIF],
    ) -> tuple[list[str], list[str]]:
        """See :func:`resolver.resolver`."""
        return resolver.resolver(network_info)

    @staticmethod
    def _make_pairs(
        instance: nova_instance.Instance,
        netns_path: str,
        connections: Sequence[vif_types.Connection],
        wanted: Sequence[interface.Interface],
        fresh: set[str],
    ) -> None:
        """Adds to ``fresh`` the pairs that had to be replaced.

        Those had their other ends in a namespace that the port has left.
        """
        created = _wire(netns_path, wanted)
        replaced = [
            connection for connection in connections
            if connection.device in created - fresh
            # A Linux bridge takes the new device like any other.
            and connection.switch is not None and not connection.bridge]
        fresh.update(created)
        if replaced:
            for connection in replaced:
                vif_types.forget(connection, instance)
            _wire(netns_path, wanted)

    def _undo(
        self,
        instance: nova_instance.Instance,
        connections: Sequence[vif_types.Connection],
        fresh: set[str],
    ) -> None:
        """Remove what a plug has made; the failure itself goes on."""
        made = [connection for connection in connections
                if connection.device in fresh]
        try:
            self._disconnect(
                instance, made, [connection.device for connection in made])
        except exception.VirtualInterfaceUnplugException as error:
            LOG.warning('Leftovers of a failed plug remain: %s', error,
                        instance=instance)

    @staticmethod
    def _disconnect(
        instance: nova_instance.Instance,
        connections: Sequence[vif_types.Connection],
        devices: Sequence[str],
    ) -> None:
        failures = []
        for connection in connections:
            try:
                vif_types.unplug(connection, instance)
            except exception.VirtualInterfaceUnplugException as error:
                if connection.guessed:
                    # There may be no Open vSwitch on this host at all.
                    LOG.warning('%s', error, instance=instance)
                else:
                    failures.append(str(error))
        remaining = [
            device for device in devices if vif_types.device_exists(device)]
        if remaining:
            try:
                wiring.unwire(remaining)
            except errors.CALL_FAILURES as error:
                failures.append(errors.sentence(error))
        if failures:
            raise exception.VirtualInterfaceUnplugException(
                reason=' '.join(failures))


def _interfaces(
    network_info: Sequence[model.VIF],
    connections: Sequence[vif_types.Connection],
    traffic: limits.Traffic,
    exact: bool,
) -> list[interface.Interface]:
    plans = addressing.plan(network_info)
    return [
        interface.Interface(
            device=connection.device,
            name=f'eth{index}',
            address=vif['address'],
            mtu=vif['network'].get_meta('mtu') or 0,
            host_address=connection.host_address,
            host_ipv6=connection.host_ipv6,
            bridge=connection.bridge,
            checksum_offload=_keeps_offload(connection),
            accept_ra=plan.accept_ra,
            exact=exact,
            addresses=plan.addresses,
            routes=plan.routes,
            inbound=traffic.inbound,
            outbound=traffic.outbound)
        for index, (vif, connection, plan) in enumerate(
            zip(network_info, connections, plans, strict=True))]


def _keeps_offload(connection: vif_types.Connection) -> bool:
    choice = CONF.novacontainer.vif_checksum_offload
    if choice == 'auto':
        return connection.kernel_datapath
    return typing.cast(bool, choice == 'on')


def _wire(
    netns_path: str, wanted: Sequence[interface.Interface],
) -> set[str]:
    """Returns the host ends that had to be created."""
    try:
        pairs = wiring.wire(
            netns_path, [item.to_primitive() for item in wanted])
    except errors.CALL_FAILURES as error:
        raise exception.VirtualInterfacePlugException(
            errors.sentence(error)) from error
    return {pair['device'] for pair in pairs if pair['created']}


def _neutron_failed(event_name: str, instance: nova_instance.Instance) -> None:
    """Neutron reported that it could not wire a port."""
    LOG.error('Neutron reported a failure: %s', event_name,
              instance=instance)
    if CONF.vif_plugging_is_fatal:
        raise exception.VirtualInterfaceCreateException(
            f'Neutron reported that it could not connect a port '
            f'({event_name}). The log of its agent on this host says why.')


def _timeout_class() -> type[BaseException]:
    """What wait_for_instance_event raises when its time is up.

    Nova 2025.1 raises eventlet's Timeout and has imported it by then;
    importing it ourselves would break the native threads of later releases.
    """
    ours = getattr(exception, 'InstanceEventTimeout', None)
    if ours is None:
        ours = sys.modules['eventlet.timeout'].Timeout
    return typing.cast(type[BaseException], ours)
