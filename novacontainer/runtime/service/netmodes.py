"""``NetworkMode``: whose network namespace a container is in.

Called by ``service.hostconfig`` (:func:`check`), ``service.creation``,
``service.preparation`` and ``service.containers``.  Calls
``service.ports``, and ``host.namespaces`` to look at what ``ns:`` names; else
pure.

Docker Engine API 1.44, ``HostConfig.NetworkMode``; ``ns:/path`` is Podman's.

=================== =====================================================
``none``            its own, with ``lo`` alone; what else is in it comes
                    from outside, as from Nova's driver
``bridge``, a name  its own, with an interface on that network
``host``            the host's
``container:NAME``  another container's
``ns:/path``        one that somebody pinned on the host
=================== =====================================================
"""

from collections.abc import Callable
import dataclasses
import os
import pathlib

from novacontainer.runtime import exception
from novacontainer.runtime.host import namespaces
from novacontainer.runtime import models
from novacontainer.runtime.service import ports

#: How many containers may stand between a container and its network.
_CHAIN_MAX = 16
#: Stands for the host's address (``HostConfig.ExtraHosts``).
HOST_GATEWAY = 'host-gateway'
_CONTAINER = 'container:'
_PATH = 'ns:'

Find = Callable[[str], models.Container | None]
#: Says where the namespaces of a container's own are pinned.
OwnPaths = Callable[[models.Container], models.SandboxPaths]


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decided about networks.

    :param default: what ``default`` stands for: ``bridge`` or ``none``.
    :param lacking: why it is ``none``, where nobody decided so.
    :param host: ``host`` is allowed.
    :param directory: namespaces below it may be named by ``ns:``; '': none.
    :param runtime: the OCI runtime in use.
    """

    default: str = 'none'
    lacking: str = ''
    host: bool = False
    directory: str = ''
    runtime: str = ''


def check(body: models.Json, merged: models.Json, given: models.Json,
          policy: Policy) -> list[str]:
    """Write the mode that is meant into a HostConfig; return warnings.

    :param body: the whole create body.
    :param merged: its Config, with the image's in it.
    :param given: its HostConfig, to be changed.
    :raises InvalidRequest: the mode and another option exclude each other.
    :raises Forbidden: the operator does not allow it.
    :raises NotSupported: the OCI runtime cannot do it.
    """
    mode = given.get('NetworkMode') or 'default'
    is_fallback = mode == 'default' and bool(policy.lacking)
    if mode == 'default':
        mode = policy.default
    if body.get('NetworkDisabled'):
        mode = 'none'
    given['NetworkMode'] = mode
    if target(given) is not None:
        _check_container(body, given)
    elif (path := _path(given)) is not None:
        _check_path(path, policy)
    elif mode == 'host':
        _check_host(policy)
    if network_name(given) is None:
        _check_endpoints(body, mode)
        if body.get('MacAddress'):
            raise _invalid(
                'conflicting options: mac-address and the network mode')
    if not is_own(given):
        _check_shared(given, policy)
    if mode == 'none' and any(entry.endswith(HOST_GATEWAY) for entry
                              in given.get('ExtraHosts') or ()):
        raise _invalid('unable to derive the IP value for host-gateway: the '
                       'container has no network')
    asked = bool(ports.wanted(merged, given))
    if is_fallback:
        return [_without(given, policy)]
    if mode in ('host', 'none') and asked:
        return [f'Published ports are discarded when using {mode} network '
                'mode']
    return []


def _without(given: models.Json, policy: Policy) -> str:
    """Warn that a container has no network, or refuse it its ports."""
    words = f'containers have no network by default here: {policy.lacking}'
    for field in ('PortBindings', 'PublishAllPorts', 'Links'):
        if given.get(field):
            raise exception.NotSupported(
                f'HostConfig.{field} is not supported on this host: {words}',
                'container.field_not_supported')
    return f'This container has no network, as {words}'


def is_own(host_config: models.Json) -> bool:
    """Say whether the container is in a network namespace of its own."""
    mode = host_config.get('NetworkMode') or ''
    return mode != 'host' and not mode.startswith((_CONTAINER, _PATH))


def target(host_config: models.Json) -> str | None:
    """Return the container whose network this one uses, None if none."""
    mode: str = host_config.get('NetworkMode') or ''
    if not mode.startswith(_CONTAINER):
        return None
    return mode.removeprefix(_CONTAINER)


def network_name(host_config: models.Json) -> str | None:
    """Return the network that the mode names, None if it names none."""
    mode: str = host_config.get('NetworkMode') or 'none'
    if mode == 'none' or not is_own(host_config):
        return None
    return mode


def resolve(host_config: models.Json, merged: models.Json,
            body: models.Json,
            get: Callable[[str], models.Container]) -> None:
    """Take over what another container, or the host, decides.

    :param merged: the container's Config, to be changed.
    :param get: returns a container by any of its names, or raises.
    :raises NotFound: there is no such container.
    """
    other = target(host_config)
    if other is not None:
        found = get(other)
        # By id, since names change and are used again.
        host_config['NetworkMode'] = _CONTAINER + found.id
        merged['Hostname'] = found.config['Hostname']
        merged['Domainname'] = found.config.get('Domainname') or ''
    elif host_config.get('NetworkMode') == 'host' and not body.get(
            'Hostname'):
        merged['Hostname'] = os.uname().nodename


def owner(container: models.Container, find: Find) -> models.Container:
    """Return whose network, hosts file and resolver a container has.

    :param find: returns the container of an id.
    :raises NotFound: the other container has been removed.
    """
    for _ in range(_CHAIN_MAX):
        other = target(container.host_config)
        if other is None:
            return container
        found = find(other)
        if found is None:
            raise exception.NotFound(
                'joining network namespace of container: No such container: '
                f'{other}', 'container.not_found')
        container = found
    raise exception.InvalidRequest(
        'too many containers use the network of one another',
        'network.chain')


def check_running(container: models.Container, find: Find) -> None:
    """Refuse to start a container before the one whose network it uses.

    :raises Conflict: that one does not run.
    :raises NotFound: it has been removed.
    """
    other = owner(container, find)
    live = (models.Status.RUNNING, models.Status.PAUSED)
    if other.id != container.id and other.status not in live:
        raise exception.Conflict(
            f'cannot join network of a non running container: {other.id}',
            'container.not_running')


def joined(container: models.Container, paths: OwnPaths,
           find: Find) -> models.SandboxPaths:
    """Return the namespaces that a container's process is to be in."""
    own = paths(container)
    if is_own(container.host_config):
        return own
    holder = owner(container, find)
    path = _path(holder.host_config)
    netns: pathlib.Path | None
    if path is not None:
        netns = pathlib.Path(path)
    elif holder.host_config.get('NetworkMode') == 'host':
        netns = None
    else:
        netns = paths(holder).netns
    return dataclasses.replace(own, netns=netns, shared=True)


def _path(host_config: models.Json) -> str | None:
    mode: str = host_config.get('NetworkMode') or ''
    return mode.removeprefix(_PATH) if mode.startswith(_PATH) else None


def endpoints(body: models.Json, mode: str,
              name: str) -> dict[str, models.Json]:
    """Return the ``EndpointsConfig`` of a create body, by network.

    :param mode: the network, as the body calls it.
    :param name: its name, under which its settings are returned.
    """
    networking = body.get('NetworkingConfig') or {}
    found: dict[str, models.Json] = {}
    for key, settings in (networking.get('EndpointsConfig') or {}).items():
        meant = name if key in ('default', mode) else key
        found[meant] = {**found.get(meant, {}), **_said(settings)}
    return found


def check_unsettled(body: models.Json, mode: str) -> None:
    """Refuse settings for networks that are not there.

    :raises InvalidRequest: there are some; names the network.
    """
    for name, settings in endpoints(body, mode, mode).items():
        if settings or name != mode:
            raise not_there(name)


def not_there(name: str) -> exception.InvalidRequest:
    """Return the fault of settings for a network that is not there."""
    return _invalid(f'network {name} not found')


def _said(settings: models.Json | None) -> models.Json:
    return {member: value for member, value in (settings or {}).items()
            if value not in (None, '', 0, [], {})}


def _check_endpoints(body: models.Json, mode: str) -> None:
    """Refuse settings of networks where there are none."""
    for name, settings in endpoints(body, mode, mode).items():
        if name not in ('bridge', mode) or settings:
            raise exception.InvalidRequest(
                'conflicting options: NetworkingConfig.EndpointsConfig.'
                f'{name} and NetworkMode "{mode}"',
                'container.invalid_network_mode')


def _check_container(body: models.Json, given: models.Json) -> None:
    """Refuse what the other container decides (Docker's words)."""
    if not target(given):
        raise _invalid('Invalid network mode: invalid container format '
                       'container:<name|id>')
    for asked, what in (
            (body.get('Hostname'), 'hostname and the network mode'),
            (given.get('Links'), "container type network can't be used with "
             'links. This would result in undefined behavior'),
            (given.get('Dns'), 'dns and the network mode'),
            (given.get('ExtraHosts'),
             'custom host-to-IP mapping and the network mode'),
            (body.get('MacAddress'), 'mac-address and the network mode'),
            (given.get('PortBindings') or given.get('PublishAllPorts'),
             'port publishing and the container type network mode'),
            (body.get('ExposedPorts'),
             'port exposing and the container type network mode')):
        if asked:
            raise _invalid(f'conflicting options: {what}')


def _check_host(policy: Policy) -> None:
    if not policy.host:
        raise exception.Forbidden(
            'NetworkMode "host" is not allowed on this host; the operator '
            'can set [containers]allow_host_namespaces',
            'container.not_allowed')


def _check_path(path: str, policy: Policy) -> None:
    """Let only through what lies in the operator's directory."""
    directory = policy.directory.rstrip('/')
    folder, _, name = path.rpartition('/')
    if not directory or folder != directory or name in ('', '.', '..'):
        raise exception.Forbidden(
            f'NetworkMode "ns:{path}" is not allowed on this host; '
            + (f'name a network namespace in {directory}' if directory
               else 'the operator can set [containers]netns_directory'),
            'container.not_allowed')
    if name.startswith('nc-'):
        raise exception.Forbidden(
            f'{path} belongs to a container; use NetworkMode '
            '"container:NAME"', 'container.not_allowed')
    if not namespaces.is_namespace(pathlib.Path(path)):
        raise _invalid(f'{path} is no network namespace; make one with '
                       f'"ip netns add {name}"')


def _check_shared(given: models.Json, policy: Policy) -> None:
    """Refuse what only the owner of the namespace can do."""
    for name in given.get('Sysctls') or ():
        if name.startswith('net.'):
            raise _invalid(
                f"sysctl '{name}' not allowed in "
                + ('host network namespace'
                   if given['NetworkMode'] == 'host'
                   else 'the network namespace of another container'))
    if (policy.runtime == 'runc' and given['NetworkMode'] != 'host'
            and given.get('UsernsMode') != 'host'):
        raise exception.NotSupported(
            f'NetworkMode {given["NetworkMode"]!r} is not supported with '
            'runc for a container with a user namespace: it cannot enter a '
            'network namespace of another one; use crun, or UsernsMode '
            '"host"', 'container.field_not_supported')


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        message, 'container.invalid_network_mode')
