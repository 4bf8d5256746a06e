"""What an image made from a container says about itself.

Called by ``service.snapshots``.  Calls ``service.config``.  Pure functions.

Docker Engine API 1.44, ``POST /commit``: the container's own configuration,
under what the body gives, under ``changes``: instructions of a Dockerfile
(CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER,
VOLUME, WORKDIR).
"""

from collections.abc import Callable, Sequence
import json
import posixpath
import re
import shlex

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import config as configs
from novacontainer.runtime.service import healthcheck
from novacontainer.runtime.service import signals

#: Keys of an image's configuration (OCI image-spec, config.md).
_KEYS = ('Cmd', 'Entrypoint', 'Env', 'ExposedPorts', 'Healthcheck', 'Labels',
         'OnBuild', 'Shell', 'StopSignal', 'User', 'Volumes', 'WorkingDir')
#: Labels that say what the container was, not what the image is.
_OF_THE_CONTAINER = ('org.openstack.nova.', 'org.openstack.novacontainer.')
_TIME = re.compile(r'(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)')
_UNITS_NS = {'ns': 1, 'us': 10**3, 'ms': 10**6, 's': 10**9, 'm': 60 * 10**9,
             'h': 3600 * 10**9}
_CHECK_TIMES = {'interval': 'Interval', 'timeout': 'Timeout',
                'start-period': 'StartPeriod',
                'start-interval': 'StartInterval'}
_PORT = re.compile(r'\d{1,5}(?:-\d{1,5})?(?:/(?:tcp|udp|sctp))?')


def image_config(container: models.Container, given: models.Json | None,
                 changes: Sequence[str]) -> models.Json:
    """Return the ``config`` object of the new image.

    :raises InvalidRequest: an instruction that cannot be understood.
    """
    made = {key: container.config.get(key) for key in _KEYS}
    made['Labels'] = {
        key: value for key, value in (made['Labels'] or {}).items()
        if not key.startswith(_OF_THE_CONTAINER)}
    _overlay(made, given or {})
    return _changed(made, changes)


def of_nothing(changes: Sequence[str]) -> models.Json:
    """Return the ``config`` object of an image that is imported.

    :raises InvalidRequest: an instruction that cannot be understood.
    """
    return _changed(dict.fromkeys(_KEYS), changes)


def _changed(made: models.Json, changes: Sequence[str]) -> models.Json:
    for line in changes:
        _apply(made, line)
    made['Env'] = configs.without_bare_names(made['Env'] or ())
    return {key: value for key, value in made.items() if value}


def _overlay(made: models.Json, given: models.Json) -> None:
    for key in _KEYS:
        value = given.get(key)
        if not value:
            continue
        if key == 'Env':
            made[key] = configs.merge_env(value, made[key] or ())
        elif isinstance(value, dict):
            made[key] = {**(made[key] or {}), **value}
        else:
            made[key] = value
    if given.get('Entrypoint') and not given.get('Cmd'):
        # The old words belong to the old entry point.
        made['Cmd'] = None


def _apply(made: models.Json, line: str) -> None:
    word, _, rest = line.strip().partition(' ')
    instruction = _INSTRUCTIONS.get(word.upper())
    if instruction is None:
        raise _invalid(f'{word or line!r} is not a change that can be made '
                       f'to an image; these are: {", ".join(_INSTRUCTIONS)}')
    instruction(made, rest.strip())


def _command(key: str) -> Callable[[models.Json, str], None]:
    def change(made: models.Json, text: str) -> None:
        made[key] = _words(text)
        if key == 'Entrypoint':
            made['Cmd'] = None
    return change


def _words(text: str) -> list[str] | None:
    """Read the exec form (JSON) or the shell form."""
    if text.startswith('['):
        try:
            words = json.loads(text)
        except ValueError:
            words = None
        if isinstance(words, list) and all(
                isinstance(word, str) for word in words):
            return words or None
    return ['/bin/sh', '-c', text] if text else None


def _env(made: models.Json, text: str) -> None:
    made['Env'] = configs.merge_env(
        [f'{name}={value}' for name, value in _pairs(text)],
        made['Env'] or ())


def _label(made: models.Json, text: str) -> None:
    made['Labels'] = {**(made['Labels'] or {}), **dict(_pairs(text))}


def _pairs(text: str) -> list[tuple[str, str]]:
    """Read ``a=b c="d e"`` or the old form ``a b and more``."""
    name, _, rest = text.partition(' ')
    if '=' not in name and rest:
        return [(name, rest.strip())]
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _invalid(f'{text!r}: {error}') from error
    pairs = []
    for word in words:
        name, equals, value = word.partition('=')
        if not name or not equals:
            raise _invalid(f'{text!r} is not of the form name=value')
        pairs.append((name, value))
    return pairs


def _expose(made: models.Json, text: str) -> None:
    ports = dict(made['ExposedPorts'] or {})
    for port in text.split():
        if not _PORT.fullmatch(port):
            raise _invalid(f'invalid port: {port!r}')
        ports[port if '/' in port else f'{port}/tcp'] = {}
    made['ExposedPorts'] = ports


def _healthcheck(made: models.Json, text: str) -> None:
    """Read ``NONE``, or ``--interval=30s … CMD …``."""
    given: models.Json = {}
    while text.startswith('--'):
        option, _, text = text.partition(' ')
        name, _, value = option.removeprefix('--').partition('=')
        text = text.strip()
        if name == 'retries' and value.isascii() and value.isdigit():
            given['Retries'] = int(value)
        elif name in _CHECK_TIMES:
            given[_CHECK_TIMES[name]] = _nanoseconds(value)
        else:
            raise _invalid(f'{option} is not an option of HEALTHCHECK')
    form, _, rest = text.partition(' ')
    rest = rest.strip()
    if form.upper() == 'NONE' and not rest:
        given['Test'] = ['NONE']
    elif form.upper() == 'CMD' and rest:
        words = _words(rest) or []
        given['Test'] = (['CMD-SHELL', rest]
                         if words[:2] == ['/bin/sh', '-c']
                         and not rest.startswith('[')
                         else ['CMD', *words])
    else:
        raise _invalid(f'HEALTHCHECK {text!r}: NONE, or CMD and what is to '
                       'be run, belongs there')
    made['Healthcheck'] = healthcheck.merge(given, None)


def _nanoseconds(text: str) -> int:
    """Read a duration in Go's notation: ``1m30s``, ``500ms``."""
    parts = _TIME.findall(text)
    if not parts or ''.join(map(''.join, parts)) != text:
        raise _invalid(f'{text!r} is not a time, as 30s or 1m30s are')
    return round(sum(float(number) * _UNITS_NS[unit]
                     for number, unit in parts))


def _on_build(made: models.Json, text: str) -> None:
    if not text:
        raise _invalid('ONBUILD without an instruction')
    made['OnBuild'] = [*(made['OnBuild'] or ()), text]


def _volume(made: models.Json, text: str) -> None:
    paths = _words(text) if text.startswith('[') else text.split()
    made['Volumes'] = {**(made['Volumes'] or {}),
                       **{path: {} for path in paths or ()}}


def _working_directory(made: models.Json, text: str) -> None:
    made['WorkingDir'] = posixpath.normpath(
        posixpath.join(made['WorkingDir'] or '/', text))


def _stop_signal(made: models.Json, text: str) -> None:
    signals.number(text)
    made['StopSignal'] = text


def _user(made: models.Json, text: str) -> None:
    made['User'] = text


_INSTRUCTIONS: dict[str, Callable[[models.Json, str], None]] = {
    'CMD': _command('Cmd'),
    'ENTRYPOINT': _command('Entrypoint'),
    'ENV': _env,
    'EXPOSE': _expose,
    'HEALTHCHECK': _healthcheck,
    'LABEL': _label,
    'ONBUILD': _on_build,
    'STOPSIGNAL': _stop_signal,
    'USER': _user,
    'VOLUME': _volume,
    'WORKDIR': _working_directory,
}


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'image.invalid_change')
