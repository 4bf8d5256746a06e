"""Debian packages: what is missing is installed, no service is started.

Called by ``installation``; calls apt-get and dpkg-query.
"""

from collections.abc import Iterator
import contextlib
import pathlib

from demo import commands
from demo import directory as directories

_LIST = pathlib.Path(__file__).with_name('packages.txt')

_POLICY = pathlib.Path('/usr/sbin/policy-rc.d')

# invoke-rc.d(8): 101 forbids the action.
_POLICY_TEXT = """#!/bin/sh
# novacontainer's "make demo" is installing packages, and wants no service
# started; it removes this file when apt-get has ended.
exit 101
"""


def wanted() -> list[str]:
    """Names of the packages that the demo needs."""
    lines = (line.partition('#')[0].strip()
             for line in _LIST.read_text().splitlines())
    return [line for line in lines if line]


def missing() -> list[str]:
    """Those that are not installed."""
    listing = commands.output(
        ['dpkg-query', '--show',
         '--showformat', '${Package} ${db:Status-Status}\n'])
    installed = {line.split()[0] for line in listing.splitlines()
                 if line.endswith(' installed')}
    return [name for name in wanted() if name not in installed]


def install(names: list[str], directory: directories.Directory) -> None:
    """Install packages without recommended ones and without starting them.

    :raises DemoError: apt-get failed.
    """
    log = directory.log / 'apt.log'
    environment = commands.inherited_environment(
        DEBIAN_FRONTEND='noninteractive')
    record = directory.etc / 'installed-packages'
    with record.open('a') as file:
        file.writelines(f'{name}\n' for name in names)
    commands.run(['apt-get', 'update'], log, environment=environment)
    with _services_held():
        commands.run(
            ['apt-get', 'install', '--yes', '--no-install-recommends',
             *names], log, environment=environment)


def installed_here(directory: directories.Directory) -> list[str]:
    """Packages that this demo installed."""
    record = directory.etc / 'installed-packages'
    return sorted(set(record.read_text().split())) if record.exists() else []


@contextlib.contextmanager
def _services_held() -> Iterator[None]:
    """Forbid maintainer scripts to start services, as long as it lasts."""
    # A policy that is ours was left by a run that was killed.
    if _POLICY.exists() and _POLICY.read_text() != _POLICY_TEXT:
        yield
        return
    _POLICY.write_text(_POLICY_TEXT)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
