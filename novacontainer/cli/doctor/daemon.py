"""The daemon: whether it answers, who may ask, and where it keeps things.

Called by ``doctor.verdict``; calls the client.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import grp
import os
import pathlib
import re
import stat
import typing

from novacontainer.cli.doctor import finding
from novacontainer.cli import quantities
from novacontainer import client as api
from novacontainer.client import exceptions

GROUP = 'novacontainer'

_DATA_ROOT = '/var/lib/novacontainer'
#: File system → the first Linux on which its mounts can be idmapped, by the
#: commits that set FS_ALLOW_IDMAP.
_IDMAPPED = {'btrfs': (5, 15), 'ext4': (5, 12), 'xfs': (5, 12)}
_GOOD = frozenset(_IDMAPPED)
_BAD = frozenset(('nfs', 'nfs4', 'overlay', 'vfat', 'fuse', 'cifs'))
_FEW_BYTES = 5 * 10**9
_NEARLY_NONE_BYTES = 500 * 10**6


def check(client: api.Client, socket_path: str,
          mounts: pathlib.Path) -> Iterator[finding.Finding]:
    """Look at the socket and at what the daemon says.

    :param mounts: ``/proc/self/mounts`` but in tests.
    """
    yield _group()
    data_root = _DATA_ROOT
    try:
        client.system.ping()
        facts = client.system.info()
        data_root = str(facts.get('DockerRootDir') or data_root)
    except exceptions.ClientError as error:
        # The first sentence: what to do comes from us.
        yield finding.fail('daemon', error.message.partition('. ')[0],
                           _remedy(socket_path))
    else:
        yield finding.ok('daemon', f'answers on {socket_path}')
        yield _socket(socket_path)
        yield from _storage(facts)
        yield _proc_view(str(facts.get('Lxcfs')))
    kind = _kind(_existing(data_root), mounts)
    yield _file_system(data_root, kind)
    if kind in _IDMAPPED:
        yield _idmapped(kind, os.uname().release)
    yield from _space(data_root)


def _remedy(socket_path: str) -> str:
    """Say what to do about a daemon that cannot be asked."""
    if os.path.exists(socket_path) and not os.access(socket_path, os.W_OK):
        return (f'Be root, or a member of the group {GROUP}, to run this '
                'and any other verb.')
    return ('Start it: "systemctl start novacontainerd", and read what it '
            'says in "journalctl -u novacontainerd".')


def _group() -> finding.Finding:
    try:
        members = grp.getgrnam(GROUP).gr_mem
    except KeyError:
        return finding.warn(
            'group', f'there is no group {GROUP}',
            'Run "novacontainer setup" as root, which makes it and puts nova '
            'into it: without it only root can use the socket.')
    if 'nova' not in members:
        return finding.warn(
            'group', f'nova is no member of {GROUP}',
            f'Run "usermod -aG {GROUP} nova" and restart nova-compute, '
            'unless nova-compute runs as another member.')
    return finding.ok('group', f'{GROUP}: {", ".join(members)}')


def _socket(path: str) -> finding.Finding:
    try:
        status = os.stat(path)
    except OSError as error:
        return finding.fail('socket', f'{path}: {error.strerror}',
                            'Look at the directories above it.')
    mode = stat.S_IMODE(status.st_mode)
    seen = f'mode {mode:04o}, uid {status.st_uid}, gid {status.st_gid}'
    if mode & 0o006:
        return finding.fail(
            'socket', seen,
            'Set socket_mode to 0660: whoever may write to it is as good '
            'as root.')
    return finding.ok('socket', seen)


def _storage(facts: Mapping[str, typing.Any]) -> Iterator[finding.Finding]:
    """Tell what the daemon found itself, and what it warns of."""
    status = dict(facts.get('DriverStatus') or ())
    yield finding.ok('storage', ', '.join((
        str(facts.get('Driver')),
        *(f'{key}: {value}' for key, value in status.items()))))
    for warning in facts.get('Warnings') or ():
        yield finding.warn('daemon', 'warns', str(warning))


def _proc_view(state: str) -> finding.Finding:
    """Tell whether /proc shows containers their own limits.

    :param state: what the daemon says of lxcfs.
    """
    if state == 'live':
        return finding.ok('lxcfs', 'shows containers their own limits')
    advice = {
        'absent': 'Install the package lxcfs, and start it: without it /proc '
                  "of a container shows the host's memory and cpus.",
        'dead': 'Run "systemctl restart lxcfs" and restart the containers '
                'that started before.',
        'off': 'Set lxcfs_directory in novacontainerd.conf, unless '
               "containers are to see the host's memory and cpus.",
    }
    return finding.warn('lxcfs', state, advice.get(
        state, 'Upgrade the daemon: it does not tell.'))


def _idmapped(kind: str, release: str) -> finding.Finding:
    """Tell whether layers can be mapped to each container's user ids.

    :param kind: file system of the data root, one of the good ones.
    """
    seen = f'{kind} on Linux {release}'
    needed = '.'.join(map(str, _IDMAPPED[kind]))
    numbers = re.match(r'(\d+)\.(\d+)', release)
    if numbers is None:
        return finding.warn('idmapped mounts', seen,
                            f'Linux {needed} or later is needed.')
    if (int(numbers[1]), int(numbers[2])) < _IDMAPPED[kind]:
        return finding.fail(
            'idmapped mounts', seen,
            f'Boot Linux {needed} or later: {kind} cannot be mapped to the '
            'user ids of containers before.')
    return finding.ok('idmapped mounts', seen)


def _file_system(data_root: str, kind: str) -> finding.Finding:
    seen = f'{data_root} on {kind or "an unknown file system"}'
    if kind in _GOOD:
        return finding.ok('data root', seen)
    if kind in _BAD or kind.startswith('fuse.'):
        return finding.fail(
            'data root', seen,
            'Put it on ext4, xfs or btrfs of this host: overlayfs cannot '
            'write here.')
    return finding.warn('data root', seen,
                        'Only ext4, xfs and btrfs are tested.')


def _existing(path: str) -> pathlib.Path:
    """Return the path, or the first directory above it that exists."""
    place = pathlib.Path(path)
    while not place.exists():
        place = place.parent
    return place.resolve()


def _kind(place: pathlib.Path, mounts: pathlib.Path) -> str:
    """Find the file system that a directory lies on; the last mount wins."""
    found, depth = '', -1
    for line in mounts.read_text().splitlines():
        _, point, kind, *_ = line.split()
        above = pathlib.Path(point.replace('\\040', ' '))
        if place.is_relative_to(above) and len(above.parts) >= depth:
            found, depth = kind, len(above.parts)
    return found


def _space(data_root: str) -> Iterator[finding.Finding]:
    status = os.statvfs(_existing(data_root))
    free_bytes = status.f_bavail * status.f_frsize
    seen = f'{quantities.size(free_bytes)} free'
    if free_bytes < _NEARLY_NONE_BYTES:
        yield finding.fail('disk space', seen,
                           f'Make room on the file system of {data_root}.')
    elif free_bytes < _FEW_BYTES:
        yield finding.warn('disk space', seen,
                           'Images and containers need room; 5GB is little.')
    else:
        yield finding.ok('disk space', seen)
    if status.f_files and status.f_favail < status.f_files // 50:
        yield finding.warn('inodes', f'{status.f_favail} free',
                           'Remove unused images: files are running out.')
