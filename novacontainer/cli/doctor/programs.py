"""The programs that containers are made with: OCI runtime and conmon.

Called by ``doctor.verdict``.
"""

from collections.abc import Iterator
import re
import shutil
import subprocess

from novacontainer.cli.doctor import finding

_PATIENCE_S = 10


def check(path: str | None = None) -> Iterator[finding.Finding]:
    """Look for crun or runc, and for conmon.

    :param path: where to look; None: ``PATH``.
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


def _version(program: str, path: str | None) -> str:
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
