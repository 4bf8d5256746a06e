"""What happens once everything is installed: start, prove, hand over.

Called by ``__main__`` under the Python environment; calls ``cloud``,
``scenario`` and ``leaks``.
"""

import os

import openstack

from demo import cloud
from demo import directory as directories
from demo import errors
from demo import handover
from demo import processes
from demo import report as reports
from demo import scenario


def run(directory: directories.Directory, report: reports.Report) -> None:
    """Start the cloud, be its tenant, look for leaks, tell how to go on.

    :raises DemoError: a step failed.
    """
    # Proxies are for packages; the cloud is on loopback.
    for name in ('no_proxy', 'NO_PROXY'):
        os.environ[name] = ','.join(
            filter(None, ['127.0.0.1,localhost', os.environ.get(name)]))
    supervisor = processes.Supervisor(directory)
    try:
        cloud.start(directory, supervisor, report)
        scenario.run(directory, report)
    except openstack.exceptions.SDKException as error:
        raise errors.DemoError(
            f'the cloud refused: {error}',
            [supervisor.log(name)
             for name in ('keystone', 'nova-api', 'neutron-api', 'glance')]
        ) from error
    report.phase('What was done, and the seconds it took')
    report.table()
    report.say(handover.text(directory))
