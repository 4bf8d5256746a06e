"""How to go on by hand, at the end of the demo.

Called by ``standing``.
"""

import string

from demo import directory as directories
from demo import tenant

_TEXT = string.Template("""
The cloud stays up.  Go on by hand, as the tenant:

  source $root/demo-openrc
  openstack server create --image web --flavor $flavor \\
      --network $network --security-group $group --wait mine
  openstack server list
  openstack console log show mine
  openstack console url show --serial mine

  # from inside the tenant's network:
  ip netns exec qdhcp-$$(openstack network show $network -f value -c id) \\
      curl http://ADDRESS/

As the administrator: source $root/admin-openrc
The runtime speaks the Docker API:
  docker -H unix://$socket ps
Logs: $root/log.  "make demo-clean" removes everything.""")


def text(directory: directories.Directory) -> str:
    """The paragraph, with this demo's names in it."""
    return _TEXT.substitute(
        root=directory.root, flavor=tenant.FLAVOR, network=tenant.NETWORK,
        group=tenant.GROUP, socket=directory.runtime_socket)
