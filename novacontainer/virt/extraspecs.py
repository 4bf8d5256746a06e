"""Extra specs of flavors in the namespace ``novacontainer:``; pure.

Called by ``virt.limits``, ``virt.process``, ``virt.containerspec`` and
``virt.validators``, which shows the same table to nova-api.  nova-api checks
extra specs only from microversion 2.86 on and only if asked, so the driver
checks them again.
"""

from collections.abc import Mapping
import dataclasses
import re
import typing

from nova import exception
from nova.objects import flavor as flavor_objects
from oslo_utils import strutils

NAMESPACE = 'novacontainer'

#: A name of an environment variable (POSIX.1-2017, 8.1).
ENV_NAME = r'[A-Za-z_][A-Za-z0-9_]*'
#: A name of a label; Docker recommends reverse domain names.
LABEL_NAME = r'[A-Za-z0-9][A-Za-z0-9_.-]*'
#: A user or uid, and a group or gid.
USER = r'[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?'
PATH = r'/[^\x00]*'

_CAPABILITY = r'(CAP_)?[A-Z][A-Z_]*'
_DEVICE = r'/dev/[^:,\s]+(:/[^:,\s]+(:[rwm]{1,3})?)?'


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """One extra spec.

    :param name: without the namespace; ``{name}`` in it stands for
        ``name_pattern``.
    :param kind: int, bool or str.
    :param pattern: what the whole of a str must match.
    """

    name: str
    kind: type
    description: str
    minimum: int = 0
    maximum: int = 2**31 - 1
    choices: tuple[str, ...] = ()
    pattern: str = ''
    name_pattern: str = ''

    @property
    def key(self) -> str:
        """The name as it stands in a flavor."""
        return f'{NAMESPACE}:{self.name}'

    def matches(self, key: str) -> bool:
        """Whether a key of a flavor is this one."""
        pattern = re.escape(self.key).replace(
            re.escape('{name}'), self.name_pattern)
        return bool(re.fullmatch(pattern, key))

    def wants(self) -> str:
        """What a value must be, to complete "it must be …"."""
        if self.kind is int:
            return f'a whole number from {self.minimum} to {self.maximum}'
        if self.kind is bool:
            return 'true or false'
        if self.choices:
            return 'one of ' + ', '.join(self.choices)
        return f'of the form {self.pattern}'

    def parse(self, text: str) -> int | bool | str:
        """Turn a flavor's text into a value.

        :raises ValueError: it is none.
        """
        if self.kind is int:
            number = int(text)
            if not self.minimum <= number <= self.maximum:
                raise ValueError(text)
            return number
        if self.kind is bool:
            return typing.cast(
                bool, strutils.bool_from_string(text, strict=True))
        if self.choices and text not in self.choices:
            raise ValueError(text)
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise ValueError(text)
        return text


SPECS = (
    Spec('pids', int, 'How many processes and threads an instance may have; '
         '0 means no limit.'),
    Spec('privileged', bool, 'Whether the container has every capability '
         'and device of the host and no user namespace, where the operator '
         'of the host allows it.'),
    Spec('userns', str, 'Whether the container has a user namespace of its '
         "own or, where the operator of the host allows it, the host's.",
         choices=('private', 'host')),
    Spec('init', bool, 'Whether an init process reaps zombies and passes '
         'signals on.'),
    Spec('seccomp', str, 'The filter of system calls.',
         choices=('default', 'unconfined')),
    Spec('capabilities', str, 'Capabilities that root of an instance has '
         'besides the default ones, separated by commas.',
         pattern=rf'{_CAPABILITY}(,{_CAPABILITY})*'),
    Spec('devices', str, 'Devices of the host, separated by commas, each '
         'with its path, or path:path inside:rwm, where the operator of the '
         'host allows them.', pattern=rf'{_DEVICE}(,{_DEVICE})*'),
    Spec('user', str, 'The user, and group, that the command runs as.',
         pattern=USER),
    Spec('working_dir', str, 'The directory that the command starts in.',
         pattern=PATH),
    Spec('entrypoint', str, "In place of the image's ENTRYPOINT, split as a "
         'shell splits.', pattern=r'[^\x00]+'),
    Spec('command', str, "In place of the image's CMD, split as a shell "
         'splits.', pattern=r'[^\x00]+'),
    Spec('env:{name}', str, 'An environment variable.', pattern=r'[^\x00]*',
         name_pattern=ENV_NAME),
    Spec('label:{name}', str, 'A label of the container.',
         pattern=r'[^\x00]*', name_pattern=LABEL_NAME),
)

Values = Mapping[str, int | bool | str]


def values(flavor: flavor_objects.Flavor) -> dict[str, typing.Any]:
    """What a flavor says in our namespace, by name without the namespace.

    :raises: exception.InvalidInput for a value that makes no sense, and for
        a key that there is not
    """
    found = {}
    for key, text in (flavor.extra_specs or {}).items():
        if not key.startswith(f'{NAMESPACE}:'):
            continue
        spec = next((spec for spec in SPECS if spec.matches(key)), None)
        if spec is None:
            raise exception.InvalidInput(
                reason=f'The flavor {flavor.name} has the extra spec {key}, '
                       'which there is not. There are '
                       + ', '.join(spec.key for spec in SPECS) + '.')
        try:
            found[key.partition(':')[2]] = spec.parse(text)
        except ValueError as error:
            raise _invalid(flavor, key, text, spec.wants()) from error
    return found


def number(flavor: flavor_objects.Flavor, key: str, default: int, *,
           minimum: int = 0, maximum: int = 2**63 - 1,
           or_zero: bool = False) -> int:
    """One of Nova's own extra specs that is a whole number.

    :param or_zero: 0 is taken too and means the default.
    :raises: exception.InvalidInput for anything else
    """
    text = (flavor.extra_specs or {}).get(key)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise _invalid(flavor, key, text, 'a whole number') from None
    if or_zero and value == 0:
        return default
    if not minimum <= value <= maximum:
        raise _invalid(
            flavor, key, text, f'a whole number from {minimum} to {maximum}')
    return value


def isolation(said: Mapping[str, typing.Any]) -> dict[str, typing.Any]:
    """What of HostConfig says how far a container is let out.

    :param said: :func:`values`.
    """
    config: dict[str, typing.Any] = {}
    if said.get('privileged'):
        config['Privileged'] = True
    if said.get('userns') == 'host':
        config['UsernsMode'] = 'host'
    if said.get('init'):
        config['Init'] = True
    if said.get('seccomp') == 'unconfined':
        config['SecurityOpt'] = ['seccomp=unconfined']
    if said.get('capabilities'):
        config['CapAdd'] = said['capabilities'].split(',')
    if said.get('devices'):
        config['Devices'] = [
            _device(text) for text in said['devices'].split(',')]
    return config


def _device(text: str) -> dict[str, str]:
    path, _, rest = text.partition(':')
    inside, _, access = rest.partition(':')
    return {'PathOnHost': path, 'PathInContainer': inside or path,
            'CgroupPermissions': access or 'rwm'}


def _invalid(flavor: flavor_objects.Flavor, key: str, text: str,
             wants: str) -> exception.InvalidInput:
    return exception.InvalidInput(
        reason=f'The extra spec {key} of flavor {flavor.name} is {text!r}; '
               f'it must be {wants}.')
