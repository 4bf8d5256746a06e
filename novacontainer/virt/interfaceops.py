"""The interfaces of an instance that is there: attach, detach, readdress.

Called by ``virt.driver``; calls ``containerops`` (is there a namespace, does
anything run in it), ``networkops`` and ``devicetags``.

Interfaces are laid out together, since there is one default route: whatever
changes, all that the instance has is gone over, and what is right stays
untouched.  An instance that stands still is silent (see ``powerops``) and is
plugged when it goes on.
"""

from collections.abc import Sequence

from nova import context as nova_context
from nova.network import model
from nova.objects import instance as instance_objects

from novacontainer.virt import containerops
from novacontainer.virt import devicetags
from novacontainer.virt import errors
from novacontainer.virt import networkops

_Instance = instance_objects.Instance


class InterfaceOps:
    """Operations on single interfaces."""

    def __init__(
        self,
        container_ops: containerops.ContainerOps,
        network_ops: networkops.NetworkOps,
    ) -> None:
        self._containers = container_ops
        self._network = network_ops

    def attach(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        vif: model.VIF,
    ) -> None:
        """Give the instance one more interface, at once if it runs.

        A failure leaves the instance as it was.

        :raises: exception.VirtualInterfacePlugException
        """
        self._plug(context, instance, [*_others(instance, vif), vif])
        devicetags.save(context, instance)

    def detach(self, instance: _Instance, vif: model.VIF) -> None:
        """Take an interface away; fine when there is none.

        The default route goes over to the next interface that has one.

        :raises: exception.VirtualInterfaceUnplugException
        """
        self._network.unplug(instance, [vif])
        self._plug(nova_context.get_admin_context(), instance,
                   _others(instance, vif))

    def readdress(
        self,
        instance: _Instance,
        network_info: Sequence[model.VIF],
    ) -> None:
        """Set the addresses to what Neutron says now.

        :raises: exception.VirtualInterfacePlugException
        """
        self._plug(nova_context.get_admin_context(), instance, network_info,
                   exact=True)

    def _plug(
        self,
        context: nova_context.RequestContext,
        instance: _Instance,
        network_info: Sequence[model.VIF],
        exact: bool = False,
    ) -> None:
        with errors.translated(errors.Operation.INSPECT, instance):
            container = self._containers.find(instance)
        if container is not None and container.status == 'running':
            self._network.plug(context, instance, network_info,
                               container.netns_path, exact=exact)


def _others(instance: _Instance, vif: model.VIF) -> list[model.VIF]:
    """What the instance is connected to besides, as Nova's cache has it."""
    return [other for other in instance.get_network_info() or ()
            if other['id'] != vif['id']]
