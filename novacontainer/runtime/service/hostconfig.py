"""The ``HostConfig`` half of a create body: checked, and made complete.

Called by ``service.creation``.  Calls ``service.resources``,
``service.mounts``, ``oci.defaults``.  Pure functions.  ``NetworkMode`` is the
matter of ``service.netmodes``.

Docker Engine API 1.44, ``POST /containers/create``.  Nothing is ignored in
silence: a field that this version does not honour is refused by name, unless
its value asks for nothing.
"""

from collections.abc import Mapping
import dataclasses
import ipaddress
import re
import typing

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.oci import seccomp_profile as profiles
from novacontainer.runtime.service import blockio
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import logconfig
from novacontainer.runtime.service import mounts
from novacontainer.runtime.service import netmodes
from novacontainer.runtime.service import resources


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What this host has, and what its operator allows.

    :param cpus: numbers of the host's cpus.
    :param runtime: name of the OCI runtime in use.
    :param allow_host_userns: containers may do without a user namespace.
    :param mems: numbers of the host's memory nodes.
    :param ulimits: hard limits beyond which no container with a user
        namespace can go, by name; -1 and absent: none.
    :param cgroup_version: 1 (hybrid included) or 2.
    :param reach: what of the host may be had.
    :param network: what the operator decided about networks.
    """

    cpus: frozenset[int]
    runtime: str
    allow_host_userns: bool = False
    mems: frozenset[int] = frozenset((0,))
    ulimits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    cgroup_version: int = 1
    reach: isolation.Policy = dataclasses.field(
        default_factory=isolation.Policy)
    network: netmodes.Policy = dataclasses.field(
        default_factory=netmodes.Policy)


#: Fields that are taken as they are, or looked at below.
_HONOURED = frozenset((
    'Annotations', 'AutoRemove', 'Binds', *blockio.THROTTLES,
    *blockio.WEIGHTS, 'CapAdd', 'CapDrop',
    'CgroupnsMode', 'CpuPeriod', 'DeviceCgroupRules', 'Devices', 'GroupAdd',
    'ImageVolumeMode', 'Init', 'IpcMode', 'MaskedPaths', 'MemorySwappiness',
    'OomKillDisable',
    'PidMode', 'Privileged', 'ReadonlyPaths', 'UTSMode',
    'CpuQuota', 'CpuShares', 'CpusetCpus', 'CpusetMems', 'Dns',
    'DnsOptions', 'DnsSearch', 'ExtraHosts', 'Links', 'LogConfig', 'Memory',
    'MemoryReservation', 'MemorySwap', 'Mounts', 'NanoCpus', 'NetworkMode',
    'OomScoreAdj', 'PidsLimit', 'PortBindings', 'PublishAllPorts',
    'ReadonlyRootfs', 'RestartPolicy',
    'SecurityOpt', 'ShmSize', 'StorageOpt', 'Sysctls', 'Tmpfs', 'Ulimits',
    'UsernsMode', 'VolumeDriver', 'VolumesFrom'))

#: What asks for nothing, beside the empty values of every type.
_NEUTRAL: Mapping[str, tuple[typing.Any, ...]] = {
    'ConsoleSize': ([0, 0],),
    'Isolation': ('default',),
}
_EMPTY: tuple[typing.Any, ...] = (None, '', 0, [], {})

#: Why some fields will stay refused.
_WHY = {
    'CgroupParent': 'all containers are in the control group that the '
                    'operator sets, [engine]cgroup_parent',
    'CpuRealtimePeriod': 'kernels seldom have realtime group scheduling',
    'CpuRealtimeRuntime': 'kernels seldom have realtime group scheduling',
    'KernelMemory': 'Linux no longer has this limit; set Memory',
    'KernelMemoryTCP': 'Linux counts it as Memory',
}

#: What Docker calls its OCI runtime, whichever it is.
_ANY_RUNTIME = ('runc', 'io.containerd.runc.v2')

#: What describes the terminal of the client or a file on its side.
_CLIENT_SIDE = frozenset(('ConsoleSize', 'ContainerIDFile'))

_RESTART_POLICIES = ('no', 'always', 'unless-stopped', 'on-failure')

#: Settings that belong to a namespace of the container's own.
_SYSCTLS = re.compile(
    r'kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|'
    r'shm_rmid_forced)|fs\.mqueue\.[a-z_]+|net\.[A-Za-z0-9_.-]+')

_DOMAIN = re.compile(r'\.|[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?')
_RESOLVER_OPTION = re.compile(r'[a-z0-9-]+(:\d+)?')

#: Security options that change nothing, or say what is so anyway.
_NO_CHANGE = frozenset((
    'apparmor=unconfined', 'label=disable', 'label:disable',
    'no-new-privileges:false', 'no-new-privileges=false',
    'seccomp=builtin', 'systempaths=confined'))
_NO_NEW_PRIVILEGES = frozenset((
    'no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=true'))
_SECCOMP_OWN = ('seccomp={', 'seccomp:{')
_SECCOMP_OFF = frozenset(('seccomp=unconfined', 'seccomp:unconfined'))


def normalise(body: models.Json, policy: Policy) -> models.Json:
    """Return the ``HostConfig`` of a create body as it will be honoured.

    :raises InvalidRequest: a value makes no sense; names the field.
    :raises Forbidden: the operator does not allow it.
    :raises NotSupported: this version does not do it; names the field.
    """
    given: models.Json = dict(body.get('HostConfig') or {})
    # The Docker SDK for Python puts it there.
    given.setdefault('Runtime', body.get('Runtime'))
    _refuse_unsupported(given, policy)
    isolation.check(given, policy.reach)
    _check_userns(given, policy)
    _check_cgroup1(given, policy)
    given['LogConfig'] = logconfig.normalise(given)
    _check_security(given)
    _check_sysctls(given)
    _check_names(given)
    console_size(given)
    _settle(given)
    defaults.capabilities(given.get('CapAdd') or (),
                          given.get('CapDrop') or ())
    resources.check(given, policy.cpus, policy.mems)
    blockio.check(given, policy.runtime, policy.cgroup_version)
    _check_reach(given, policy)
    mounts.requested(given)
    mounts.volumes_from(given)
    mounts.image_volumes_are_kept(given)
    given['ShmSize'] = given.get('ShmSize') or resources.SHM_BYTES
    given['Runtime'] = given.get('Runtime') or policy.runtime
    memory = given.get('Memory') or 0
    if memory and not given.get('MemorySwap'):
        given['MemorySwap'] = resources.default_swap(memory)
    return given


def _settle(given: models.Json) -> None:
    """Write down what stands where nothing was asked, as Docker does."""
    for field, settled in (('IpcMode', 'private'),
                           ('CgroupnsMode', 'private')):
        given[field] = given.get(field) or settled
    if (given.get('PidsLimit') or 0) <= 0:
        given['PidsLimit'] = None
    given['MemorySwappiness'] = resources.swappiness(given)
    if not given.get('Privileged'):
        for field, paths in (('MaskedPaths', defaults.MASKED_PATHS),
                             ('ReadonlyPaths', defaults.READONLY_PATHS)):
            if given.get(field) is None:
                given[field] = list(paths)


def no_new_privileges(host_config: models.Json) -> bool:
    """Say whether programs may not gain privileges (setuid and the like)."""
    return not _NO_NEW_PRIVILEGES.isdisjoint(
        host_config.get('SecurityOpt') or ())


def seccomp_unconfined(host_config: models.Json) -> bool:
    """Say whether the container runs without a system call filter."""
    return not _SECCOMP_OFF.isdisjoint(host_config.get('SecurityOpt') or ())


def seccomp_profile(host_config: models.Json) -> str:
    """Return the filter that the client brings, '' when it brings none."""
    own = [option for option in host_config.get('SecurityOpt') or ()
           if option.startswith(_SECCOMP_OWN)]
    return own[-1][len('seccomp='):] if own else ''


def console_size(given: models.Json) -> tuple[int, int]:
    """Return ``ConsoleSize`` as rows and columns; (0, 0): not said.

    :param given: a HostConfig, or the body of an exec.
    :raises InvalidRequest: no terminal has that size.
    """
    size = given.get('ConsoleSize') or (0, 0)
    if len(size) != 2 or not all(0 <= number <= 65535 for number in size):
        raise _invalid('ConsoleSize must be rows and columns, each between '
                       '0 and 65535')
    return size[0], size[1]


def extra_hosts(host_config: models.Json) -> list[tuple[str, str]]:
    """Return ``ExtraHosts`` as (address, name) pairs.

    An address may be the word ``host-gateway``.

    :raises InvalidRequest: an entry is not ``name:address``.
    """
    found = []
    for entry in host_config.get('ExtraHosts') or ():
        name, _, address = entry.replace('=', ':', 1).partition(':')
        address = address.removeprefix('[').removesuffix(']')
        if not _DOMAIN.fullmatch(name) or (
                address != netmodes.HOST_GATEWAY
                and not _is_address(address)):
            raise _invalid(f'bad format for add-host: {entry!r}')
        found.append((address, name))
    return found


def _refuse_unsupported(given: models.Json, policy: Policy) -> None:
    for field, value in given.items():
        if field in _HONOURED or field in _CLIENT_SIDE:
            continue
        if field == 'Runtime':
            _check_runtime(value, policy)
            continue
        if value not in _EMPTY and value not in _NEUTRAL.get(field, ()):
            raise _unsupported(f'HostConfig.{field}', _WHY.get(field, ''))
    check_restart(given)


def _check_runtime(name: str | None, policy: Policy) -> None:
    if name and name != policy.runtime and name not in _ANY_RUNTIME:
        raise _invalid(f'unknown or invalid runtime name: {name}; this host '
                       f'has {policy.runtime}')


def check_restart(given: models.Json) -> None:
    """Refuse a ``RestartPolicy`` that makes no sense."""
    restart = given.get('RestartPolicy') or {}
    name = restart.get('Name') or 'no'
    count = restart.get('MaximumRetryCount') or 0
    if name not in _RESTART_POLICIES:
        raise _invalid(f'invalid restart policy: unknown policy {name!r}; '
                       'use one of ' + ', '.join(_RESTART_POLICIES))
    if count < 0:
        raise _invalid('invalid restart policy: maximum retry count cannot '
                       'be negative')
    if count and name != 'on-failure':
        raise _invalid('invalid restart policy: maximum retry count cannot '
                       f'be used with restart policy {name!r}')
    if given.get('AutoRemove') and name != 'no':
        raise _invalid("can't create 'AutoRemove' container with restart "
                       'policy')


def _check_userns(given: models.Json, policy: Policy) -> None:
    mode = given.get('UsernsMode') or ''
    if mode not in ('', 'host', 'private'):
        raise _invalid(f'invalid user namespace mode: {mode!r}')
    if given.get('Privileged'):
        # Nothing of the host could be reached from within another one.
        if mode == 'private':
            raise _invalid('privileged mode is incompatible with user '
                           'namespaces: leave UsernsMode out')
        given['UsernsMode'] = 'host'
        return
    if mode == 'host' and not policy.allow_host_userns:
        raise exception.Forbidden(
            'UsernsMode "host" is not allowed on this host; the operator '
            'can set [containers]allow_host_userns',
            'container.host_userns_forbidden')


def _check_cgroup1(given: models.Json, policy: Policy) -> None:
    """Refuse what only the first version of control groups has."""
    if policy.cgroup_version == 1:
        return
    for field, asked in (
            ('MemorySwappiness', resources.swappiness(given) is not None),
            ('OomKillDisable', bool(given.get('OomKillDisable')))):
        if asked:
            raise exception.NotSupported(
                f'{field} needs control groups of version 1, which this '
                'host does not have; leave it out',
                'container.field_not_supported')


def _check_reach(given: models.Json, policy: Policy) -> None:
    """Refuse what needs privileges that a user namespace takes away."""
    if given.get('UsernsMode') == 'host':
        return
    if (given.get('OomScoreAdj') or 0) < 0:
        raise _invalid('OomScoreAdj below 0 needs UsernsMode "host": a '
                       'container with a user namespace cannot have it')
    for item in given.get('Ulimits') or ():
        top = policy.ulimits.get(item['Name'], -1)
        for value in (item.get('Soft') or 0, item.get('Hard') or 0):
            if top != -1 and not 0 <= value <= top:
                raise _invalid(
                    f'ulimit {item["Name"]}: {value} is beyond the hard '
                    f'limit of novacontainerd, {top}; raise that one first')


def _check_security(given: models.Json) -> None:
    if profile := seccomp_profile(given):
        profiles.check(profile)
    for option in given.get('SecurityOpt') or ():
        if option.startswith(_SECCOMP_OWN):
            continue
        if option not in (_NO_CHANGE | _NO_NEW_PRIVILEGES | _SECCOMP_OFF):
            raise _unsupported(f'SecurityOpt {option!r}')


def _check_sysctls(given: models.Json) -> None:
    for name, value in (given.get('Sysctls') or {}).items():
        if not _SYSCTLS.fullmatch(name) or '..' in name:
            raise _invalid(
                f"sysctl '{name}' is not allowed: it is not a setting of "
                "the container's own namespaces")
        if '\n' in value or '\0' in value:
            raise _invalid(f"the value of sysctl '{name}' is invalid")


def _check_names(given: models.Json) -> None:
    """Check what is written into resolv.conf and hosts."""
    for address in given.get('Dns') or ():
        if not _is_address(address):
            raise _invalid(f'{address!r} is not an IP address (Dns)')
    for domain in given.get('DnsSearch') or ():
        if not _DOMAIN.fullmatch(domain):
            raise _invalid(f'{domain!r} is not a domain (DnsSearch)')
    for option in given.get('DnsOptions') or ():
        if not _RESOLVER_OPTION.fullmatch(option):
            raise _invalid(f'{option!r} is not an option of resolv.conf '
                           '(DnsOptions)')
    extra_hosts(given)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _unsupported(what: str, why: str = '') -> exception.NotSupported:
    reason = f' ({why})' if why else ''
    return exception.NotSupported(
        f'{what} is not supported by this version{reason}; leave it out',
        'container.field_not_supported')


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        message, 'container.invalid_host_config')
