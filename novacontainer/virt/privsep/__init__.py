"""The privileged side of the driver's networking.

nova-compute runs as an ordinary user.  What needs root is done by a helper
process that oslo.privsep starts through nova-rootwrap at the first call
(``etc/nova/rootwrap.d/novacontainer.filters``) and that keeps two
capabilities only:

* CAP_NET_ADMIN: create veth pairs, set addresses, routes and offloads.
* CAP_SYS_ADMIN: setns(2) into a container's network namespace, which
  requires it in the user namespace that owns the network namespace.

Entry points live in ``wiring``; everything they are given is checked by
``request`` first, because the caller is the side that may be compromised.
"""

from oslo_privsep import capabilities
from oslo_privsep import priv_context

network = priv_context.PrivContext(
    'novacontainer.virt.privsep',
    cfg_section='novacontainer_privileged',
    pypath=__name__ + '.network',
    capabilities=[
        capabilities.CAP_NET_ADMIN,
        capabilities.CAP_SYS_ADMIN,
    ],
)
