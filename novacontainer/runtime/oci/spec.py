"""A container's description, as the OCI runtime wants to read it.

Called by ``service.containers``.  Calls ``oci.defaults`` and takes the
filter that ``oci.seccomp`` made.  Pure: model in, document out.

Source: runtime-spec 1.0.2, config.md and config-linux.md.
"""

from collections.abc import Mapping
import typing

from novacontainer.runtime import exception
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.oci import seccomp as seccomp_filters

VERSION = '1.0.2'


def build(spec: models.ContainerSpec, *, cgroup_version: int,
          seccomp: seccomp_filters.SeccompFilter | None) -> models.Json:
    """Return the runtime-spec document of a container.

    :param cgroup_version: 1 (also for hybrid hosts) or 2.
    :param seccomp: see :func:`oci.seccomp.for_container`; None: unconfined.
    :raises InvalidRequest: an unknown capability, or a uid or gid that the
        container's user namespace does not have.
    """
    document: models.Json = {
        'ociVersion': VERSION,
        'root': {'path': str(spec.rootfs), 'readonly': spec.readonly_rootfs},
        'process': process(spec),
        'mounts': [_mount(mount) for mount in _mounts(spec)],
        'linux': _linux(spec, cgroup_version, seccomp),
    }
    if 'uts' not in spec.host_namespaces:
        document['hostname'] = spec.hostname
    if spec.domainname:
        document['domainname'] = spec.domainname
    return document


def process(spec: models.ContainerSpec) -> models.Json:
    """Return the ``process`` of a container, or of an exec in it.

    :raises InvalidRequest: as :func:`build`.
    """
    described: models.Json = {
        'terminal': spec.terminal,
        'user': _user(spec),
        'args': list(spec.args),
        'env': defaults.environment(spec.env, spec.hostname, spec.terminal),
        'cwd': spec.cwd or '/',
        'capabilities': _capabilities(spec),
        'noNewPrivileges': spec.no_new_privileges,
    }
    if spec.ulimits:
        described['rlimits'] = [
            {'type': f'RLIMIT_{limit.name.upper()}',
             'soft': limit.soft, 'hard': limit.hard}
            for limit in spec.ulimits]
    if spec.terminal and spec.console_size != (0, 0):
        rows, columns = spec.console_size
        described['consoleSize'] = {'height': rows, 'width': columns}
    if spec.oom_score_adj:
        described['oomScoreAdj'] = spec.oom_score_adj
    return described


def _user(spec: models.ContainerSpec) -> models.Json:
    user = spec.user
    if spec.id_map is not None:
        for number in (user.uid, user.gid, *user.additional_gids):
            if number >= spec.id_map.size:
                raise exception.InvalidRequest(
                    f"The id {number} is outside the container's user "
                    f'namespace, which has the ids 0 to '
                    f'{spec.id_map.size - 1}.', 'container.id_range')
    return {'uid': user.uid, 'gid': user.gid,
            'additionalGids': list(user.additional_gids)}


def _capabilities(spec: models.ContainerSpec) -> models.Json:
    held = sorted(defaults.capabilities(
        spec.cap_add, spec.cap_drop, spec.privileged))
    # A user other than root gains them only through a file with
    # capabilities; nothing is inheritable (CVE-2022-24769).
    active = held if spec.user.uid == 0 else []
    return {'bounding': held, 'effective': active, 'permitted': active,
            'inheritable': [], 'ambient': []}


def _mounts(spec: models.ContainerSpec) -> tuple[models.Mount, ...]:
    """Return defaults and own mounts; an own one replaces a default."""
    own = {mount.target for mount in spec.mounts}
    # A sysfs shows a network namespace, and only in the user namespace that
    # owns that one may it be mounted.
    foreign = spec.sandbox.shared and spec.id_map is not None
    standard = defaults.mounts(spec.shm_size_bytes, spec.privileged, foreign)
    if not spec.shm_size_bytes:
        own.add('/dev/shm')  # noqa: S108
    return (*(mount for mount in standard if mount.target not in own),
            *spec.mounts)


def _mount(mount: models.Mount) -> models.Json:
    return {'destination': mount.target, 'type': mount.type,
            'source': mount.source, 'options': list(mount.options)}


def _linux(spec: models.ContainerSpec, cgroup_version: int,
           seccomp: seccomp_filters.SeccompFilter | None) -> models.Json:
    linux: models.Json = {
        'cgroupsPath': spec.cgroup_path,
        'namespaces': _namespaces(spec),
        'resources': _resources(spec, cgroup_version),
        'sysctl': {**({} if spec.sandbox.shared
                      else defaults.sysctls(spec.id_map)), **spec.sysctls},
    }
    if not spec.privileged:
        linux['maskedPaths'] = list(
            defaults.MASKED_PATHS if spec.masked_paths is None
            else spec.masked_paths)
        linux['readonlyPaths'] = list(
            defaults.READONLY_PATHS if spec.readonly_paths is None
            else spec.readonly_paths)
    if spec.devices:
        linux['devices'] = list(spec.devices)
    if spec.id_map is not None:
        mapping = [{'containerID': 0, 'hostID': spec.id_map.host_base,
                    'size': spec.id_map.size}]
        # Also beside a namespace joined by path: runc insists on it.
        linux['uidMappings'] = linux['gidMappings'] = mapping
    if seccomp is not None:
        linux['seccomp'] = seccomp.document
    return linux


def _namespaces(spec: models.ContainerSpec) -> list[models.Json]:
    namespaces: list[models.Json] = [
        {'type': kind} for kind in ('pid', 'ipc', 'uts', 'mount', 'cgroup')
        if kind not in spec.host_namespaces]
    if spec.sandbox.netns is not None:
        namespaces.append(
            {'type': 'network', 'path': str(spec.sandbox.netns)})
    if spec.sandbox.userns is not None:
        namespaces.append(
            {'type': 'user', 'path': str(spec.sandbox.userns)})
    return namespaces


def _resources(spec: models.ContainerSpec,
               cgroup_version: int) -> models.Json:
    return {
        # The OCI runtime itself allows null, zero, random, tty and the like.
        'devices': [{'allow': spec.privileged, 'access': 'rwm'},
                    *spec.device_rules],
        **limits(spec.resources),
    }


def limits(limits: limit_models.Resources) -> models.Json:
    """Return the limits that are set (config-linux.md, Control groups)."""
    memory = _given({
        'limit': limits.memory_bytes,
        'swap': limits.memory_swap_bytes,
        'reservation': limits.memory_reservation_bytes,
    })
    if limits.swappiness is not None:
        memory['swappiness'] = limits.swappiness
    if limits.oom_kill_disabled:
        memory['disableOOMKiller'] = True
    cpu = _given({
        'shares': limits.cpu_shares,
        'quota': limits.cpu_quota_us,
        'period': limits.cpu_period_us,
        'cpus': limits.cpuset_cpus,
        'mems': limits.cpuset_mems,
    })
    resources: models.Json = {}
    if memory:
        resources['memory'] = memory
    if cpu:
        resources['cpu'] = cpu
    if limits.pids:
        resources['pids'] = {'limit': limits.pids}
    if block_io := _block_io(limits.block_io):
        resources['blockIO'] = block_io
    return resources


def _block_io(limits: limit_models.BlockIO) -> models.Json:
    document: models.Json = _given({'weight': limits.weight})
    for device in limits.device_weights:
        document.setdefault(device.name, []).append({
            'major': device.major, 'minor': device.minor,
            'weight': device.value})
    for device in limits.throttles:
        document.setdefault(device.name, []).append({
            'major': device.major, 'minor': device.minor,
            'rate': device.value})
    return document


def _given(values: Mapping[str, typing.Any]) -> models.Json:
    return {key: value for key, value in values.items() if value}
