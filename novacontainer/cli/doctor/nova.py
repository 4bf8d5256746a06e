"""Nova on this host: whether it loads the driver and may use it.

Called by ``doctor.verdict``.  Nova is imported by a child, as it would be by
nova-compute: it is slow, and a broken one must not break the doctor.
"""

from collections.abc import Iterator
import pathlib
import subprocess
import sys

from novacontainer.cli.doctor import finding
from novacontainer.cli.doctor import rootwrap

_PATIENCE_S = 60
_NOVA = 'import nova.version; print(nova.version.version_string())'
_DRIVER = ('import nova.virt.novacontainer as shim; '
           'print(shim.ContainerDriver.__module__)')


def check(root: pathlib.Path,
          python: str = sys.executable) -> Iterator[finding.Finding]:
    """Load Nova and the driver, and look how they become root.

    :param root: ``/`` but in tests.
    :param python: the interpreter that nova-compute runs with.
    """
    version, why = _ask(python, _NOVA)
    if not version:
        yield finding.warn(
            'Nova', f'cannot be imported: {why}',
            'Install nova-compute beside this package, unless containers '
            'are run here without OpenStack.')
        return
    yield finding.ok('Nova', version)
    driver, why = _ask(python, _DRIVER)
    if driver:
        yield finding.ok('driver', f'{driver} loads')
    else:
        yield finding.fail(
            'driver', f'does not load: {why}',
            'Install novacontainer into the environment of nova-compute '
            'again.')
    yield from rootwrap.check(root)


def _ask(python: str, program: str) -> tuple[str, str]:
    """Return the last line that a program prints, or why there is none."""
    try:
        ended = subprocess.run(
            [python, '-c', program], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return '', str(error)
    if ended.returncode == 0:
        return (ended.stdout.split('\n')[-2:] or [''])[0], ''
    lines = ended.stderr.strip().splitlines()
    return '', lines[-1] if lines else f'exit code {ended.returncode}'
