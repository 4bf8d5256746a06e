"""How much of the host a container may see: namespaces, devices, paths.

Called by ``service.hostconfig`` (:func:`check`), ``service.preparation`` and
``service.runspec``.  Calls ``host.devices`` and ``oci.defaults``.

Docker Engine API 1.44, ``HostConfig``.  What reaches out of the container is
the operator's to allow, see :class:`Policy`.
"""

from collections.abc import Sequence
import dataclasses
import fnmatch
import os
import posixpath
import re

from novacontainer.runtime import exception
from novacontainer.runtime.host import devices
from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults

#: Where Docker, too, mounts the init process.
INIT = '/sbin/docker-init'

_RULE = re.compile(r'([acb]) (\d{1,7}|\*):(\d{1,7}|\*) ([rwm]{1,3})')
_ACCESS = re.compile(r'[rwm]{1,3}')
#: Field → the namespace that it is about, and the words for its own.
_MODES = {
    'CgroupnsMode': ('cgroup', ('', 'private')),
    'IpcMode': ('ipc', ('', 'none', 'private', 'shareable')),
    'PidMode': ('pid', ('',)),
    'UTSMode': ('uts', ('',)),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What the operator lets containers have of the host.

    :param privileged: ``Privileged``, and what is a part of it.
    :param host_namespaces: ipc, pid, uts and cgroup namespaces of the host.
    :param devices: patterns (fnmatch) of device nodes.
    :param pluggable: those of block devices that become the container's own.
    :param init_path: the static program that ``Init`` runs.
    """

    privileged: bool = False
    host_namespaces: bool = False
    devices: tuple[str, ...] = ()
    pluggable: tuple[str, ...] = ()
    init_path: str = ''


def check(given: models.Json, policy: Policy) -> None:
    """Refuse what makes no sense or is not allowed.

    :raises InvalidRequest: names the field.
    :raises Forbidden: names the option that would allow it.
    :raises NotSupported: this version or this host does not have it.
    """
    if given.get('Privileged'):
        check_privileged(policy)
    for field in _MODES:
        _check_mode(given, field, policy)
    if given.get('Init') and not os.access(policy.init_path, os.X_OK):
        raise exception.NotSupported(
            f'Init needs {policy.init_path or "an init program"}, which is '
            'not installed; on Debian: apt install tini, or set '
            '[containers]init_path', 'host.program_missing')
    for field, standard in (('MaskedPaths', defaults.MASKED_PATHS),
                            ('ReadonlyPaths', defaults.READONLY_PATHS)):
        _check_paths(given, field, standard, policy)
    for rule in given.get('DeviceCgroupRules') or ():
        if not _RULE.fullmatch(rule):
            raise _invalid(f"invalid device cgroup format: '{rule}'")
        _allow(policy.privileged, 'DeviceCgroupRules', 'allow_privileged')
    for asked in given.get('Devices') or ():
        _check_device(asked, given, policy)


def check_privileged(policy: Policy) -> None:
    """Refuse privileges where the operator does not allow them.

    :raises Forbidden: names the option that would allow it.
    """
    _allow(policy.privileged, 'Privileged', 'allow_privileged')


def host_namespaces(host_config: models.Json) -> frozenset[str]:
    """Return the kinds of namespaces that are the host's own."""
    return frozenset(kind for field, (kind, _) in _MODES.items()
                     if host_config.get(field) == 'host')


def device(given: models.Json) -> tuple[str, str, str]:
    """Return path on the host, path inside, and access, of a device."""
    source = posixpath.normpath(given.get('PathOnHost') or '.')
    target = given.get('PathInContainer') or source
    return (source, posixpath.normpath(target),
            given.get('CgroupPermissions') or 'rwm')


def mounts(host_config: models.Json, init_path: str,
           ) -> tuple[models.Mount, ...]:
    """Return what is mounted for ``Devices`` and ``Init``.

    A device node is bound from the host: nobody can make one in a user
    namespace.  What was plugged in is shown later (``service.plugs``).
    """
    found = [models.Mount('bind', source, target, ('bind', 'rprivate'))
             for source, target, _ in map(device, (
                 one for one in host_config.get('Devices') or ()
                 if not one.get('Plugged')))]
    if host_config.get('Init'):
        found.append(models.Mount(
            'bind', init_path, INIT, ('bind', 'rprivate', 'ro')))
    return tuple(found)


def device_rules(host_config: models.Json) -> tuple[models.Json, ...]:
    """Return what the device cgroup lets through beside the defaults.

    :raises InvalidRequest: a device has gone from the host.
    """
    rules: list[models.Json] = []
    for source, _, access in map(device, host_config.get('Devices') or ()):
        node = devices.inspect(source)
        rules.append({'allow': True, 'type': node.kind, 'major': node.major,
                      'minor': node.minor, 'access': access})
    for text in host_config.get('DeviceCgroupRules') or ():
        kind, major, minor, access = text.replace(':', ' ').split()
        rule: models.Json = {'allow': True, 'type': kind, 'access': access}
        for name, number in (('major', major), ('minor', minor)):
            if number != '*':
                rule[name] = int(number)
        rules.append(rule)
    return tuple(rules)


def present_rules(host_config: models.Json) -> tuple[models.Json, ...]:
    """Return :func:`device_rules` without devices that have gone."""
    asked = host_config.get('Devices') or ()
    return device_rules({**host_config, 'Devices': [
        one for one in asked if devices.exists(device(one)[0])]})


def nodes(host_config: models.Json) -> tuple[models.Json, ...]:
    """Return the device nodes of a privileged container: the host's."""
    if not host_config.get('Privileged'):
        return ()
    return tuple(
        {'path': path, 'type': node.kind, 'major': node.major,
         'minor': node.minor, 'fileMode': node.mode,
         'uid': node.uid, 'gid': node.gid}
        for path, node in devices.listed())


def hidden_paths(host_config: models.Json) -> tuple[str, ...] | None:
    """Return the paths that are masked, None for the defaults."""
    return _paths(host_config, 'MaskedPaths')


def readonly_paths(host_config: models.Json) -> tuple[str, ...] | None:
    """Return the paths that cannot be written to, None for the defaults."""
    return _paths(host_config, 'ReadonlyPaths')


def _paths(host_config: models.Json, field: str) -> tuple[str, ...] | None:
    given = host_config.get(field)
    return None if given is None else tuple(given)


def _check_mode(given: models.Json, field: str, policy: Policy) -> None:
    kind, own = _MODES[field]
    mode = given.get(field) or ''
    if mode in own:
        return
    if mode.startswith('container:'):
        raise exception.NotSupported(
            f'{field} {mode!r} is not supported by this version; leave it '
            'out', 'container.field_not_supported')
    if mode != 'host':
        raise _invalid(f'invalid {kind} mode: {mode!r} ({field})')
    _allow(policy.host_namespaces or bool(given.get('Privileged')),
           f'{field} "host"', 'allow_host_namespaces')
    if kind != 'uts' and not (given.get('UsernsMode') == 'host'
                              or given.get('Privileged')):
        raise _invalid(
            f"cannot share the host's {kind} namespace when the container "
            'has a user namespace; add UsernsMode "host"')


def _check_paths(given: models.Json, field: str, standard: Sequence[str],
                 policy: Policy) -> None:
    paths = given.get(field)
    if paths is None:
        return
    for path in paths:
        if not path.startswith('/'):
            raise _invalid(f'{path!r} is not an absolute path ({field})')
    if not set(standard) <= set(paths):
        _allow(policy.privileged, f'{field} with less than the default',
               'allow_privileged')


def _check_device(asked: models.Json, given: models.Json,
                  policy: Policy) -> None:
    source, target, access = device(asked)
    if not source.startswith('/') or not target.startswith('/'):
        raise _invalid(f'{source or target!r} is not an absolute path '
                       '(Devices)')
    if not _ACCESS.fullmatch(access):
        raise _invalid(f'invalid device mode: {access}')
    patterns, option = ((policy.pluggable, 'pluggable_devices')
                        if asked.get('Plugged')
                        else (policy.devices, 'allowed_devices'))
    if not (given.get('Privileged') or any(
            fnmatch.fnmatchcase(source, pattern) for pattern in patterns)):
        raise exception.Forbidden(
            f'The device {source} is not allowed on this host; the operator '
            f'can name it in [containers]{option}',
            'container.device_forbidden')
    devices.inspect(source)


def _allow(allowed: bool, what: str, option: str) -> None:
    if not allowed:
        raise exception.Forbidden(
            f'{what} is not allowed on this host; the operator can set '
            f'[containers]{option}', 'container.not_allowed')


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        message, 'container.invalid_host_config')
