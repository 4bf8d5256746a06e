"""What a flavor gives its instances, as the runtime's limits; pure.

Called by ``virt.containerspec`` for a new container, and for a resized one:
the same flavor always comes to the same limits.
"""

import typing

from nova.objects import flavor as flavor_objects

from novacontainer.virt import extraspecs

_MIB = 1024 * 1024
#: cpu.max's period, in microseconds: the kernel's default.
_PERIOD_US = 100_000
#: What the kernel takes (scheduler/sched-bwc.rst).
_PERIOD_RANGE_US = (1000, 1_000_000)
_QUOTA_MIN_US = 1000
#: cpu.shares of one vCPU, as Docker and libvirt count.
_SHARES_PER_VCPU = 1024
#: What the kernel takes as cpu.shares.
_SHARES_RANGE = (2, 262144)


def limits(flavor: flavor_objects.Flavor, *,
           pids_limit: int = 0) -> dict[str, typing.Any]:
    """Memory, swap, processor and process limits.

    All of them may be changed while a container runs, with ``POST
    /containers/{id}/update``.

    The extra specs ``quota:cpu_shares``, ``quota:cpu_quota`` and
    ``quota:cpu_period`` mean what they mean to other drivers, but that the
    quota is the whole container's: without one it gets as much processor
    time as it has vCPUs.

    :param pids_limit: for flavors that do not say; 0 means no limit.
    :returns: members of HostConfig (Docker Engine API 1.44).
    :raises: exception.InvalidInput for an extra spec that makes no sense
    """
    memory_bytes = flavor.memory_mb * _MIB
    period_us = extraspecs.number(
        flavor, 'quota:cpu_period', _PERIOD_US, or_zero=True,
        minimum=_PERIOD_RANGE_US[0], maximum=_PERIOD_RANGE_US[1])
    return {
        'Memory': memory_bytes,
        # Docker's MemorySwap is memory and swap together.
        'MemorySwap': memory_bytes + (flavor.swap or 0) * _MIB,
        'CpuShares': extraspecs.number(
            flavor, 'quota:cpu_shares',
            min(flavor.vcpus * _SHARES_PER_VCPU, _SHARES_RANGE[1]),
            or_zero=True, minimum=_SHARES_RANGE[0], maximum=_SHARES_RANGE[1]),
        # Not NanoCpus, which may not exceed the processors of the host.
        'CpuPeriod': period_us,
        'CpuQuota': _quota_us(flavor, period_us),
        'PidsLimit': extraspecs.values(flavor).get('pids', pids_limit),
    }


def root_disk(flavor: flavor_objects.Flavor) -> dict[str, typing.Any]:
    """The limit of the root disk; none for ``root_gb`` 0.

    :returns: members of HostConfig.
    """
    if not flavor.root_gb:
        return {}
    return {'StorageOpt': {'size': f'{flavor.root_gb}G'}}


def _quota_us(flavor: flavor_objects.Flavor, period_us: int) -> int:
    """Processor time in each period; -1 for as much as there is."""
    text = (flavor.extra_specs or {}).get('quota:cpu_quota', '')
    if text.startswith('-') and text[1:].isdigit():
        return -1
    return extraspecs.number(
        flavor, 'quota:cpu_quota', flavor.vcpus * period_us, or_zero=True,
        minimum=_QUOTA_MIN_US)
