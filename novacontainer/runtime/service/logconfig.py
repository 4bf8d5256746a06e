"""The ``LogConfig`` of a create body.

Called by ``service.hostconfig`` (the body), ``service.preparation`` (what is
run) and ``api.routes.logs`` (whether there is anything to read).  Pure
functions.

Docker Engine API 1.44, ``HostConfig.LogConfig``.  Clients read the log of a
``json-file`` or ``local`` container back (Docker's SDK does so for ``run``),
so that ours must be called so; conmon's own name for its files is taken too.
"""

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import resources

DEFAULT = 'json-file'
_KEPT = ('', DEFAULT, 'local', 'k8s-file')
_NONE = 'none'
_SIZE_MAX_BYTES = 2**63 - 1
#: More files than anyone reads would make each new beginning slow.
_FILES_MAX = 999
#: What Docker has, and what would be ignored here.
_OF_DOCKER = frozenset((
    'compress', 'env', 'env-regex', 'labels', 'labels-regex',
    'max-buffer-size', 'mode', 'tag'))
#: What is so anyway.
_SO_ANYWAY = (('compress', 'false'), ('mode', 'blocking'))


def normalise(given: models.Json) -> models.Json:
    """Return the ``LogConfig`` of a HostConfig as it will be honoured.

    :raises InvalidRequest: a value makes no sense; names the option.
    :raises NotSupported: this version does not do it; names the option.
    """
    config = given.get('LogConfig') or {}
    kind = config.get('Type') or ''
    if kind not in (*_KEPT, _NONE):
        raise _invalid(
            f"logger: no log driver named '{kind}' is registered")
    options = config.get('Config') or {}
    for name, value in options.items():
        if kind != _NONE and (name in ('max-size', 'max-file')
                              or (name, value) in _SO_ANYWAY):
            continue
        if kind != _NONE and name in _OF_DOCKER:
            raise exception.NotSupported(
                f'LogConfig option {name!r} is not supported by this '
                'version; leave it out', 'container.field_not_supported')
        raise _invalid(f"unknown log opt '{name}' for {kind or DEFAULT} log "
                       'driver')
    honoured = {'Type': DEFAULT if kind in ('', 'k8s-file') else kind,
                'Config': options}
    size_bytes({'LogConfig': honoured}, 0)
    files({'LogConfig': honoured})
    return honoured


def is_kept(host_config: models.Json) -> bool:
    """Say whether there is a log."""
    return (host_config.get('LogConfig') or {}).get('Type') != _NONE


def size_bytes(host_config: models.Json, default: int) -> int:
    """Return at which size the log starts anew; 0: never."""
    options = (host_config.get('LogConfig') or {}).get('Config') or {}
    if 'max-size' not in options:
        return default
    size = options['max-size']
    found = 0 if size == '-1' else resources.parse_size(size)
    if found > _SIZE_MAX_BYTES:
        raise _invalid(f'LogConfig max-size {size} is more than a file can '
                       'have')
    return found


def files(host_config: models.Json) -> int:
    """Return how many files a log has, the one that is written included."""
    options = (host_config.get('LogConfig') or {}).get('Config') or {}
    text = options.get('max-file') or '1'
    if (not text.isascii() or not text.isdigit() or len(text) > 3
            or not 1 <= int(text) <= _FILES_MAX):
        raise _invalid(f'LogConfig max-file {text!r} must be a number from 1 '
                       f'to {_FILES_MAX}')
    return int(text)


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_log_config')
