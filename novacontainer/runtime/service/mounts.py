"""What a client asks to have mounted: binds, volumes and tmpfs.

Called by ``service.hostconfig`` (checks), ``service.mountplan`` and
``service.volumespec``.  Calls nothing.  Pure.

Docker Engine API 1.44: ``HostConfig.Binds`` (``source:target[:options]``),
``HostConfig.Mounts`` and ``HostConfig.Tmpfs``, ``Config.Volumes``.
"""

from collections.abc import Mapping, Sequence
import dataclasses
import posixpath
import re

from novacontainer.runtime import exception
from novacontainer.runtime import models

_PROPAGATIONS = frozenset(
    ('private', 'rprivate', 'slave', 'rslave'))
#: z and Z ask for labels of SELinux, which Docker, too, leaves alone on a
#: host without it.
_VOLUME_OPTIONS = frozenset(('ro', 'rw', 'z', 'Z', 'nocopy'))
#: Of use where a virtual machine lies between (Docker Desktop); Docker on
#: Linux takes them, and so may they stand in anybody's file.
_CONSISTENCIES = frozenset(('default', 'consistent', 'cached', 'delegated'))
_BIND_OPTIONS = (frozenset(('ro', 'rw', 'z', 'Z')) | _PROPAGATIONS
                 | _CONSISTENCIES - {'default'})
_TMPFS_OPTION = re.compile(
    r'ro|rw|(?:no)?(?:suid|dev|exec|atime|diratime)|relatime|sync|async|'
    r'(?:size|nr_blocks|nr_inodes)=\d+[kmgKMG%]?|mode=[0-7]{3,4}|'
    r'(?:uid|gid)=\d+')
#: The last id that a container's user namespace has.
_ID_MAX = 65535
_TMPFS_DEFAULTS = ('nosuid', 'nodev', 'noexec', 'relatime')

#: An extension of this runtime: the root of another container.
ROOT = 'root'
#: Where nothing may be mounted over, for the container's isolation.
_RESERVED = ('/', '/proc', '/sys', '/dev')


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """A mount that is asked for, and what its volume shall be.

    :param point: where a volume needs a name yet its ``source`` is ''.
    :param driver: of a volume that is not there yet, likewise the others.
    :param make: the directory of the host is made where it is missing.
    """

    point: models.MountPoint
    driver: str = ''
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    make: bool = False


def requested(host_config: models.Json) -> list[Wish]:
    """Return the mounts that a ``HostConfig`` asks for.

    :raises InvalidRequest: a relative or reserved path, an unknown option,
        the same target twice.
    :raises NotSupported: names the field.
    """
    driver = host_config.get('VolumeDriver') or ''
    found = [_from_bind(bind, driver)
             for bind in host_config.get('Binds') or ()]
    found.extend(_from_mount(mount)
                 for mount in host_config.get('Mounts') or ()
                 if mount.get('Type') != ROOT)
    found.extend(
        Wish(_tmpfs(target, options, listed=False)) for target, options
        in (host_config.get('Tmpfs') or {}).items())
    targets = {mount.target for mount in roots(host_config)}
    for wish in found:
        if wish.point.target in targets:
            raise _invalid(f'Duplicate mount point: {wish.point.target}')
        targets.add(wish.point.target)
    return found


def roots(host_config: models.Json) -> list[models.Mount]:
    """Return the roots of other containers (``service.rootmounts``).

    Their sources are names or ids of containers.

    :raises InvalidRequest: a relative or reserved path.
    """
    return [models.Mount(
        ROOT, mount.get('Source') or '', _target(mount.get('Target') or ''),
        ('rbind', 'rprivate', 'ro' if mount.get('ReadOnly') else 'rw'))
        for mount in host_config.get('Mounts') or ()
        if mount.get('Type') == ROOT]


def volumes_from(host_config: models.Json) -> list[tuple[str, bool]]:
    """Return containers whose mounts are wanted, and whether to write.

    :raises InvalidRequest: not ``name[:mode]``.
    """
    found = []
    for entry in host_config.get('VolumesFrom') or ():
        name, colon, mode = entry.partition(':')
        words = mode.split(',') if colon else []
        if not name or not _VOLUME_OPTIONS.issuperset(words):
            raise _invalid(f'invalid volumes from specification: {entry!r}; '
                           'write NAME, NAME:ro or NAME:rw')
        found.append((name, 'ro' not in words))
    return found


def volumes(config: models.Json) -> list[str]:
    """Return the places of ``Config.Volumes``.

    :raises InvalidRequest: a relative or reserved path.
    """
    return sorted(_target(path) for path in config.get('Volumes') or ())


def image_volumes_are_kept(host_config: models.Json) -> bool:
    """Say whether what an image calls volumes stays on the root disk.

    ``ImageVolumeMode``, an extension with Podman's words.

    :raises InvalidRequest: it is another word.
    """
    mode = host_config.get('ImageVolumeMode') or 'anonymous'
    if mode not in ('anonymous', 'ignore'):
        raise _invalid(f'invalid ImageVolumeMode {mode!r}; use anonymous or '
                       'ignore')
    return bool(mode == 'ignore')


def unnamed(target: str, driver: str = '') -> Wish:
    """Return the wish for a volume that nobody gives a name."""
    return Wish(models.MountPoint(
        'volume', target, anonymous=True, copies=True), driver)


def _from_bind(bind: str, driver: str) -> Wish:
    if bind.startswith('/') and ':' not in bind:
        return unnamed(_target(bind), driver)
    parts = bind.split(':')
    if len(parts) not in (2, 3) or not all(parts):
        raise _invalid(f'invalid volume specification: {bind!r}')
    source, target = parts[:2]
    mode = parts[2] if len(parts) == 3 else ''
    options = mode.split(',') if mode else []
    is_path = source.startswith('/')
    known = _BIND_OPTIONS if is_path else _VOLUME_OPTIONS
    if not known.issuperset(options) or {'ro', 'rw'}.issubset(options):
        raise _invalid(f'invalid mode {mode!r} in {bind!r}')
    if not is_path:
        return Wish(models.MountPoint(
            'volume', _target(target), source, 'ro' not in options, mode,
            copies='nocopy' not in options), driver)
    propagation = [o for o in options if o in _PROPAGATIONS]
    return Wish(_bind(source, target, 'ro' not in options,
                      propagation[0] if propagation else 'rprivate', mode),
                make=True)


def _from_mount(mount: models.Json) -> Wish:
    kind = mount.get('Type') or 'volume'
    target = mount.get('Target') or ''
    source = mount.get('Source') or ''
    writable = not mount.get('ReadOnly')
    consistency = mount.get('Consistency') or 'default'
    if consistency not in _CONSISTENCIES:
        raise _invalid(f'invalid consistency: {consistency!r}')
    for name in ('Bind', 'Volume', 'Tmpfs'):
        if name.lower() != kind and mount.get(f'{name}Options'):
            raise _invalid(f'invalid mount config for type "{kind}": field '
                           f'{name}Options must not be specified')
    if kind == 'bind':
        options = dict(mount.get('BindOptions') or {})
        propagation = options.pop('Propagation', '') or 'rprivate'
        if propagation not in _PROPAGATIONS:
            raise _unsupported(f'Propagation {propagation}')
        make = bool(options.pop('CreateMountpoint', False))
        _refuse(options, 'BindOptions')
        return Wish(_bind(source, target, writable, propagation),
                    make=make)
    if kind == 'volume':
        return _from_volume(mount, target, source, writable)
    if kind == 'tmpfs':
        if source:
            raise _invalid('invalid mount config for type "tmpfs": field '
                           'Source must not be specified')
        options = dict(mount.get('TmpfsOptions') or {})
        words = [] if writable else ['ro']
        if size := options.pop('SizeBytes', 0):
            words.append(f'size={size}')
        if mode := options.pop('Mode', 0):
            words.append(f'mode={mode:04o}')
        _refuse(options, 'TmpfsOptions')
        return Wish(_tmpfs(target, ','.join(words), listed=True))
    raise _unsupported(f'Type {kind}')


def _from_volume(mount: models.Json, target: str, source: str,
                 writable: bool) -> Wish:
    options = dict(mount.get('VolumeOptions') or {})
    driver = options.pop('DriverConfig', None) or {}
    copies = not options.pop('NoCopy', False)
    labels = options.pop('Labels', None) or {}
    subpath = options.pop('Subpath', '')
    _refuse(options, 'VolumeOptions')
    if subpath.startswith('/') or '..' in subpath.split('/'):
        raise _invalid(f'invalid mount config for type "volume": {subpath!r} '
                       'is no path within a volume')
    if subpath and not source:
        raise _invalid('invalid mount config for type "volume": a volume '
                       'without a name has no Subpath yet')
    return Wish(
        models.MountPoint(
            'volume', _target(target), source, writable, anonymous=not source,
            copies=copies and not subpath,
            subpath='' if subpath == '.' else subpath),
        driver.get('Name') or '', driver.get('Options') or {}, labels)


def check_tmpfs_words(words: Sequence[str], where: str) -> None:
    """Refuse options that a tmpfs does not have.

    :raises InvalidRequest: names the word.
    """
    for word in words:
        name, _, value = word.partition('=')
        if not _TMPFS_OPTION.fullmatch(word) or (
                name in ('uid', 'gid') and int(value) > _ID_MAX):
            raise _invalid(f'invalid tmpfs option {word!r} for {where}')


def _tmpfs(target: str, options: str, listed: bool) -> models.MountPoint:
    words = [word for word in options.split(',') if word]
    check_tmpfs_words(words, target)
    opposites = {word.removeprefix('no') for word in words}
    defaults = [word for word in _TMPFS_DEFAULTS
                if word.removeprefix('no') not in opposites]
    return models.MountPoint(
        'tmpfs', _target(target), writable='ro' not in words,
        words=(*defaults, *words), listed=listed)


def _bind(source: str, target: str, writable: bool, propagation: str,
          mode: str = '') -> models.MountPoint:
    if not source.startswith('/') or '\0' in source:
        raise _invalid(f'invalid mount path: {source!r} mount path must be '
                       'absolute')
    return models.MountPoint(
        'bind', _target(target), posixpath.normpath(source), writable, mode,
        propagation)


def _target(path: str) -> str:
    if not path.startswith('/') or '\0' in path:
        raise _invalid(f'invalid mount path: {path!r} mount path must be '
                       'absolute')
    clean = posixpath.normpath('/' + path.lstrip('/'))
    if clean in _RESERVED or clean.startswith(('/proc/', '/sys/')):
        raise _invalid(f'invalid mount path: nothing can be mounted at '
                       f'{clean!r}')
    return clean


def _refuse(options: models.Json, field: str) -> None:
    for name, value in options.items():
        if value:
            raise _unsupported(f'{field}.{name}')


def _unsupported(what: str) -> exception.NotSupported:
    return exception.NotSupported(
        f'{what} is not supported for mounts by this version',
        'container.field_not_supported')


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_mount')
