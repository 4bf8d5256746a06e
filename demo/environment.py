"""The Python environment: OpenStack from PyPI, novacontainer from here.

Called by ``installation`` under the system's Python; calls pip as the
caller's environment configures it (index, proxies, certificates).
"""

import hashlib
import os
import pathlib
import shutil

from demo import commands
from demo import directory as directories

# Debian's own interpreter: one in a home directory of root could not be
# executed by the unprivileged user.
PYTHON = '/usr/bin/python3'

#: uwsgi serves the APIs, PyMySQL speaks to MariaDB, and with
#: websocket-client the tests of the cloud are at a console.
REQUIREMENTS = ('nova', 'keystone', 'glance', 'openstack-placement',
                'neutron', 'cinder', 'python-openstackclient', 'pymysql',
                'uwsgi', 'websocket-client')

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent

# What the wheel is made of.
_SOURCES = ('novacontainer', 'novacontainer.pth', 'etc', 'setup.cfg',
            'setup.py', 'pyproject.toml', 'requirements.txt', 'README.rst',
            'LICENSE')


def openstack_stamp(directory: directories.Directory) -> pathlib.Path:
    """File that changes when other OpenStack packages are installed."""
    return directory.venv / 'openstack.stamp'


def wheel_stamp(directory: directories.Directory) -> pathlib.Path:
    """File that changes when another novacontainer is installed."""
    return directory.venv / 'novacontainer.stamp'


def log(directory: directories.Directory) -> pathlib.Path:
    """Where pip's output goes."""
    return directory.log / 'pip.log'


def openstack_stands(directory: directories.Directory) -> bool:
    """Whether OpenStack is installed, as this demo wants it."""
    stamp = openstack_stamp(directory)
    return stamp.exists() and stamp.read_text() == _openstack_digest()


def install_openstack(directory: directories.Directory) -> None:
    """Make the environment and install today's OpenStack.

    :raises DemoError: pip failed.
    """
    commands.run([PYTHON, '-m', 'venv', str(directory.venv)], log(directory))
    _pip(directory, 'install', *REQUIREMENTS)
    openstack_stamp(directory).write_text(_openstack_digest())


def novacontainer_stands(directory: directories.Directory) -> bool:
    """Whether the installed novacontainer is the one in the checkout."""
    stamp = wheel_stamp(directory)
    return stamp.exists() and stamp.read_text() == _source_digest()


def install_novacontainer(directory: directories.Directory) -> None:
    """Build the wheel from the checkout and install it.

    It is built from a copy, since setuptools leaves a build directory whose
    stale modules would go into the next wheel.

    :raises DemoError: pip failed.
    """
    digest = _source_digest()
    build = directory.cache / 'wheel'
    shutil.rmtree(build, ignore_errors=True)
    source = build / 'source'
    source.mkdir(parents=True)
    for name in _SOURCES:
        origin = CHECKOUT / name
        if origin.is_dir():
            shutil.copytree(
                origin, source / name, ignore=shutil.ignore_patterns(
                    '__pycache__', '*.egg-info'))
        elif origin.exists():
            shutil.copy2(origin, source / name)
    # pbr asks git for the version, and the copy is no repository.
    _pip(directory, 'wheel', '--no-deps', '--wheel-dir', str(build),
         str(source), PBR_VERSION='0.1.0')
    wheel = next(build.glob('novacontainer-*.whl'))
    _pip(directory, 'install', str(wheel))
    # The version stays while one works on the code, so pip would keep it.
    _pip(directory, 'install', '--force-reinstall', '--no-deps', str(wheel))
    shutil.rmtree(build)
    wheel_stamp(directory).write_text(digest)


def _pip(directory: directories.Directory, *arguments: str,
         **environment: str) -> None:
    # umask 022 lets the unprivileged user read what root installs.
    previous = os.umask(0o022)
    try:
        commands.run(
            [directory.tool('python'), '-m', 'pip', *arguments],
            log(directory),
            environment=commands.inherited_environment(**environment))
    finally:
        os.umask(previous)


def _openstack_digest() -> str:
    return hashlib.sha256(' '.join(REQUIREMENTS).encode()).hexdigest()


def _source_digest() -> str:
    state = hashlib.sha256()
    for name in _SOURCES:
        origin = CHECKOUT / name
        files = sorted(origin.rglob('*')) if origin.is_dir() else [origin]
        for path in files:
            if path.is_file() and '__pycache__' not in path.parts:
                state.update(f'{path.relative_to(CHECKOUT)}\0'.encode())
                state.update(path.read_bytes())
    return state.hexdigest()
