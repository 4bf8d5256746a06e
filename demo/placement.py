"""Placement: which host has room.

Called by ``cloud``.
"""

from demo import directory as directories
from demo import ports
from demo import processes
from demo import schema
from demo import uwsgi


def prepare(directory: directories.Directory) -> None:
    """Make the schema."""
    schema.synchronise(directory, 'placement', [
        ('placement-manage', '--config-file',
         str(directory.etc / 'placement' / 'placement.conf'), 'db', 'sync')])


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Serve the API."""
    etc = directory.etc / 'placement'
    supervisor.start(uwsgi.process(
        directory, 'placement', 'placement.wsgi.api', ports.PLACEMENT,
        {'OS_PLACEMENT_CONFIG_DIR': str(etc)}, (etc / 'placement.conf',)))
    supervisor.wait_ready('placement', lambda: ports.answers(ports.PLACEMENT))
