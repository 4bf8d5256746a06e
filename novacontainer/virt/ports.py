"""Ports that nova-compute died over while it attached them.

Called by ``interruptions`` with the instances of the host; calls Neutron.

Nova binds a port to the host first, and notes that the instance has it when
the driver has attached it.  If nova-compute dies in between, the port is the
instance's to Neutron, and to Nova it is nobody's: it can neither be used nor
detached.  Once Nova knows it, the compute manager plugs it.
"""

from collections.abc import Sequence

from keystoneauth1 import exceptions as keystone_exceptions
from neutronclient.common import exceptions as neutron_exceptions
from nova.compute import vm_states
from nova import context as nova_context
from nova import exception
from nova.network import neutron
from nova.objects import instance as instance_objects
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

_Context = nova_context.RequestContext
_Instance = instance_objects.Instance

#: When Neutron or Keystone is away.
_FAILURES = (
    exception.NovaException, keystone_exceptions.ClientException,
    neutron_exceptions.NeutronException)


class Ports:
    """What Neutron has noted of the ports of instances."""

    def __init__(self) -> None:
        self._neutron = neutron.API()

    def settle(self, context: _Context,
               instances: Sequence[_Instance]) -> None:
        """Let Nova know the ports that instances have.

        What fails is logged: nova-compute shall start all the same.

        :param instances: all of this host.
        """
        found = {instance.uuid: instance for instance in instances}
        if not found:
            return
        try:
            bound = self._neutron.list_ports(
                context, **{'binding:host_id': instances[0].host})
            for port in bound['ports']:
                if port['device_id'] in found:
                    self._settle(context, found[port['device_id']],
                                 port['id'])
        except _FAILURES as error:
            LOG.warning('Whether nova-compute ended while it attached a port '
                        'cannot be found out: %s', error)

    def _settle(self, context: _Context, instance: _Instance,
                port_id: str) -> None:
        known = instance.get_network_info() or []
        if (instance.vm_state == vm_states.BUILDING
                or port_id in (vif['id'] for vif in known)):
            return
        self._neutron.get_instance_nw_info(
            context, instance, force_refresh=True)
        LOG.warning('nova-compute ended while it attached port %s. It is '
                    'attached now.', port_id, instance=instance)
