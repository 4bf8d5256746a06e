"""When the cloud as a whole can take a tenant.

Called by ``cloud`` after everything was started; asks Nova, Neutron and
Cinder as the administrator.
"""

from collections.abc import Callable

import openstack

from demo import catalog
from demo import cinder
from demo import directory as directories
from demo import errors
from demo import neutron
from demo import processes
from demo import waiting


def wait(directory: directories.Directory,
         supervisor: processes.Supervisor) -> None:
    """Wait for the compute host in the scheduler's eyes, and the agents.

    :raises DemoError: something ended, or is not there in time.
    """
    cloud = catalog.connect(directory, 'admin')
    _until(supervisor, ['nova-compute', 'nova-conductor', 'nova-scheduler'],
           'Nova maps its compute host', lambda: _host_mapped(cloud))
    _until(supervisor, list(neutron.AGENTS),
           'all Neutron agents report', lambda: _agents_alive(cloud))
    _until(supervisor, [cinder.SCHEDULER, cinder.VOLUME],
           'both services of Cinder report', lambda: _volumes_served(cloud))


def _host_mapped(cloud: openstack.connection.Connection) -> bool:
    # Only hosts that are mapped to a cell are listed.  Without details:
    # for these Nova asks the host, which may not listen yet.
    return any(host.state == 'up' and host.status == 'enabled'
               for host in cloud.compute.hypervisors(details=False))


def _agents_alive(cloud: openstack.connection.Connection) -> bool:
    alive = {agent.binary for agent in cloud.network.agents()
             if agent.is_alive}
    return alive.issuperset(neutron.AGENTS)


def _volumes_served(cloud: openstack.connection.Connection) -> bool:
    found = {service.binary for service in cloud.block_storage.services()
             if service.state == 'up'}
    return found.issuperset((cinder.SCHEDULER, cinder.VOLUME))


def _until(supervisor: processes.Supervisor, names: list[str], what: str,
           condition: Callable[[], bool]) -> None:
    def holds() -> bool:
        for name in names:
            if not supervisor.alive(name):
                raise errors.DemoError(f'{name} has ended.',
                                       [supervisor.log(name)])
        return condition()
    waiting.until(what, holds, 120,
                  [supervisor.log(name) for name in names], 0.5)
