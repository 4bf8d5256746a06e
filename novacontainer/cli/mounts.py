"""What a new container shall have mounted: switches → members of HostConfig.

Called by ``cli.creation``.  Pure, but that it asks for the current directory.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
import csv
import pathlib
import typing

from novacontainer.cli import failure
from novacontainer.cli import quantities
from novacontainer.client import transport

_FLAGS = {'': True, 'true': True, '1': True, 'false': False, '0': False}


def add_arguments(group: 'argparse._ArgumentGroup') -> None:
    """Give a verb the switches."""
    group.add_argument(
        '--mount', action='append', default=[], metavar='KEY=VALUE,…',
        help='type=volume, bind or tmpfs; source, target, readonly, '
             'volume-nocopy, volume-opt, tmpfs-size and so on')
    group.add_argument('--tmpfs', action='append', default=[],
                       metavar='PATH[:OPTIONS]', help='a mount in memory')
    group.add_argument(
        '-v', '--volume', action='append', default=[],
        metavar='[SOURCE:]PATH[:OPTIONS]',
        help='a volume by its name, a directory of the host, or a volume '
             'without a name; options are ro, nocopy and so on')
    group.add_argument('--volume-driver', metavar='DRIVER',
                       help='of volumes that are not there yet')
    group.add_argument('--volumes-from', action='append', default=[],
                       metavar='CONTAINER[:ro]',
                       help='all that another container has mounted')


def members(given: argparse.Namespace) -> transport.Json:
    """Return members of ``HostConfig`` (Docker Engine API 1.44).

    :raises CommandFailed: when a switch makes no sense.
    """
    found: transport.Json = {}
    if given.mount:
        found['Mounts'] = [_mount(word) for word in given.mount]
    if given.tmpfs:
        found['Tmpfs'] = {
            path: options for path, _, options in (
                word.partition(':') for word in given.tmpfs)}
    if given.volume:
        found['Binds'] = [_bind(word) for word in given.volume]
    if given.volume_driver:
        found['VolumeDriver'] = given.volume_driver
    if given.volumes_from:
        found['VolumesFrom'] = given.volumes_from
    return found


def _bind(word: str) -> str:
    """Make a source such as ``./data`` absolute, as Docker's client does."""
    source, colon, rest = word.partition(':')
    if colon and source.startswith('.'):
        source = str(pathlib.Path(source).resolve())
    return source + colon + rest


def _mount(word: str) -> transport.Json:
    mount: transport.Json = {'Type': 'volume'}
    fields, = csv.reader([word])
    for field in fields:
        key, _, value = field.partition('=')
        take = _KEYS.get(key.strip().lower())
        if take is None:
            raise failure.CommandFailed(
                f'{key!r} is no part of --mount; known are '
                + ', '.join(sorted(_KEYS)) + '.')
        take(mount, key, value)
    if not mount.get('Target'):
        raise failure.CommandFailed(
            f'{word!r} does not say where: add target=/path.')
    if mount['Type'] == 'bind' and mount.get('Source', '').startswith('.'):
        mount['Source'] = str(pathlib.Path(mount['Source']).resolve())
    return mount


_Take = Callable[[transport.Json, str, str], None]


def _plain(*path: str) -> _Take:
    def take(mount: transport.Json, key: str, value: str) -> None:
        _put(mount, path, value)
    return take


def _flag(*path: str) -> _Take:
    def take(mount: transport.Json, key: str, value: str) -> None:
        if value.lower() not in _FLAGS:
            raise failure.CommandFailed(
                f'{key}={value} is neither true nor false.')
        _put(mount, path, _FLAGS[value.lower()])
    return take


def _pair(*path: str) -> _Take:
    def take(mount: transport.Json, key: str, value: str) -> None:
        name, _, inner = value.partition('=')
        if not name:
            raise failure.CommandFailed(
                f'{key}={value} has no name: write {key}=NAME=VALUE.')
        _put(mount, (*path, name), inner)
    return take


def _size(mount: transport.Json, key: str, value: str) -> None:
    try:
        size_bytes = quantities.parse_size(value)
    except argparse.ArgumentTypeError as error:
        raise failure.CommandFailed(f'{key}={value}: {error}') from error
    _put(mount, ('TmpfsOptions', 'SizeBytes'), size_bytes)


def _mode(mount: transport.Json, key: str, value: str) -> None:
    try:
        mode = int(value, 8)
    except ValueError as error:
        raise failure.CommandFailed(
            f'{key}={value} is no mode: write 1777.') from error
    _put(mount, ('TmpfsOptions', 'Mode'), mode)


def _put(mount: transport.Json, path: Sequence[str],
         value: typing.Any) -> None:
    for name in path[:-1]:
        mount = mount.setdefault(name, {})
    mount[path[-1]] = value


_KEYS: Mapping[str, _Take] = {
    'type': _plain('Type'),
    **dict.fromkeys(('source', 'src'), _plain('Source')),
    **dict.fromkeys(('target', 'dst', 'destination'), _plain('Target')),
    **dict.fromkeys(('readonly', 'ro'), _flag('ReadOnly')),
    'bind-propagation': _plain('BindOptions', 'Propagation'),
    'volume-driver': _plain('VolumeOptions', 'DriverConfig', 'Name'),
    'volume-label': _pair('VolumeOptions', 'Labels'),
    'volume-nocopy': _flag('VolumeOptions', 'NoCopy'),
    'volume-opt': _pair('VolumeOptions', 'DriverConfig', 'Options'),
    'volume-subpath': _plain('VolumeOptions', 'Subpath'),
    'tmpfs-mode': _mode,
    'tmpfs-size': _size,
}
