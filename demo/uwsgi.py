"""An OpenStack API as a process: uwsgi with a WSGI module.

Called by ``keystone``, ``glance``, ``placement``, ``nova``, ``neutron``,
``cinder``.
"""

from collections.abc import Mapping
import pathlib

from demo import commands
from demo import directory as directories
from demo import environment
from demo import processes


def process(directory: directories.Directory, name: str, module: str,
            port: int, settings: Mapping[str, str],
            inputs: tuple[pathlib.Path, ...],
            arguments: str = '') -> processes.Process:
    """Describe one API server.

    :param module: ``nova.wsgi.osapi_compute`` and the like.
    :param settings: environment that tells the module its configuration.
    :param arguments: command line that the module finds, where it reads one.
    """
    argv = (directory.tool('uwsgi'),
            '--http-socket', f'127.0.0.1:{port}', '--module', module,
            '--master', '--die-on-term', '--need-app', '--lazy-apps',
            '--processes', '1', '--threads', '8', '--enable-threads',
            '--buffer-size', '65535', '--disable-logging',
            # Glance's client uploads in chunks as large as the limit that
            # this has by default, which is one byte too much.
            '--chunked-input-limit', str(16 * 1024 * 1024),
            # Its keep-alive would hang a client that sends a body late.
            '--add-header', 'Connection: close',
            '--procname-prefix', f'{name} ',
            *(('--pyargv', arguments) if arguments else ()))
    env = commands.clean_environment(
        directory.home, directory.venv / 'bin', **settings)
    return processes.Process(
        name, argv, env, directories.USER,
        (*inputs, environment.openstack_stamp(directory)))
