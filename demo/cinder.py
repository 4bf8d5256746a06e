"""Cinder: volumes, on a back end of the demo's own.

Called by ``cloud``, ``leaks`` and ``cleaning``.  The API and the scheduler
run as the unprivileged user, cinder-volume as root: it makes loop devices.
"""

import pathlib

from demo import commands
from demo import directory as directories
from demo import environment
from demo import ports
from demo import processes
from demo import schema
from demo import uwsgi

VOLUME = 'cinder-volume'
SCHEDULER = 'cinder-scheduler'


def prepare(directory: directories.Directory) -> None:
    """Make the state directories and the schema."""
    state = directory.own(directory.data / 'cinder')
    for name in ('lock', 'coordination'):
        directory.own(state / name)
    _files(directory).mkdir(mode=0o755, exist_ok=True)
    # Of root, as the one that uses them.
    (directory.data / 'cinder-volume').mkdir(mode=0o750, exist_ok=True)
    schema.synchronise(directory, 'cinder', [
        ('cinder-manage', '--config-file',
         str(directory.etc / 'cinder' / 'cinder.conf'), 'db', 'sync')])


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Start all three; that they report is for ``readiness`` to see."""
    etc = directory.etc / 'cinder'
    config = etc / 'cinder.conf'
    supervisor.start(uwsgi.process(
        directory, 'cinder-api', 'cinder.wsgi.api', ports.CINDER, {},
        (config,), f'--config-file {config}'))
    _start(directory, supervisor, SCHEDULER, (config,), directories.USER)
    _start(directory, supervisor, VOLUME,
           (config, etc / 'cinder-volume.conf'), None)
    supervisor.wait_ready('cinder-api', lambda: ports.answers(ports.CINDER))


def remove_devices(directory: directories.Directory) -> list[str]:
    """Detach the loop devices of volumes, and return them."""
    found = devices(directory)
    for device in found:
        commands.output(['losetup', '--detach', device])
    return found


def devices(directory: directories.Directory) -> list[str]:
    """Loop devices of volumes."""
    listing = commands.output(
        ['losetup', '--list', '--noheadings', '--raw', '--output',
         'NAME,BACK-FILE'])
    return [name for name, _, file in (
        line.partition(' ') for line in listing.splitlines())
        if pathlib.Path(file).is_relative_to(_files(directory))]


def _files(directory: directories.Directory) -> pathlib.Path:
    # As in cinder-volume.conf.
    return directory.data / 'volumes'


def _start(directory: directories.Directory,
           supervisor: processes.Supervisor, name: str,
           configs: tuple[pathlib.Path, ...], user: str | None) -> None:
    argv = [directory.tool(name)]
    for path in configs:
        argv += ['--config-file', str(path)]
    supervisor.start(processes.Process(
        name, tuple(argv),
        commands.clean_environment(
            directory.home, directory.venv / 'bin',
            # Our driver is loaded from there.
            PYTHONPATH=str(environment.CHECKOUT)),
        user, (*configs, environment.openstack_stamp(directory),
               environment.CHECKOUT / 'demo' / 'loopdriver.py')))
