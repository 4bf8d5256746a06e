"""The kernel: version, overlayfs, namespaces, seccomp and cgroups.

Called by ``doctor.verdict``.  Reads proc and sysfs below a root that tests
replace.
"""

from collections.abc import Iterator
import pathlib
import re

from novacontainer.cli.doctor import finding

#: Idmapped layers below an overlay: Linux 5.19 (overlayfs, mount_setattr(2)).
_NEEDED = (5, 19)
_NAMESPACES = ('cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts')
_CONTROLLERS = frozenset(('cpu', 'memory', 'pids'))


def check(root: pathlib.Path) -> Iterator[finding.Finding]:
    """Look at the running kernel.

    :param root: ``/`` but in tests.
    """
    yield _version(_read(root / 'proc/sys/kernel/osrelease'))
    yield _overlay(root)
    yield _namespaces(root)
    yield _user_namespaces(root)
    yield _seccomp(_read(root / 'proc/self/status'))
    yield _cgroups(root)


def _read(path: pathlib.Path) -> str:
    """Read a small file; '' where the kernel has none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ''


def _version(release: str) -> finding.Finding:
    numbers = re.match(r'(\d+)\.(\d+)', release)
    needed = '.'.join(map(str, _NEEDED))
    if numbers is None:
        return finding.warn('kernel', f'unknown release {release!r}',
                            f'Linux {needed} or later is needed.')
    if (int(numbers[1]), int(numbers[2])) < _NEEDED:
        return finding.fail(
            'kernel', f'Linux {release}',
            f'Boot Linux {needed} or later: layers are mapped to each '
            "container's user ids, which earlier ones cannot do on "
            'overlayfs.')
    return finding.ok('kernel', f'Linux {release}')


def _overlay(root: pathlib.Path) -> finding.Finding:
    kinds = _read(root / 'proc/filesystems').split()
    if 'overlay' in kinds:
        return finding.ok('overlayfs', 'available')
    return finding.fail(
        'overlayfs', 'not loaded',
        'Run "modprobe overlay", and put "overlay" into '
        '/etc/modules-load.d/novacontainer.conf.')


def _namespaces(root: pathlib.Path) -> finding.Finding:
    missing = [name for name in _NAMESPACES
               if not (root / 'proc/self/ns' / name).is_symlink()]
    if not missing:
        return finding.ok('namespaces', ', '.join(_NAMESPACES))
    return finding.fail(
        'namespaces', f'missing: {", ".join(missing)}',
        'Boot a kernel with CONFIG_NAMESPACES and all kinds of it.')


def _user_namespaces(root: pathlib.Path) -> finding.Finding:
    limit = _read(root / 'proc/sys/user/max_user_namespaces')
    if limit.isdecimal() and int(limit) > 0:
        return finding.ok('user namespaces', f'up to {limit}')
    return finding.fail(
        'user namespaces', 'switched off',
        'Set the sysctl user.max_user_namespaces to 10000 or more: every '
        'container has one.')


def _seccomp(status: str) -> finding.Finding:
    if re.search(r'^Seccomp:', status, re.MULTILINE):
        return finding.ok('seccomp', 'available')
    return finding.fail('seccomp', 'missing',
                        'Boot a kernel with CONFIG_SECCOMP_FILTER.')


def _cgroups(root: pathlib.Path) -> finding.Finding:
    """Tell which hierarchies there are, and whether limits can be set."""
    mounts = [line.split() for line
              in _read(root / 'proc/self/mounts').splitlines()]
    unified = [words[1] for words in mounts if words[2] == 'cgroup2']
    # The options of a version 1 hierarchy name its controllers.
    legacy = {option for words in mounts if words[2] == 'cgroup'
              for option in words[3].split(',')}
    layout = ('hybrid' if legacy and unified else
              'version 1' if legacy else 'version 2')
    found = set(legacy)
    for place in unified:
        found.update(_read(
            root / place.lstrip('/') / 'cgroup.controllers').split())
    if not legacy and not unified:
        return finding.fail('cgroups', 'not mounted',
                            'Mount cgroup2 on /sys/fs/cgroup.')
    missing = sorted(_CONTROLLERS - found)
    if missing:
        return finding.fail(
            'cgroups', f'{layout}, without {", ".join(missing)}',
            'Boot with these controllers (cgroup_enable=memory on some '
            "kernels): the flavor's limits need them.")
    return finding.ok('cgroups', layout)
