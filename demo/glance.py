"""Glance: images, in a directory.

Called by ``cloud``.
"""

from demo import directory as directories
from demo import ports
from demo import processes
from demo import schema
from demo import uwsgi


def prepare(directory: directories.Directory) -> None:
    """Make the directories and the schema."""
    data = directory.own(directory.data / 'glance')
    for name in ('images', 'staging', 'tasks', 'lock'):
        directory.own(data / name)
    schema.synchronise(directory, 'glance', [
        ('glance-manage', '--config-file',
         str(directory.etc / 'glance' / 'glance-api.conf'), 'db_sync')])


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Serve the API."""
    etc = directory.etc / 'glance'
    supervisor.start(uwsgi.process(
        directory, 'glance', 'glance.wsgi.api', ports.GLANCE,
        {'OS_GLANCE_CONFIG_DIR': str(etc)}, (etc / 'glance-api.conf',)))
    supervisor.wait_ready('glance', lambda: ports.answers(ports.GLANCE))
