"""The first half: what has to be on the machine before a cloud can start.

Called by ``__main__`` under the system's Python; calls ``ports``,
``packages``, ``account`` and ``environment``.  What stands is skipped.
"""

from demo import account
from demo import directory as directories
from demo import environment
from demo import namespaces
from demo import packages
from demo import ports
from demo import processes
from demo import report as reports
from demo import switch

PHASE = 'Installation'


def run(directory: directories.Directory, report: reports.Report) -> None:
    """Install Debian packages, the user, OpenStack and novacontainer.

    :raises DemoError: a step failed.
    """
    report.phase(f'{PHASE}, under {directory.root}')
    with report.step(PHASE, 'Ports and interfaces are free, or ours'):
        _refuse_taken(directory)
    missing = packages.missing()
    if missing:
        with report.step(
                PHASE, f'Debian packages: {len(missing)} missing of '
                f'{len(packages.wanted())}', directory.log / 'apt.log'):
            packages.install(missing, directory)
    else:
        report.say(f'{"":>8}  Debian packages: all there')
    with report.step(PHASE, f'User {directories.USER}, which has no rights'):
        account.create(directory)
    pip_log = environment.log(directory)
    if environment.openstack_stands(directory):
        report.say(f'{"":>8}  OpenStack in {directory.venv}: there')
    else:
        report.say(f'{"":>8}  OpenStack comes from the Python package index: '
                   'the longest step, 1 to 4 minutes')
        with report.step(PHASE, 'OpenStack in a Python environment', pip_log):
            environment.install_openstack(directory)
    if environment.novacontainer_stands(directory):
        report.say(f'{"":>8}  novacontainer: as in the checkout')
    else:
        with report.step(PHASE, 'novacontainer, a wheel from the checkout',
                         pip_log):
            environment.install_novacontainer(directory)
    with report.step(PHASE, 'sudo for nova-rootwrap, with our filters only'):
        account.grant(directory)


def _refuse_taken(directory: directories.Directory) -> None:
    """Look before minutes are spent on packages."""
    supervisor = processes.Supervisor(directory)
    ours = {name for name in supervisor.names() if supervisor.alive(name)}
    ports.refuse_taken(ours)
    switch.refuse_taken_range()
    if 'ovs-vswitchd' not in ours:
        switch.refuse_foreign(directory)
        if switch.was_killed(directory):
            # The next one makes its devices anew, and not inside of the
            # namespaces: the agents have to begin anew as well.
            supervisor.stop(name for name in ours if name.endswith('-agent'))
            namespaces.remove_of_agents(directory)
