"""What a client asks to have mounted: binds and tmpfs.

Called by ``service.hostconfig`` (checks) and ``service.runspec``.  Calls
nothing.  Pure, but for :func:`check_sources`.

Docker Engine API 1.44: ``HostConfig.Binds`` (``source:target[:options]``),
``HostConfig.Mounts`` and ``HostConfig.Tmpfs``.  Volumes are not there yet.
"""

from collections.abc import Sequence
import os
import posixpath
import re

from novacontainer.runtime import exception
from novacontainer.runtime import models

_PROPAGATIONS = frozenset(
    ('private', 'rprivate', 'slave', 'rslave'))
#: z and Z ask for labels of SELinux, which Docker, too, leaves alone on a
#: host without it.
_BIND_OPTIONS = frozenset(('ro', 'rw', 'z', 'Z')) | _PROPAGATIONS
_TMPFS_OPTION = re.compile(
    r'ro|rw|(?:no)?(?:suid|dev|exec|atime|diratime)|relatime|sync|async|'
    r'(?:size|nr_blocks|nr_inodes)=\d+[kmgKMG%]?|mode=[0-7]{3,4}|'
    r'(?:uid|gid)=\d+')
#: The last id that a container's user namespace has.
_ID_MAX = 65535
_TMPFS_DEFAULTS = ('nosuid', 'nodev', 'noexec', 'relatime')

#: Where nothing may be mounted over, for the container's isolation.
_RESERVED = ('/', '/proc', '/sys', '/dev')


def requested(host_config: models.Json) -> tuple[models.Mount, ...]:
    """Return the mounts that a ``HostConfig`` asks for.

    :raises InvalidRequest: a relative or reserved path, an unknown option,
        the same target twice.
    :raises NotSupported: a volume.
    """
    found = [_from_bind(bind) for bind in host_config.get('Binds') or ()
             if not _is_anonymous(bind)]
    found.extend(_from_mount(mount)
                 for mount in host_config.get('Mounts') or ())
    found.extend(_from_tmpfs(target, options) for target, options
                 in (host_config.get('Tmpfs') or {}).items())
    targets: set[str] = set()
    for mount in found:
        if mount.target in targets:
            raise _invalid(f'Duplicate mount point: {mount.target}')
        targets.add(mount.target)
    return tuple(sorted(found, key=lambda mount: mount.target.count('/')))


def anonymous(body: models.Json) -> models.Json:
    """Return ``Binds`` of a lone path as what they mean: ``Volumes``."""
    binds = (body.get('HostConfig') or {}).get('Binds') or ()
    return {_target(bind): {} for bind in binds if _is_anonymous(bind)}


def volumes(config: models.Json) -> list[str]:
    """Return the places of the volumes without a name.

    They are directories on the container's own root disk.

    :raises InvalidRequest: a relative or reserved path.
    """
    return sorted(_target(path) for path in config.get('Volumes') or ())


def check_sources(mounts: tuple[models.Mount, ...]) -> None:
    """Refuse bind mounts of what the host does not have.

    :raises InvalidRequest: names the path.
    """
    for mount in mounts:
        if mount.type == 'bind' and not os.path.exists(mount.source):
            raise _invalid(
                'invalid mount config for type "bind": bind source path '
                f'does not exist: {mount.source}')


def _is_anonymous(bind: str) -> bool:
    return bind.startswith('/') and ':' not in bind


def _from_bind(bind: str) -> models.Mount:
    parts = bind.split(':')
    if len(parts) not in (2, 3) or not all(parts):
        raise _invalid(f'invalid volume specification: {bind!r}')
    source, target = parts[:2]
    if not source.startswith('/'):
        raise exception.NotSupported(
            f'{bind!r} names a volume; this version mounts only absolute '
            'paths of the host', 'container.field_not_supported')
    options = parts[2].split(',') if len(parts) == 3 else []
    for option in options:
        if option not in _BIND_OPTIONS:
            raise _invalid(f'invalid mode {option!r} in {bind!r}')
    propagation = [o for o in options if o in _PROPAGATIONS]
    return _bind(source, target, 'ro' in options,
                 propagation[0] if propagation else 'rprivate')


def _from_mount(mount: models.Json) -> models.Mount:
    kind = mount.get('Type') or 'volume'
    target = mount.get('Target') or ''
    if mount.get('Consistency') not in (None, '', 'default', 'consistent'):
        raise _unsupported('Consistency')
    if kind == 'bind':
        options = dict(mount.get('BindOptions') or {})
        propagation = options.pop('Propagation', '') or 'rprivate'
        if propagation not in _PROPAGATIONS:
            raise _unsupported(f'Propagation {propagation}')
        _refuse(options, 'BindOptions')
        return _bind(mount.get('Source') or '', target,
                     bool(mount.get('ReadOnly')), propagation)
    if kind == 'tmpfs':
        options = dict(mount.get('TmpfsOptions') or {})
        words = ['ro'] if mount.get('ReadOnly') else []
        if size := options.pop('SizeBytes', 0):
            words.append(f'size={size}')
        if mode := options.pop('Mode', 0):
            words.append(f'mode={mode:04o}')
        _refuse(options, 'TmpfsOptions')
        return _from_tmpfs(target, ','.join(words))
    raise _unsupported(f'Type {kind}')


def check_tmpfs_words(words: Sequence[str], where: str) -> None:
    """Refuse options that a tmpfs does not have.

    :raises InvalidRequest: names the word.
    """
    for word in words:
        name, _, value = word.partition('=')
        if not _TMPFS_OPTION.fullmatch(word) or (
                name in ('uid', 'gid') and int(value) > _ID_MAX):
            raise _invalid(f'invalid tmpfs option {word!r} for {where}')


def _from_tmpfs(target: str, options: str) -> models.Mount:
    words = [word for word in options.split(',') if word]
    check_tmpfs_words(words, target)
    opposites = {word.removeprefix('no') for word in words}
    defaults = [word for word in _TMPFS_DEFAULTS
                if word.removeprefix('no') not in opposites]
    return models.Mount('tmpfs', 'tmpfs', _target(target),
                        (*defaults, *words))


def _bind(source: str, target: str, readonly: bool,
          propagation: str) -> models.Mount:
    if not source.startswith('/') or '\0' in source:
        raise _invalid(f'invalid mount path: {source!r} mount path must be '
                       'absolute')
    return models.Mount(
        'bind', posixpath.normpath(source), _target(target),
        ('rbind', propagation, 'ro' if readonly else 'rw'))


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
