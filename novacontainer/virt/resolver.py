"""Name servers of an instance, from Nova's network model.

Called by ``virt.containerops``, which hands the result to the runtime as
``HostConfig.Dns`` and ``HostConfig.DnsSearch``.
"""

from collections.abc import Sequence

from nova.network import model


def resolver(
    network_info: Sequence[model.VIF],
) -> tuple[list[str], list[str]]:
    """What the container's ``/etc/resolv.conf`` shall name.

    The subnets' ``dns_nameservers``; where no subnet has any, the DHCP
    servers, since Neutron's DHCP agent answers DNS on the same address and
    tells its clients so.  Neutron gives Nova no search domain.

    :returns: (name servers, search domains), each in the order of the VIFs
        and without duplicates.
    """
    subnets = [
        subnet for vif in network_info if vif['network']
        for subnet in vif['network']['subnets']]
    servers = [dns['address'] for subnet in subnets for dns in subnet['dns']]
    if not servers:
        servers = [
            subnet.get_meta('dhcp_server') for subnet in subnets
            if subnet.get_meta('dhcp_server')]
    return list(dict.fromkeys(servers)), []
