"""The host: what it has, and how Nova and Placement are told.

Called by ``virt.driver``; calls the client and reads the host's /proc.
"""

import os
import re
import typing

from nova.compute import provider_tree as compute_tree
from nova.objects import fields
from nova.objects import instance as instance_objects
from nova.virt import node
import os_resource_classes as orc
from oslo_concurrency import processutils
from oslo_serialization import jsonutils

from novacontainer import client as runtime
from novacontainer.virt import conf
from novacontainer.virt import errors

CONF = conf.CONF

#: Trait of every host of ours, for flavors and images that require it.
TRAIT = 'CUSTOM_NOVACONTAINER'

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


class HostOps:
    """Operations on the host.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client
        self._nodename = ''

    def init_host(self, host: str) -> None:
        """Learn the host's name and see whether the runtime answers.

        :raises: exception.HypervisorUnavailable
        """
        with errors.host_translated():
            self._client.system.ping()
        self._nodename = host

    def get_available_nodes(self) -> list[str]:
        """The one node that this host is."""
        return [self._nodename or CONF.host]

    def get_available_resource(self) -> dict[str, typing.Any]:
        """What ``ComputeDriver.get_available_resource`` asks for.

        :raises: exception.HypervisorUnavailable
        """
        with errors.host_translated():
            info = self._client.system.info()
        memory_bytes, available_bytes = _memory()
        disk = os.statvfs(info['DockerRootDir'])
        size_bytes = disk.f_frsize * disk.f_blocks
        free_bytes = disk.f_frsize * disk.f_bavail
        arch = fields.Architecture.canonicalize(info['Architecture'])
        return {
            'vcpus': info['NCPU'],
            # Nova counts what its instances use by itself.
            'vcpus_used': 0,
            'memory_mb': memory_bytes // _MIB,
            'memory_mb_used': (memory_bytes - available_bytes) // _MIB,
            'local_gb': size_bytes // _GIB,
            'local_gb_used': (size_bytes - free_bytes) // _GIB,
            'disk_available_least': free_bytes // _GIB,
            'hypervisor_type': fields.HVType.DOCKER,
            'hypervisor_version': version_number(info['ServerVersion']),
            'hypervisor_hostname': self.get_available_nodes()[0],
            'cpu_info': jsonutils.dumps({
                'arch': arch,
                'topology': {
                    'cores': info['NCPU'], 'threads': 1, 'sockets': 1},
            }),
            'supported_instances': [
                (arch, fields.HVType.DOCKER, fields.VMMode.EXE)],
            'numa_topology': None,
            'uuid': node.get_local_node_uuid(),
        }

    def update_provider_tree(
        self,
        provider_tree: compute_tree.ProviderTree,
        nodename: str,
        ratios: dict[str, float],
        reserved_disk_gb: int,
    ) -> None:
        """Report the inventory to Placement, and our trait.

        :param ratios: allocation ratios by resource class.
        :raises: exception.HypervisorUnavailable
        """
        resource = self.get_available_resource()
        rows = (
            (orc.VCPU, resource['vcpus'], CONF.reserved_host_cpus),
            (orc.MEMORY_MB, resource['memory_mb'],
             CONF.reserved_host_memory_mb),
            (orc.DISK_GB, resource['local_gb'], reserved_disk_gb),
        )
        # Placement forbids an inventory of nothing.
        provider_tree.update_inventory(nodename, {
            name: {
                'total': total,
                'min_unit': 1,
                'max_unit': total,
                'step_size': 1,
                'allocation_ratio': ratios[name],
                'reserved': reserved,
            }
            for name, total, reserved in rows if total})
        # Added, not set: operators' own traits stay.
        provider_tree.add_traits(nodename, TRAIT)

    def shared_storage_local(
        self, instance: instance_objects.Instance,
    ) -> dict[str, str]:
        """What the host that shares an instance's storage recognises.

        No storage is shared between hosts; but a resize may have been
        within this one.  Of an instance that is on another host by now, all
        that is here is a leftover: not even a question is asked, which
        nobody may be there to answer.

        :raises: NotImplementedError, which the manager takes for: is not
            shared (None would mean that it is)
        """
        if instance.host != self._nodename:
            raise NotImplementedError
        return {'host': self._nodename}

    def shared_storage_remote(self, data: dict[str, str]) -> bool:
        """Whether it is this host that asks itself."""
        return data.get('host') == self._nodename

    def get_host_ip_addr(self) -> str:
        """Address of this host for others: nova.conf's ``my_ip``."""
        return typing.cast(str, CONF.my_ip)

    def get_host_uptime(self) -> str:
        """What uptime(1) prints; nova-api parses its fields."""
        out, _ = processutils.execute('env', 'LANG=C', 'uptime')
        return typing.cast(str, out)


def _memory() -> tuple[int, int]:
    """Bytes of memory there are and that are available (proc(5))."""
    found = {}
    with open('/proc/meminfo', encoding='ascii') as file:
        for line in file:
            name, _, rest = line.partition(':')
            found[name] = int(rest.split()[0]) * 1024
    return found['MemTotal'], found['MemAvailable']


def version_number(version: str) -> int:
    """``1.2.3`` as Nova stores versions, 1002003; suffixes are ignored."""
    parts = [int(part) for part in re.findall(r'\d+', version)[:3]]
    major, minor, patch = (parts + [0, 0, 0])[:3]
    return (major * 1000 + minor) * 1000 + patch
