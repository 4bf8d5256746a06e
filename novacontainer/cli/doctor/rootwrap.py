"""How nova-compute becomes root: sudo, nova-rootwrap and its filters.

Called by ``doctor.nova``.  Without them nova-compute starts and reports the
host, and every instance fails when its ports are plugged.
"""

from collections.abc import Iterator
import configparser
import os
import pathlib
import pwd
import shutil
import subprocess
import sys

from novacontainer.cli.doctor import finding
from novacontainer.cli.doctor import settings

#: Where rootwrap.conf of the distributions and of pip look for filters.
FILTERS = ('etc/nova/rootwrap.d/novacontainer.filters',
           'usr/share/nova/rootwrap/novacontainer.filters',
           'usr/local/etc/nova/rootwrap.d/novacontainer.filters')

_CONF = 'etc/nova/rootwrap.conf'
_HELPER = 'privsep-helper'
_USER = 'nova'
_PATIENCE_S = 10
_SEARCH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def check(root: pathlib.Path, path: str = _SEARCH,
          ) -> Iterator[finding.Finding]:
    """Look whether the helpers of the driver can be started.

    :param root: ``/`` but in tests.
    :param path: where to look for programs, as in ``PATH``.
    """
    found, _ = settings.read(root, settings.NOVA)
    if found.get('novacontainer_privileged', 'helper_command', fallback=''):
        yield finding.ok('rootwrap', 'not used: nova.conf has a '
                         'helper_command of its own')
        return
    conf = _read(root)
    yield _filters(root, conf)
    if not (root / 'etc/nova').is_dir():
        return
    yield _helper(root, conf)
    if os.geteuid() == 0 and _exists(_USER):
        yield _sudo(path)


def _read(root: pathlib.Path) -> dict[str, list[str]]:
    """Read the directories that rootwrap.conf names, without the slash."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(root / _CONF)
        return {name: [one.strip().strip('/') for one in words.split(',')
                       if one.strip()]
                for name, words in parser.items('DEFAULT')}
    except (configparser.Error, UnicodeDecodeError):
        return {}


def _filters(root: pathlib.Path,
             conf: dict[str, list[str]]) -> finding.Finding:
    names = [*FILTERS, *(f'{folder}/{pathlib.Path(FILTERS[0]).name}'
                         for folder in conf.get('filters_path', ()))]
    for name in names:
        path = root / name
        if not path.is_file():
            continue
        # Whoever can write it decides what Nova does as root.
        if path.stat().st_mode & 0o022:
            return finding.fail(
                'rootwrap filters', f'/{name} can be written by others',
                f'Run "chmod go-w /{name}" as root, and look at what is in '
                'it.')
        return finding.ok('rootwrap filters', f'/{name}')
    return finding.warn(
        'rootwrap filters', 'not installed',
        'Run "novacontainer setup" as root, which puts them to '
        f'/{FILTERS[0]}, unless sudo runs the privsep helpers without '
        'rootwrap.')


def _helper(root: pathlib.Path,
            conf: dict[str, list[str]]) -> finding.Finding:
    """Look where rootwrap looks for the program that a filter names."""
    if not conf:
        return finding.fail(
            'rootwrap', f'/{_CONF} is missing or has no section DEFAULT',
            f'Copy rootwrap.conf and rootwrap.d of Nova ({sys.prefix}'
            '/etc/nova, where pip has installed it) to /etc/nova.')
    folders = conf.get('exec_dirs') or [
        folder.strip('/') for folder in _SEARCH.split(':')]
    for folder in folders:
        if os.access(root / folder / _HELPER, os.X_OK):
            return finding.ok('rootwrap', f'finds /{folder}/{_HELPER}')
    return finding.fail(
        'rootwrap', f'finds no {_HELPER} in exec_dirs of /{_CONF}',
        'Add the directory that has it to exec_dirs, '
        f'{pathlib.Path(sys.executable).parent} where Nova has this Python.')


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _sudo(path: str) -> finding.Finding:
    """Ask sudo, as the user of nova-compute, whether it may."""
    runuser = shutil.which('runuser', path=path)
    sudo = shutil.which('sudo', path=path)
    if runuser is None or sudo is None:
        return finding.fail(
            'sudo', 'missing', 'Install the package sudo: nova-compute '
            'starts its helpers through it.')
    rootwrap = ['nova-rootwrap', f'/{_CONF}', _HELPER]
    try:
        ended = subprocess.run(
            [runuser, '-u', _USER, '--', sudo, '-n', '-l', *rootwrap],
            capture_output=True, text=True, check=False, cwd='/',
            stdin=subprocess.DEVNULL, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return finding.warn('sudo', f'does not answer: {error}',
                            'Look at what it says to "sudo -l".')
    if ended.returncode == 0:
        return finding.ok('sudo', f'lets {_USER} run '
                          f'{(ended.stdout.split() or [rootwrap[0]])[0]}')
    return finding.fail(
        'sudo', f'does not let {_USER} run "{" ".join(rootwrap[:2])}"',
        'Put a rule into /etc/sudoers.d, with a secure_path where '
        'nova-rootwrap is; the install guide has one ("A compute host"). '
        f'If nova-compute runs as another user than {_USER}, look at that '
        "one's.")
