"""The ``Config`` half of a create body, merged with the image's own.

Called by ``service.creation``.  Calls ``service.signals``,
``service.healthcheck`` and ``service.mounts``.  Pure functions.

Docker Engine API 1.44, ``POST /containers/create``: what the body leaves out
comes from the image; a command line is not mixed from the two.
"""

from collections.abc import Sequence
import posixpath
import re
import typing

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import healthcheck
from novacontainer.runtime.service import mounts
from novacontainer.runtime.service import signals

#: As in RFC 1123, and underscores, which Docker takes as well.
_HOSTNAME = re.compile(
    r'(?=.{1,63}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?'
    r'(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*')

#: Keys of Config that are kept as the client gave them.
_PLAIN = {
    'AttachStdin': False, 'AttachStdout': True, 'AttachStderr': True,
    'Tty': False, 'OpenStdin': False, 'StdinOnce': False}

#: What asks for nothing.
_EMPTY: tuple[typing.Any, ...] = (None, '', 0, [], {})

#: Keys that matter only to who builds upon an image, or to Windows.
_BUILD_ONLY = frozenset(('ArgsEscaped', 'OnBuild'))

#: Keys handled by name below.
_HANDLED = frozenset((
    'Cmd', 'Domainname', 'Entrypoint', 'Env', 'ExposedPorts', 'Hostname',
    'Healthcheck', 'HostConfig', 'Image', 'Labels', 'MacAddress',
    'NetworkDisabled',
    'NetworkingConfig', 'Runtime', 'Shell', 'StopSignal', 'StopTimeout',
    'User', 'Volumes', 'WorkingDir'))


def merge(body: models.Json, image: models.Image,
          container_id: str) -> tuple[models.Json, list[str]]:
    """Return the container's ``Config`` and warnings for the client.

    :param body: the create body; its types are right (the API's schema).
    :raises InvalidRequest: a value makes no sense, or nothing is to be run.
    :raises NotSupported: a field asks for what this version does not do.
    """
    _refuse_unsupported(body)
    own: models.Json = image.config.get('config') or {}
    entrypoint, command = _command_line(body, own)
    merged: models.Json = {
        key: _or(body.get(key), default) for key, default in _PLAIN.items()}
    merged.update({
        'Image': body['Image'],
        'Hostname': _hostname(body, container_id),
        'Domainname': _domainname(body),
        'User': body.get('User') or own.get('User') or '',
        'Env': merge_env(body.get('Env') or (), own.get('Env') or ()),
        'Cmd': command,
        'Entrypoint': entrypoint,
        'WorkingDir': _working_directory(body, own),
        'Labels': {**(own.get('Labels') or {}),
                   **(body.get('Labels') or {})},
        'ExposedPorts': {**(own.get('ExposedPorts') or {}),
                         **(body.get('ExposedPorts') or {})} or None,
        'Volumes': {**(own.get('Volumes') or {}),
                    **(body.get('Volumes') or {})} or None,
        'NetworkDisabled': bool(body.get('NetworkDisabled')),
        'StopSignal': _stop_signal(body, own),
        'StopTimeout': _stop_timeout(body),
    })
    merged.update(_checks(body, own))
    mounts.volumes(merged)
    return merged, []


def merge_env(asked: Sequence[str], own: Sequence[str]) -> list[str]:
    """Return the environment: the body's first, then what only the image has.

    An entry without ``=`` in the body takes the variable away; it stays in
    the list, as clients expect, and :func:`without_bare_names` drops it.

    :raises InvalidRequest: an entry without a name, or with a NUL in it.
    """
    for entry in asked:
        if not entry or entry.startswith('=') or '\0' in entry:
            raise exception.InvalidRequest(
                f'invalid environment variable: {entry!r}',
                'container.invalid_env')
    last = {entry.partition('=')[0]: entry for entry in asked}
    merged = list(last.values())
    # What an image has without a name or a value means nothing, and runc
    # would refuse to start it.
    merged.extend(entry for entry in own
                  if entry.partition('=')[0] not in last
                  and entry.find('=') > 0)
    return merged


def without_bare_names(env: Sequence[str]) -> list[str]:
    """Return an environment without the names that only take away."""
    return [entry for entry in env if '=' in entry]


def _refuse_unsupported(body: models.Json) -> None:
    for key, value in body.items():
        if key in _HANDLED or key in _PLAIN or key in _BUILD_ONLY:
            continue
        if value not in _EMPTY:
            raise exception.NotSupported(
                f'{key} is not supported by this version; leave it out',
                'container.field_not_supported')


def _command_line(
    body: models.Json, own: models.Json,
) -> tuple[list[str] | None, list[str] | None]:
    entrypoint: list[str] | None = body.get('Entrypoint')
    command: list[str] | None = body.get('Cmd')
    if not entrypoint:
        if not command:
            command = own.get('Cmd')
        if entrypoint is None:
            entrypoint = own.get('Entrypoint')
    if entrypoint == ['']:
        # Docker's way to take the image's entry point away.
        entrypoint = None
    if not entrypoint and not command:
        raise exception.InvalidRequest(
            'No command specified: neither the request nor the image says '
            'what to run. Give Cmd or Entrypoint (from Nova: set the image '
            'property os_command_line).', 'container.no_command')
    for word in (*(entrypoint or ()), *(command or ())):
        if '\0' in word:
            raise exception.InvalidRequest(
                'the command holds a NUL character',
                'container.invalid_command')
    return entrypoint or None, command or None


def _hostname(body: models.Json, container_id: str) -> str:
    name: str = body.get('Hostname') or container_id[:12]
    if not _HOSTNAME.fullmatch(name):
        raise exception.InvalidRequest(
            f'invalid hostname format: {name}', 'container.invalid_hostname')
    return name


def _domainname(body: models.Json) -> str:
    name: str = body.get('Domainname') or ''
    if name and not _HOSTNAME.fullmatch(name):
        raise exception.InvalidRequest(
            f'invalid domainname format: {name}',
            'container.invalid_hostname')
    return name


def _working_directory(body: models.Json, own: models.Json) -> str:
    directory: str = body.get('WorkingDir') or own.get('WorkingDir') or ''
    if not directory:
        return ''
    if not directory.startswith('/') or '\0' in directory:
        raise exception.InvalidRequest(
            f'the working directory {directory!r} is invalid, it needs to '
            'be an absolute path', 'container.invalid_working_dir')
    return posixpath.normpath('/' + directory.lstrip('/'))


def _stop_signal(body: models.Json, own: models.Json) -> str | None:
    name: str | None = body.get('StopSignal') or own.get('StopSignal')
    if name:
        signals.number(name)
    return name or None


def _checks(body: models.Json, own: models.Json) -> models.Json:
    """Return the health check, and the shell that may run it."""
    found = {'Healthcheck': healthcheck.merge(
                 body.get('Healthcheck'), own.get('Healthcheck')),
             'Shell': body.get('Shell') or own.get('Shell')}
    return {key: value for key, value in found.items() if value}


def _stop_timeout(body: models.Json) -> int | None:
    timeout_s: int | None = body.get('StopTimeout')
    if timeout_s is not None and timeout_s < -1:
        raise exception.InvalidRequest(
            f'StopTimeout {timeout_s} is invalid: give seconds, or -1 to '
            'wait for ever', 'container.invalid_stop_timeout')
    return timeout_s


def _or(value: object, default: bool) -> bool:
    return default if value is None else bool(value)
