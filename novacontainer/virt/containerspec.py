"""The create body of an instance's container; pure.

Called by ``virt.containerops``; what it returns is sent to the runtime as
``POST /containers/create`` (Docker Engine API 1.44, Config with HostConfig).
"""

from collections.abc import Sequence
import re
import shlex
import typing

from nova import exception
from nova.network import model
from nova.objects import image_meta as image_objects
from nova.objects import instance as instance_objects

from novacontainer.virt import resolver

#: Label that every container of ours carries, and no other.
INSTANCE_LABEL = 'org.openstack.nova.instance'
#: Nova's short name of the instance (instance_name_template).
NAME_LABEL = 'org.openstack.nova.name'
PROJECT_LABEL = 'org.openstack.nova.project'

_MIB = 1024 * 1024
#: cpu.max's period, in microseconds: the kernel's default.
_PERIOD_US = 100_000
#: cpu.shares of one vCPU, as Docker and libvirt count.
_SHARES_PER_VCPU = 1024

#: Names of environment variables (POSIX.1-2017, 8.1).
_ENV_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')


def container_name(instance: instance_objects.Instance) -> str:
    """Name by which the instance's container is found again."""
    return f'nova-{instance.uuid}'


def build(
    instance: instance_objects.Instance,
    image_meta: image_objects.ImageMeta,
    reference: str,
    network_info: Sequence[model.VIF],
    *,
    pids_limit: int = 0,
) -> dict[str, typing.Any]:
    """Describe the container that an instance is.

    :param reference: the image's name in the runtime.
    :param pids_limit: for flavors that do not say; 0 means no limit.
    :raises: exception.ImageUnacceptable for an unreadable command line
    :raises: exception.BuildAbortException for a flavor that asks for
        something impossible
    """
    hostname, _, domain = (instance.hostname or '').partition('.')
    servers, search = resolver.resolver(network_info)
    body = {
        'Image': reference,
        'Hostname': hostname,
        'Domainname': domain,
        'Env': environment(instance.metadata),
        'Labels': {
            INSTANCE_LABEL: instance.uuid,
            NAME_LABEL: instance.name,
            PROJECT_LABEL: instance.project_id or '',
        },
        'HostConfig': {
            # The driver wires the interfaces itself.
            'NetworkMode': 'none',
            'Dns': servers,
            'DnsSearch': search,
            'ExtraHosts': _hosts(instance, network_info),
            **_limits(instance, pids_limit),
        },
    }
    command = _command(image_meta)
    if command:
        body['Cmd'] = command
    return body


def environment(metadata: dict[str, str]) -> list[str]:
    """Instance metadata as environment: every key that is a valid name."""
    return [f'{key}={value}' for key, value in sorted(metadata.items())
            if _ENV_NAME.fullmatch(key)]


def _command(image_meta: image_objects.ImageMeta) -> list[str]:
    """The image property ``os_command_line``, split as a shell splits.

    It takes the place of the image's CMD, as ``docker run IMAGE COMMAND``
    does; an ENTRYPOINT stays and gets it as its arguments.
    """
    line = image_meta.properties.get('os_command_line')
    if not line:
        return []
    try:
        return shlex.split(line)
    except ValueError as error:
        raise exception.ImageUnacceptable(
            image_id=image_meta.id,
            reason=f'its property os_command_line is no shell command '
                   f'({error}): {line}') from error


def _hosts(instance: instance_objects.Instance,
           network_info: Sequence[model.VIF]) -> list[str]:
    """Lines of /etc/hosts: the instance's own name and first addresses."""
    if not instance.hostname:
        return []
    addresses: dict[int, str] = {}
    for vif in network_info:
        for address in vif.fixed_ips():
            addresses.setdefault(address['version'], address['address'])
    names = dict.fromkeys(
        (instance.hostname, instance.hostname.partition('.')[0]))
    return [f'{name}:{addresses[version]}'
            for version in sorted(addresses) for name in names]


def _limits(instance: instance_objects.Instance,
            pids_limit: int) -> dict[str, int]:
    """Memory, swap, processor and process limits, from the flavor.

    The extra specs ``quota:cpu_shares``, ``quota:cpu_quota`` and
    ``quota:cpu_period`` mean what they mean to other drivers; without a
    quota the container gets as much processor time as it has vCPUs.
    """
    flavor = instance.flavor
    memory_bytes = flavor.memory_mb * _MIB
    period_us = _number(instance, 'quota:cpu_period', _PERIOD_US)
    return {
        'Memory': memory_bytes,
        # Docker's MemorySwap is memory and swap together.
        'MemorySwap': memory_bytes + (flavor.swap or 0) * _MIB,
        'CpuShares': _number(instance, 'quota:cpu_shares',
                             flavor.vcpus * _SHARES_PER_VCPU),
        # Not NanoCpus, which may not exceed the processors of the host.
        'CpuPeriod': period_us,
        'CpuQuota': _number(instance, 'quota:cpu_quota',
                            flavor.vcpus * period_us),
        'PidsLimit': _number(instance, 'container:pids_limit', pids_limit),
    }


def _number(instance: instance_objects.Instance, key: str,
            default: int) -> int:
    value = (instance.flavor.extra_specs or {}).get(key, default)
    try:
        return int(value)
    except ValueError as error:
        raise exception.BuildAbortException(
            instance_uuid=instance.uuid,
            reason=f'The extra spec {key} of flavor {instance.flavor.name} '
                   f'is {value!r}; it must be a whole number.') from error
