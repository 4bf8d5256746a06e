"""The programs that containers are made with, and those for some of them.

Called by ``doctor.verdict``.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import os
import pathlib
import re
import shutil
import subprocess

from novacontainer.cli.doctor import finding

_PATIENCE_S = 10

#: Where the daemon looks; a person's PATH may lack the half of it.
_SEARCH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

#: Programs that must all be there, package, what does not work without.
_FURTHER = (
    (('mkfs.ext4', 'e2fsck', 'resize2fs'), 'e2fsprogs',
     'root disks of a limited size, such as those of flavors'),
    (('tini-static',), 'tini', 'containers with an init ("run --init")'),
    (('ps',), 'procps', '"novacontainer top"'),
)

#: Directories of CNI plugins, of Debian and of others.
PLUGINS = ('usr/lib/cni', 'opt/cni/bin', 'usr/libexec/cni')
_NEEDED_PLUGINS = ('bridge', 'host-local', 'loopback', 'portmap')


def check(root: pathlib.Path,
          path: str = _SEARCH) -> Iterator[finding.Finding]:
    """Look for crun or runc, for conmon, and for the others.

    :param root: ``/`` but in tests.
    :param path: where to look, as in ``PATH``.
    """
    runtimes = [one for one in (_version('crun', path),
                                _version('runc', path)) if one]
    if runtimes:
        yield finding.ok('OCI runtime', ', '.join(runtimes))
    else:
        yield finding.fail('OCI runtime', 'neither crun nor runc works',
                           'Install the package crun.')
    conmon = _version('conmon', path)
    if conmon:
        yield finding.ok('conmon', conmon)
    else:
        yield finding.fail('conmon', 'missing',
                           'Install the package conmon.')
    for programs, package, purpose in _FURTHER:
        yield _further(programs, package, purpose, path)
    yield _plugins(root)


def _further(programs: Sequence[str], package: str, purpose: str,
             path: str) -> finding.Finding:
    missing = [one for one in programs
               if shutil.which(one, path=path) is None]
    if not missing:
        return finding.ok(package, ', '.join(programs))
    return finding.warn(
        package, f'missing: {", ".join(missing)}',
        f'Install the package {package}: {purpose} cannot be had without.')


def _plugins(root: pathlib.Path) -> finding.Finding:
    """Only networks without Neutron are made with CNI plugins."""
    for name in PLUGINS:
        missing = [one for one in _NEEDED_PLUGINS
                   if not os.access(root / name / one, os.X_OK)]
        if not missing:
            return finding.ok('CNI plugins', f'/{name}')
        if len(missing) < len(_NEEDED_PLUGINS):
            return finding.warn(
                'CNI plugins', f'/{name} lacks {", ".join(missing)}',
                'Install the package containernetworking-plugins again.')
    return finding.warn(
        'CNI plugins', 'missing',
        'Install the package containernetworking-plugins, unless all '
        'networks are those of Neutron.')


def _version(program: str, path: str) -> str:
    """Return name and version; '' when it is missing or does not run."""
    found = shutil.which(program, path=path)
    if found is None:
        return ''
    try:
        said = subprocess.run(
            [found, '--version'], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=_PATIENCE_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ''
    number = re.search(r'\d+(\.\d+)+', said)
    return f'{program} {number[0]}' if number else program
