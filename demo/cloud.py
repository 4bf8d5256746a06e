"""The second half: everything that runs, and what has to run before what.

Called by ``__main__`` under the Python environment; calls the module of
every service.  Starts are idempotent: what runs as wanted is left alone.
"""

from collections.abc import Callable
import functools
import os

from demo import catalog
from demo import cinder
from demo import configs
from demo import databases
from demo import directory as directories
from demo import glance
from demo import images
from demo import keystone
from demo import lxcfs
from demo import messaging
from demo import neutron
from demo import nova
from demo import placement
from demo import ports
from demo import processes
from demo import readiness
from demo import report as reports
from demo import runtime
from demo import switch
from demo import tasks

PHASE = 'Cloud'


def start(directory: directories.Directory,
          supervisor: processes.Supervisor, report: reports.Report) -> None:
    """Bring the cloud up, with its images.

    :raises DemoError: a step failed; what runs is left running.
    """
    report.phase(f'{PHASE}: starts, in parallel where the order allows')
    configs.write(directory, switch.datapath())
    # Starting is work for the processor more than waiting: a few tasks more
    # than processors keep it busy and start nothing that has to time out.
    workers = (os.cpu_count() or 1) + 2
    tasks.run(_plan(directory, supervisor), report, PHASE, workers)


def _plan(directory: directories.Directory,
          supervisor: processes.Supervisor) -> list[tasks.Task]:
    """All tasks; those on the longest chain stand first."""
    def prepare(action: Callable[..., object]) -> Callable[[], object]:
        return functools.partial(action, directory)

    def launch(action: Callable[..., object],
               **more: object) -> Callable[[], object]:
        return functools.partial(action, directory, supervisor, **more)

    return [
        tasks.Task('mariadb', 'MariaDB', launch(databases.start)),
        tasks.Task('rabbitmq', 'RabbitMQ', launch(messaging.start)),
        tasks.Task('nova-schema', 'Nova: schemas and cells',
                   prepare(nova.prepare), ('mariadb',)),
        tasks.Task('keystone-schema', 'Keystone: schema and administrator',
                   prepare(keystone.prepare), ('mariadb',)),
        tasks.Task('neutron-schema', 'Neutron: schema',
                   prepare(neutron.prepare), ('mariadb',)),
        tasks.Task('keystone', 'Keystone', launch(keystone.start),
                   ('keystone-schema',)),
        tasks.Task('catalog', 'Accounts, catalog, tenant',
                   prepare(catalog.fill), ('keystone',)),
        tasks.Task('placement-schema', 'Placement: schema',
                   prepare(placement.prepare), ('mariadb',)),
        tasks.Task('placement', 'Placement', launch(placement.start),
                   ('placement-schema',)),
        tasks.Task('lxcfs', 'lxcfs', launch(lxcfs.start)),
        tasks.Task('novacontainerd', 'novacontainerd, the runtime',
                   launch(runtime.start), ('lxcfs',)),
        tasks.Task('controllers', 'Nova: conductor and scheduler',
                   # The conductor ends when Placement is known to Keystone
                   # and does not answer.
                   launch(nova.start_controllers),
                   ('nova-schema', 'rabbitmq', 'catalog', 'placement')),
        tasks.Task('switch', 'Open vSwitch', launch(switch.start)),
        tasks.Task('compute', 'Nova: compute, unprivileged, with our driver',
                   launch(nova.start_compute),
                   ('controllers', 'novacontainerd', 'switch')),
        tasks.Task('neutron', 'Neutron: API and RPC servers',
                   launch(neutron.start_servers),
                   ('neutron-schema', 'rabbitmq')),
        tasks.Task('agents', 'Neutron: Open vSwitch, DHCP, L3, metadata',
                   launch(neutron.start_agents),
                   ('neutron', 'catalog', 'switch')),
        tasks.Task('nova', 'Nova: API',
                   launch(nova.start_api, name='nova-api', port=ports.NOVA,
                          module='nova.wsgi.osapi_compute'),
                   ('nova-schema', 'rabbitmq')),
        tasks.Task('glance-schema', 'Glance: schema',
                   prepare(glance.prepare), ('mariadb',)),
        tasks.Task('glance', 'Glance', launch(glance.start),
                   ('glance-schema',)),
        tasks.Task('images', 'Images built from Debian packages',
                   prepare(images.build)),
        tasks.Task('upload', 'Images uploaded to Glance',
                   prepare(images.upload), ('images', 'glance', 'catalog')),
        tasks.Task('metadata', 'Nova: metadata',
                   launch(nova.start_api, name='nova-metadata',
                          port=ports.NOVA_METADATA,
                          module='nova.wsgi.metadata'),
                   ('nova-schema', 'rabbitmq')),
        tasks.Task('serialproxy', 'Nova: proxy of serial consoles',
                   launch(nova.start_serialproxy),
                   ('nova-schema', 'rabbitmq')),
        tasks.Task('cinder-schema', 'Cinder: schema',
                   prepare(cinder.prepare), ('mariadb',)),
        tasks.Task('cinder', 'Cinder: API, scheduler and volume service',
                   launch(cinder.start),
                   ('cinder-schema', 'rabbitmq', 'catalog')),
        tasks.Task('readiness', 'The compute host and all agents report',
                   launch(readiness.wait),
                   ('compute', 'agents', 'nova', 'metadata', 'serialproxy',
                    'cinder')),
    ]
