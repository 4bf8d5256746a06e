"""Debian packages as a source of files: fetched, never installed.

Called by ``webimage`` and ``debianimage``; calls apt-get, with the mirrors,
keys and proxies that this machine has, and dpkg-deb.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import pathlib
import shutil
import subprocess
import tarfile
import typing

from demo import commands
from demo import directory as directories
from demo import errors


def fetch(directory: directories.Directory,
          names: Iterable[str]) -> list[pathlib.Path]:
    """Packages with all that they depend on, as files, sorted by name.

    apt is told that nothing is installed, so it fetches the whole closure;
    essential packages count only when they are named.

    :raises DemoError: apt-get failed.
    """
    cache = directory.cache / 'debs'
    # Else an older version of a package would still lie there.
    shutil.rmtree(cache, ignore_errors=True)
    (cache / 'partial').mkdir(parents=True, exist_ok=True)
    nothing = cache / 'status'
    nothing.touch()
    argv = ['apt-get', '--yes', '--no-install-recommends',
            '--option', f'Dir::State::status={nothing}',
            '--option', f'Dir::Cache::archives={cache}',
            # The archives belong to root alone.
            '--option', 'APT::Sandbox::User=root']
    log = directory.log / 'apt-images.log'
    environment = commands.inherited_environment(
        DEBIAN_FRONTEND='noninteractive')
    fetching = [*argv, 'install', '--download-only', *names]
    try:
        commands.run(fetching, log, environment=environment)
    except errors.DemoError:
        # The lists may be missing, or older than the mirror.
        commands.run(['apt-get', 'update'], log, environment=environment)
        commands.run(fetching, log, environment=environment)
    return sorted(cache.glob('*.deb'))


def members(deb: pathlib.Path) -> Iterator[
        tuple[tarfile.TarInfo, typing.IO[bytes] | None]]:
    """What a package installs: tar members, and content where they have it.

    :raises DemoError: dpkg-deb failed.
    """
    argv = ['dpkg-deb', '--fsys-tarfile', str(deb)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode='r|') as tar:
            for member in tar:
                yield member, (tar.extractfile(member) if member.isreg()
                               else None)
    if process.returncode:
        raise errors.DemoError(f'"{" ".join(argv)}" failed: the package is '
                               'damaged; remove it and try again.')


def architecture() -> str:
    """Debian's name of this machine's architecture."""
    return commands.output(['dpkg', '--print-architecture']).strip()
