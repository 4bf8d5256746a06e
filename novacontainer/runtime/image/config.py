"""The image config document (OCI image-spec 1.1, config.md).

Called by the image services; calls ``document``.
"""

import datetime
import platform
import re

from novacontainer.runtime import exception
from novacontainer.runtime.image import digest
from novacontainer.runtime.image import document
from novacontainer.runtime import models

_EPOCH = datetime.datetime.fromtimestamp(0, datetime.UTC)
#: The zero of Go's times.
_NEVER = '0001-01-01T00:00:00'
_TIME = re.compile(
    r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)')
#: GOARCH of the kernel's machine names.
_ARCHITECTURES = {'x86_64': 'amd64', 'aarch64': 'arm64', 'armv7l': 'arm',
                  'i686': '386'}
_LISTS = ('Cmd', 'Entrypoint', 'Env', 'OnBuild', 'Shell')
_STRINGS = ('User', 'WorkingDir', 'StopSignal', 'Hostname', 'Domainname')
_BOOLEANS = ('AttachStdin', 'AttachStdout', 'AttachStderr', 'Tty',
             'OpenStdin', 'StdinOnce', 'NetworkDisabled', 'ArgsEscaped')
_CHECK_NUMBERS = ('Interval', 'Timeout', 'StartPeriod', 'StartInterval',
                  'Retries')
#: Of the document itself, and of each entry of its history.
_TOP_STRINGS = ('architecture', 'variant', 'os', 'os.version', 'author',
                'comment', 'docker_version')
_STEP_STRINGS = ('created', 'created_by', 'author', 'comment')


def parse(data: bytes) -> models.Json:
    """Parse a config document and check everything that others rely on.

    :raises InvalidRequest: not JSON, of wrong types, not for Linux.
    """
    found = document.parse(data, 'the image config')
    if not isinstance(found, dict):
        raise document.wrong_type('the image config', 'an object', found)
    for key in _TOP_STRINGS:
        document.text(found.get(key), f'{key} in the image config')
    system = found.get('os') or ''
    if system not in ('', 'linux'):
        raise exception.InvalidRequest(
            f'the image is for {system[:40]}; only linux runs here',
            'image.unsupported')
    rootfs = document.dictionary(found.get('rootfs'), 'rootfs')
    for diff_id in document.sequence(rootfs.get('diff_ids'),
                                     'rootfs.diff_ids'):
        digest.check(diff_id, 'an entry of rootfs.diff_ids')
    _check_run(document.dictionary(found.get('config'), 'config'))
    for step in document.sequence(found.get('history'), 'history'):
        _check_step(step)
    created(found)
    return found


def _check_run(run: models.Json) -> None:
    for key in _LISTS:
        document.strings(run.get(key), f'config.{key}')
    for key in _STRINGS:
        document.text(run.get(key), f'config.{key}')
    for key in _BOOLEANS:
        document.boolean(run.get(key), f'config.{key}')
    labels = document.dictionary(run.get('Labels'), 'config.Labels')
    document.strings(list(labels.values()), 'config.Labels')
    for key in ('ExposedPorts', 'Volumes'):
        named = document.dictionary(run.get(key), f'config.{key}')
        for value in named.values():
            document.dictionary(value, f'an entry of config.{key}')
    check = document.dictionary(run.get('Healthcheck'), 'config.Healthcheck')
    document.strings(check.get('Test'), 'config.Healthcheck.Test')
    for key in _CHECK_NUMBERS:
        document.integer(check.get(key), f'config.Healthcheck.{key}')


def _check_step(step: object) -> None:
    if not isinstance(step, dict):
        raise document.wrong_type('an entry of history', 'an object', step)
    for key in _STEP_STRINGS:
        document.text(step.get(key), f'{key} in the history')
    document.boolean(step.get('empty_layer'), 'empty_layer in the history')


def diff_ids(config: models.Json) -> tuple[str, ...]:
    """Give the layers' diff_ids, lowest first."""
    return tuple((config.get('rootfs') or {}).get('diff_ids') or ())


def created(config: models.Json) -> datetime.datetime:
    """Give the time of creation; the epoch when there is none.

    :raises InvalidRequest: it is not a time of RFC 3339.
    """
    text = document.text(config.get('created'), 'created')
    if not text or text.startswith(_NEVER):
        return _EPOCH
    match = _TIME.fullmatch(text)
    if match:
        seconds, fraction, zone = match.groups()
        micro = (fraction or '0')[:6].ljust(6, '0')
        try:
            found = datetime.datetime.fromisoformat(
                f'{seconds}.{micro}{zone.replace("Z", "+00:00")}')
            return found.astimezone(datetime.UTC)
        except (ValueError, OverflowError):
            pass  # such as a 30th of February, or the year 0
    raise exception.InvalidRequest(
        f'created is not a time of RFC 3339: {text[:60]!r}',
        'image.malformed')


def architecture() -> str:
    """Name this machine as image configs do."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def for_root_filesystem(diff_id: str, created_s: int) -> models.Json:
    """Make the config of an image that is one plain tarball.

    :param created_s: seconds since the epoch; from the tarball, so that
        equal tarballs give the same image.
    """
    return {
        'architecture': architecture(), 'os': 'linux',
        'created': _format(_clamped(created_s)), 'config': {},
        'rootfs': {'type': 'layers', 'diff_ids': [diff_id]},
        'history': [{'created': _format(_clamped(created_s)),
                     'comment': 'Imported from a root filesystem'}],
    }


def for_import(diff_id: str, run: models.Json, *, message: str,
               now: datetime.datetime) -> models.Json:
    """Make the config of an image that a person imports.

    :param run: its ``config`` object.
    """
    empty = {'architecture': architecture(), 'os': 'linux',
             'rootfs': {'type': 'layers', 'diff_ids': []}}
    return with_layer(empty, diff_id, run, author='',
                      message=message or 'Imported from -', now=now,
                      created_by='import')


def with_layer(base: models.Json, diff_id: str, run: models.Json, *,
               author: str, message: str, now: datetime.datetime,
               created_by: str = 'commit') -> models.Json:
    """Make the config of an image that a container was committed to.

    :param base: config of the image that the container runs from.
    :param run: the new ``config`` object.
    """
    entry = {'created': _format(now), 'created_by': created_by}
    if author:
        entry['author'] = author
    if message:
        entry['comment'] = message
    made = {
        **base, 'created': _format(now), 'config': run,
        'rootfs': {'type': 'layers',
                   'diff_ids': [*diff_ids(base), diff_id]},
        'history': [*(base.get('history') or ()), entry],
    }
    for name, value in (('author', author), ('comment', message)):
        made.pop(name, None)
        if value:
            made[name] = value
    return made


def _format(when: datetime.datetime) -> str:
    return when.strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def _clamped(seconds: int) -> datetime.datetime:
    """Give a time that every reader of configs can show."""
    return _EPOCH + datetime.timedelta(seconds=min(max(seconds, 0), 2 ** 33))
