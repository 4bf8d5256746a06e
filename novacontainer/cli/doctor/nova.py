"""Nova on this host: whether it loads the driver and may use it.

Called by ``doctor.verdict``.  Nova is imported by a child, as it would be by
nova-compute: it is slow, and a broken one must not break the doctor.
"""

from collections.abc import Iterator
import configparser
import pathlib
import subprocess
import sys

from novacontainer.cli.doctor import finding

_PATIENCE_S = 60
_NOVA = 'import nova.version; print(nova.version.version_string())'
_DRIVER = ('import nova.virt.novacontainer as shim; '
           'print(shim.ContainerDriver.__module__)')
#: Where rootwrap.conf of the distributions and of pip look for filters.
FILTERS = ('etc/nova/rootwrap.d/novacontainer.filters',
           'usr/share/nova/rootwrap/novacontainer.filters',
           'usr/local/etc/nova/rootwrap.d/novacontainer.filters')


def check(root: pathlib.Path,
          python: str = sys.executable) -> Iterator[finding.Finding]:
    """Load Nova and the driver, and look for the rootwrap filters.

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
    yield _filters(root)


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


def _filters(root: pathlib.Path) -> finding.Finding:
    names = [*FILTERS, *(f'{folder}/{pathlib.Path(FILTERS[0]).name}'
                         for folder in _configured(root))]
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
        f'Copy novacontainer.filters to /{FILTERS[0]}, unless sudo runs the '
        'privsep helpers without rootwrap.')


def _configured(root: pathlib.Path) -> list[str]:
    """Directories that Nova's rootwrap.conf names, without the slash."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(root / 'etc/nova/rootwrap.conf')
        found = parser.get('DEFAULT', 'filters_path', fallback='')
    except (configparser.Error, UnicodeDecodeError):
        return []
    return [one.strip().strip('/') for one in found.split(',')
            if one.strip()]
