"""What a client says of a volume: its name, driver and options.

Called by ``service.volumes`` and ``service.volumemounts``.  Calls
``service.mounts`` for options of tmpfs, ``service.resources`` and
``storage.diskimage`` for sizes.  Pure.

Docker Engine API 1.44, VolumeCreate.  The one driver is ``local``: a
directory of ours, which may have a size limit (``size``), a tmpfs
(``type=tmpfs``), or a directory of the host (``type=none,o=bind``).
"""

from collections.abc import Mapping
import re

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import mounts
from novacontainer.runtime.service import resources
from novacontainer.runtime.storage import diskimage

DRIVER = 'local'
#: What marks a volume that nobody gave a name.
ANONYMOUS = 'com.docker.volume.anonymous'

_NAME = re.compile(r'[a-zA-Z0-9][a-zA-Z0-9_.-]*')
#: Of a name of a file.
_NAME_MAX = 255
_OPTIONS = frozenset(('type', 'device', 'o', 'size'))
_NEEDS = (('device', 'type'), ('type', 'device'), ('o', 'device'))
_BIND_WORDS = frozenset(('bind', 'rbind', 'ro', 'rw'))


def check_name(name: str) -> None:
    """Refuse what no volume can be called.

    :raises InvalidRequest: in Docker's words.
    """
    if not _NAME.fullmatch(name):
        raise _invalid(
            f'create {name}: "{name}" includes invalid characters for a '
            'local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are '
            'allowed. If you intended to pass a host directory, use '
            'absolute path')
    if len(name) < 2:
        raise _invalid(f'create {name}: volume name is too short, names '
                       'should be at least two alphanumeric characters')
    if len(name) > _NAME_MAX:
        raise _invalid(f'create {name[:32]}…: volume name is too long, '
                       f'names have at most {_NAME_MAX} characters')


def check_driver(name: str, driver: str) -> None:
    """Refuse drivers that are not there.

    :raises NotFound: in Docker's words.
    """
    if driver not in ('', DRIVER):
        raise exception.NotFound(
            f'create {name}: error looking up volume plugin {driver}: '
            f'plugin "{driver}" not found', 'volume.no_driver')


def check_options(options: Mapping[str, str]) -> None:
    """Refuse options that make no sense, or that nothing here honours.

    :raises InvalidRequest: in Docker's words.
    :raises NotSupported: another kind of file system.
    """
    for name in options:
        if name not in _OPTIONS:
            raise _invalid(f'invalid option: "{name}"')
    if 'size' in options:
        _check_size(options)
    for name, needed in _NEEDS:
        if name in options and needed not in options:
            raise _invalid(f'missing required option: "{needed}"')
    kind = options.get('type')
    if kind is None:
        return
    if kind == 'tmpfs':
        mounts.check_tmpfs_words(_words(options), 'the volume')
    elif kind in ('none', 'bind') and device(options):
        _check_bind(options)
    else:
        raise exception.NotSupported(
            f'volumes of type {kind!r} are not supported, only tmpfs, and '
            'none with o=bind; mount it on the host, and use that directory',
            'volume.type_not_supported')


def device(options: Mapping[str, str]) -> str:
    """Return the directory of the host that a volume is; else ''."""
    words = _words(options)
    kind = options.get('type')
    if kind == 'bind' or (
            kind == 'none' and not {'bind', 'rbind'}.isdisjoint(words)):
        return options['device']
    return ''


def size_bytes(options: Mapping[str, str]) -> int:
    """Return the limit of a volume's size; 0: it has none.

    :raises InvalidRequest: it is not a size like ``10G``.
    """
    return resources.parse_size(options.get('size') or '0')


def is_tmpfs(volume: models.Volume) -> bool:
    """Say whether it is there only while a container runs with it."""
    return volume.options.get('type') == 'tmpfs'


def is_readonly(volume: models.Volume) -> bool:
    """Say whether nothing can be written to it."""
    return 'ro' in _words(volume.options)


def tmpfs_words(volume: models.Volume) -> list[str]:
    """Return the words of ``o`` of a tmpfs, such as ``size=64m``."""
    return _words(volume.options)


def check_subpath(volume: models.Volume) -> None:
    """Refuse to mount a part of what has no parts beforehand.

    :raises NotSupported: names the volume.
    """
    if size_bytes(volume.options) or is_tmpfs(volume):
        raise exception.NotSupported(
            f'Subpath is not supported for {volume.name}, a volume with a '
            'size or of type tmpfs; mount all of it',
            'volume.subpath_not_supported')


def _check_size(options: Mapping[str, str]) -> None:
    if len(options) > 1:
        raise _invalid('size goes with no other option: a tmpfs has '
                       'o=size=…, and of other file systems none is limited')
    if size := size_bytes(options):
        diskimage.check_size(size)


def _check_bind(options: Mapping[str, str]) -> None:
    path = options['device']
    if not path.startswith('/') or '\0' in path:
        raise _invalid(f'invalid device {path!r}: a bind needs an absolute '
                       'path of the host')
    for word in _words(options):
        if word not in _BIND_WORDS:
            raise _invalid(f'invalid option {word!r} of a bind; known are '
                           + ', '.join(sorted(_BIND_WORDS)))


def _words(options: Mapping[str, str]) -> list[str]:
    return [word for word in options.get('o', '').split(',') if word]


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'volume.invalid')
