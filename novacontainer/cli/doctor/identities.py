"""The user ids of containers, which must be nobody else's.

Called by ``doctor.verdict``.
"""

from collections.abc import Iterator
import pathlib

from novacontainer.cli.doctor import finding
from novacontainer.cli.doctor import settings

_CONF = ('etc/novacontainer/novacontainerd.conf',)
#: What runtime.conf.containers says; a test holds these against it.
BASE = 0x70000000
COUNT = 4000
_EACH = 65536


def check(root: pathlib.Path) -> Iterator[finding.Finding]:
    """Hold the pool against accounts and their subordinate ids.

    :param root: ``/`` but in tests.
    """
    found, why = settings.read(root, _CONF)
    if why:
        yield finding.warn('user ids', f'cannot be known: {why}',
                           'Run this as root, or mend the file.')
        return
    try:
        base = int(found.get('containers', 'userns_base', fallback=BASE))
        count = int(found.get('containers', 'userns_count', fallback=COUNT))
    except ValueError:
        yield finding.fail(
            'user ids', 'userns_base or userns_count is no number',
            f'Mend [containers] in /{_CONF[0]}.')
        return
    pool = range(base, base + count * _EACH)
    seen = f'{pool.start} to {pool.stop - 1}'
    others = sorted({*_subordinate(root, pool), *_accounts(root, pool)})
    if others:
        yield finding.fail(
            'user ids', f'{seen} are also those of {", ".join(others)}',
            'Change /etc/subuid and /etc/subgid, or [containers] userns_base '
            f'in /{_CONF[0]} while there is no container: they could get at '
            "each other's files.")
    else:
        yield finding.ok('user ids', f'{seen} for {count} containers')


def _subordinate(root: pathlib.Path, pool: range) -> Iterator[str]:
    """Yield who has ids of the pool by subuid(5) or subgid(5)."""
    for name in ('subuid', 'subgid'):
        for owner, *numbers in _entries(root / 'etc' / name):
            if len(numbers) == 2 and all(map(str.isdecimal, numbers)):
                first, many = map(int, numbers)
                if first < pool.stop and first + many > pool.start:
                    yield owner


def _accounts(root: pathlib.Path, pool: range) -> Iterator[str]:
    """Yield the accounts and groups whose own id is of the pool."""
    for name in ('passwd', 'group'):
        for owner, *rest in _entries(root / 'etc' / name):
            if len(rest) > 1 and rest[1].isdecimal() and int(rest[1]) in pool:
                yield owner


def _entries(path: pathlib.Path) -> Iterator[list[str]]:
    try:
        text = path.read_text(errors='replace')
    except OSError:
        return
    for line in text.splitlines():
        if line.strip() and not line.startswith('#'):
            yield line.split(':')
