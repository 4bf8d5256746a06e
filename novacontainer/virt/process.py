"""What an instance runs, and with which environment; pure.

Called by ``virt.containerspec``.  Three sources add to what the image says
of itself.  Where two say the same thing the later one wins:

#. properties of the Glance image, ``novacontainer_user`` and the like;
#. metadata of the instance, by the same names, and every other key that is
   the name of an environment variable;
#. extra specs of the flavor, ``novacontainer:user`` and the like, which
   only an operator can set.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import re
import shlex
import typing

from nova import exception
from nova.objects import image_meta as image_objects
from nova.objects import instance as instance_objects

from novacontainer.virt import extraspecs

#: Of the keys of ours in image properties and metadata.
PREFIX = 'novacontainer_'
#: Labels that are the driver's.
_OWN_LABELS = 'org.openstack.nova.'
#: Where Nova keeps an image's properties beside an instance.
_IMAGE = 'image_'

_PATTERNS = {
    'user': extraspecs.USER,
    'working_dir': extraspecs.PATH,
    'entrypoint': r'(?s:.+)',
    'command': r'(?s:.+)',
}
_MAPS = {
    'env': extraspecs.ENV_NAME,
    'label': extraspecs.LABEL_NAME,
}

#: What one source says: names such as ``user`` and ``env:A``.
_Source = dict[str, str]


def process(
    instance: instance_objects.Instance,
    image_meta: image_objects.ImageMeta,
    said: Mapping[str, typing.Any],
) -> dict[str, typing.Any]:
    """Command, environment, user, working directory and labels.

    :param said: :func:`extraspecs.values` of the flavor.
    :returns: members of Config (Docker Engine API 1.44).
    :raises: exception.InvalidInput for what makes no sense, and for what
        the source may not say
    :raises: exception.ImageUnacceptable for an image's command line that
        cannot be split
    """
    image = _ours(_properties(instance), 'property of the image')
    own = {f'env:{key}': value
           for key, value in (instance.metadata or {}).items()
           if re.fullmatch(extraspecs.ENV_NAME, key)
           and not key.startswith(PREFIX)}
    line = image_meta.properties.get('os_command_line')
    merged: dict[str, typing.Any] = {
        **({'command': line} if line else {}), **image, **own,
        **_ours(instance.metadata or {}, 'metadata key'), **said}
    config: dict[str, typing.Any] = {
        'Env': [f'{name}={value}'
                for name, value in _map(merged, 'env')],
        'Labels': dict(_map(merged, 'label')),
    }
    for name, member in (('user', 'User'), ('working_dir', 'WorkingDir')):
        if merged.get(name):
            config[member] = merged[name]
    for name, member in (('entrypoint', 'Entrypoint'), ('command', 'Cmd')):
        if merged.get(name):
            config[member] = _words(merged[name], name, image_meta, line)
    return config


def _properties(instance: instance_objects.Instance) -> dict[str, str]:
    """The image's properties, of which Nova's objects drop ours."""
    return {key.removeprefix(_IMAGE): value
            for key, value in (instance.system_metadata or {}).items()
            if key.startswith(_IMAGE)}


def _ours(found: Mapping[str, str], what: str) -> _Source:
    """The keys with our prefix, checked.

    :param what: the kind of the keys, for what is said of a wrong one.
    """
    source = {}
    for key, value in found.items():
        if not key.startswith(PREFIX):
            continue
        name = key.removeprefix(PREFIX)
        kind, _, rest = name.partition('_')
        if name in _PATTERNS:
            if not re.fullmatch(_PATTERNS[name], value):
                raise exception.InvalidInput(
                    reason=f'The {what} {key} is {value!r}; it must match '
                           f'{_PATTERNS[name]}.')
            source[name] = value
        elif kind in _MAPS and re.fullmatch(_MAPS[kind], rest):
            source[f'{kind}:{rest}'] = value
        else:
            raise _unknown(key, name, what)
        if f'label:{_OWN_LABELS}' in f'{kind}:{rest}':
            raise exception.InvalidInput(
                reason=f'The {what} {key} is not to be set: the labels '
                       f'{_OWN_LABELS}* are those of the compute driver.')
    return source


def _unknown(key: str, name: str, what: str) -> exception.InvalidInput:
    if any(spec.name == name for spec in extraspecs.SPECS):
        return exception.InvalidInput(
            reason=f'The {what} {key} is not to be set: only a flavor may '
                   f'say {extraspecs.NAMESPACE}:{name}.')
    known = ', '.join(
        [PREFIX + name for name in _PATTERNS]
        + [f'{PREFIX}{kind}_NAME' for kind in _MAPS])
    return exception.InvalidInput(
        reason=f'There is no {what} {key}; there are {known}.')


def _map(merged: Mapping[str, str], kind: str,
         ) -> Iterator[tuple[str, str]]:
    for key in sorted(merged):
        if key.startswith(f'{kind}:'):
            yield key.partition(':')[2], merged[key]


def _words(line: str, name: str, image_meta: image_objects.ImageMeta,
           image_line: str | None) -> list[str]:
    """Split a line as a shell splits.

    A command takes the place of the image's CMD, as ``docker run IMAGE
    COMMAND`` does; an ENTRYPOINT stays and gets it as its arguments.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        if name == 'command' and line == image_line:
            raise exception.ImageUnacceptable(
                image_id=image_meta.id,
                reason='its property os_command_line is no shell command '
                       f'({error}): {line}') from error
        raise exception.InvalidInput(
            reason=f'The {name} of the instance is no shell command '
                   f'({error}): {line}') from error
