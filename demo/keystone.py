"""Keystone: identity, and the catalog of the other services.

Called by ``cloud``.
"""

import base64
import os
import pwd

from demo import directory as directories
from demo import ports
from demo import processes
from demo import schema
from demo import uwsgi

_URL = f'http://127.0.0.1:{ports.KEYSTONE}/v3'


def prepare(directory: directories.Directory) -> None:
    """Make keys, the schema, and the admin account."""
    config = str(directory.etc / 'keystone' / 'keystone.conf')
    for repository in ('fernet-keys', 'credential-keys'):
        _make_keys(directory, repository)
    schema.synchronise(directory, 'keystone', [
        ('keystone-manage', '--config-file', config, 'db_sync'),
        ('keystone-manage', '--config-file', config, 'bootstrap',
         '--bootstrap-admin-url', _URL, '--bootstrap-internal-url', _URL,
         '--bootstrap-public-url', _URL,
         '--bootstrap-region-id', 'RegionOne')],
        OS_BOOTSTRAP_PASSWORD=directory.password())


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Serve the API."""
    config = directory.etc / 'keystone' / 'keystone.conf'
    supervisor.start(uwsgi.process(
        directory, 'keystone', 'keystone.wsgi.api', ports.KEYSTONE,
        {'OS_KEYSTONE_CONFIG_FILES': str(config)}, (config,)))
    supervisor.wait_ready('keystone', lambda: ports.answers(ports.KEYSTONE))


def _make_keys(directory: directories.Directory, repository: str) -> None:
    """A Fernet key repository: key 0 is staged, the highest is primary.

    What ``keystone-manage fernet_setup`` makes, without two starts of it
    (keystone admin guide, "Fernet - Frequently Asked Questions").
    """
    path = directory.own(directory.etc / 'keystone' / repository, 0o700)
    account = pwd.getpwnam(directories.USER)
    for name in ('0', '1'):
        key = path / name
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
            os.chown(key, account.pw_uid, account.pw_gid)
