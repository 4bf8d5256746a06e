"""What a flavor gives its instances, as the runtime's limits; pure.

Called by ``virt.containerspec`` for a new container, and for a resized one,
and by ``virt.networkops``: the same flavor always comes to the same limits.
"""

from collections.abc import Sequence
import dataclasses
import typing

from nova import exception
from nova.objects import flavor as flavor_objects
from nova.virt import driver

from novacontainer.virt import extraspecs
from novacontainer.virt import interface

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
_DISK_IO = {
    'read_bytes_sec': 'BlkioDeviceReadBps',
    'write_bytes_sec': 'BlkioDeviceWriteBps',
    'read_iops_sec': 'BlkioDeviceReadIOps',
    'write_iops_sec': 'BlkioDeviceWriteIOps',
}
_KB = 1000
#: In bytes it must fit into 32 bits.
_KB_MOST = 4_000_000
#: A burst lasts so long unless the flavor says otherwise, and must hold some
#: packets: one may have 64 KiB on its way between containers of a host.
_BURST_S = 0.1
_BURST_MIN_BYTES = 66 * 1024


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


def limits_disk_io(flavor: flavor_objects.Flavor) -> bool:
    """Whether the flavor has one of the extra specs of :func:`disk_io`."""
    return any(key.startswith('quota:disk_')
               for key in flavor.extra_specs or ())


def disk_io(flavor: flavor_objects.Flavor,
            device: str) -> dict[str, typing.Any]:
    """Reads and writes a second, by the extra specs ``quota:disk_*``.

    :param device: the disk that holds the containers' files; '' for an
        unknown one.
    :returns: members of HostConfig.
    :raises: exception.InvalidInput for an extra spec that makes no sense
    :raises: exception.InstanceDeployFailure where the disk is unknown
    """
    for key in ('quota:disk_total_bytes_sec', 'quota:disk_total_iops_sec'):
        if key in (flavor.extra_specs or {}):
            raise exception.InvalidInput(
                reason=f'The flavor {flavor.name} has {key}: reads and '
                       'writes of containers have limits of their own; say '
                       'them apart.')
    found = {}
    for key, member in _DISK_IO.items():
        rate = extraspecs.number(flavor, f'quota:disk_{key}', 0)
        if rate:
            found[member] = [{'Path': device, 'Rate': rate}]
    if found and not device:
        raise exception.InstanceDeployFailure(
            reason=f'The flavor {flavor.name} limits reads or writes, and '
                   'the file system of this host that holds the containers '
                   'names no disk to limit them on.')
    return found


def ephemeral_disks(sizes_gb: Sequence[int], *,
                    limit_disk: bool = True) -> list[dict[str, typing.Any]]:
    """Further disks, at /mnt/ephemeral0 and so on.

    They are volumes without a name, which go with the container.

    :param limit_disk: as for the root disk, enforce their sizes.
    :returns: for HostConfig's Mounts.
    """
    found = []
    for number, size_gb in enumerate(sizes_gb):
        options: dict[str, typing.Any] = {'NoCopy': True}
        if limit_disk:
            options['DriverConfig'] = {
                'Name': 'local', 'Options': {'size': f'{size_gb}G'}}
        found.append({
            'Type': 'volume', 'Target': f'/mnt/ephemeral{number}',
            'VolumeOptions': options})
    return found


def ephemeral_sizes(
    flavor: flavor_objects.Flavor,
    block_device_info: dict[str, typing.Any] | None,
) -> list[int]:
    """Sizes of the ephemeral disks in GiB, by the request or the flavor.

    :param block_device_info: None when the request is not known any more.
    """
    if block_device_info is None:
        return [flavor.ephemeral_gb] if flavor.ephemeral_gb else []
    return [disk['size'] for disk
            in driver.block_device_info_get_ephemerals(block_device_info)]


@dataclasses.dataclass(frozen=True, slots=True)
class Traffic:
    """Limits of each of an instance's interfaces; None is no limit."""

    inbound: interface.Rate | None = None
    outbound: interface.Rate | None = None


def traffic(flavor: flavor_objects.Flavor) -> Traffic:
    """Bandwidth, by the extra specs ``quota:vif_*``.

    ``average`` and ``peak`` are in kilobytes a second, ``burst`` is in
    kilobytes, as libvirt has them.

    :raises: exception.InvalidInput for an extra spec that makes no sense
    """
    return Traffic(inbound=_rate(flavor, 'inbound'),
                   outbound=_rate(flavor, 'outbound'))


def _rate(flavor: flavor_objects.Flavor,
          direction: str) -> interface.Rate | None:
    key = f'quota:vif_{direction}'
    average, peak, burst = (
        extraspecs.number(flavor, f'{key}_{what}', 0, maximum=_KB_MOST)
        for what in ('average', 'peak', 'burst'))
    if not average:
        if peak or burst:
            raise exception.InvalidInput(
                reason=f'The flavor {flavor.name} has {key}_peak or '
                       f'{key}_burst but no {key}_average.')
        return None
    if peak and peak < average:
        raise exception.InvalidInput(
            reason=f'The extra spec {key}_peak of flavor {flavor.name} is '
                   f'{peak}, less than {key}_average, {average}.')
    average_bytes = average * _KB
    return interface.Rate(
        average_bytes, (peak or average) * _KB,
        max(burst * 1024 or int(average_bytes * _BURST_S),
            _BURST_MIN_BYTES))


def _quota_us(flavor: flavor_objects.Flavor, period_us: int) -> int:
    """Processor time in each period; -1 for as much as there is."""
    text = (flavor.extra_specs or {}).get('quota:cpu_quota', '')
    if text.startswith('-') and text[1:].isdigit():
        return -1
    return extraspecs.number(
        flavor, 'quota:cpu_quota', flavor.vcpus * period_us, or_zero=True,
        minimum=_QUOTA_MIN_US)
