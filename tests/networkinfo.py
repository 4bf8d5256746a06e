"""Builds Nova's network model for tests, the way Neutron's API fills it."""

from nova.network import model
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

objects.register_all()

PORT = '3f2a1b4c-5d6e-4f70-8a9b-0c1d2e3f4a5b'


def subnet(cidr, *addresses, gateway=None, dns=(), routes=(), **meta):
    """A subnet with the port's addresses in it.

    :param routes: (destination, next hop) pairs.
    """
    return model.Subnet(
        cidr=cidr,
        # Neutron's client code in Nova always makes an IP, empty or not.
        gateway=model.IP(address=gateway, type='gateway'),
        dns=[model.IP(address=server, type='dns') for server in dns],
        ips=[model.FixedIP(address=address) for address in addresses],
        routes=[
            model.Route(cidr=destination,
                        gateway=model.IP(address=hop, type='gateway'))
            for destination, hop in routes],
        **meta)


def vif(*subnets, port=PORT, kind='ovs', address='fa:16:3e:00:00:05',
        bridge='br-int', mtu=1450, details=None, active=False, **fields):
    """A VIF of a bound Neutron port."""
    if details is None:
        details = {'datapath_type': 'netdev', 'port_filter': True}
    network = model.Network(
        id=uuids.network, bridge=bridge, label='private',
        subnets=list(subnets), mtu=mtu)
    return model.VIF(
        id=port, address=address, network=network, type=kind,
        details=details, devname=f'tap{port}'[:14], ovs_interfaceid=port,
        active=active, **fields)


def instance(**extra_specs):
    """An instance, as far as networking looks at it.

    :param extra_specs: those of the flavor in ``quota:vif_``.
    """
    return objects.Instance(
        id=1, uuid=uuids.instance, project_id=uuids.project,
        flavor=objects.Flavor(name='m1.tiny', extra_specs={
            f'quota:vif_{key}': value
            for key, value in extra_specs.items()}))
