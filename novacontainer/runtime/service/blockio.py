"""``Blkio…``: a container's share of block devices, and bounds on their use.

Called by ``service.hostconfig`` and ``service.alterations`` (:func:`check`)
and ``service.runspec`` (:func:`limits`).  Calls ``host.devices``.

Docker Engine API 1.44, ``Resources``; runtime-spec, config-linux.md, Block
IO.  Bounds hold for reads and writes that reach the device: what the page
cache absorbs is counted only where control groups are of version 2.
"""

from collections.abc import Iterator

from novacontainer.runtime import exception
from novacontainer.runtime.host import devices
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime import models

#: Field of a HostConfig → property of the runtime-spec.
THROTTLES = {
    'BlkioDeviceReadBps': 'throttleReadBpsDevice',
    'BlkioDeviceWriteBps': 'throttleWriteBpsDevice',
    'BlkioDeviceReadIOps': 'throttleReadIOPSDevice',
    'BlkioDeviceWriteIOps': 'throttleWriteIOPSDevice',
}
WEIGHTS = ('BlkioWeight', 'BlkioWeightDevice')
#: Bounds of a weight (admin-guide/cgroup-v1/blkio-controller.rst).
WEIGHT_MIN, WEIGHT_MAX = 10, 1000


def check(host_config: models.Json, runtime: str,
          cgroup_version: int) -> None:
    """Refuse what makes no sense, or cannot be enforced here.

    :param runtime: name of the OCI runtime in use.
    :raises InvalidRequest: a weight out of bounds, or no such device.
    :raises NotSupported: this host has no weights; says why.
    """
    weights = [host_config.get('BlkioWeight') or 0, *(
        item.get('Weight') or 0
        for item in host_config.get('BlkioWeightDevice') or ())]
    for weight in weights:
        if weight and not WEIGHT_MIN <= weight <= WEIGHT_MAX:
            raise exception.InvalidRequest(
                f'Range of blkio weight is from {WEIGHT_MIN} to '
                f'{WEIGHT_MAX}', 'container.invalid_limit')
    if any(weights) and runtime == 'crun' and cgroup_version == 1:
        # It knows blkio.weight alone, which went with the CFQ scheduler.
        raise exception.NotSupported(
            'Weights for block devices need control groups of version 2, or '
            'runc in place of crun; limit bytes or operations per second '
            'instead', 'container.field_not_supported')
    limits(host_config)


def limits(host_config: models.Json) -> limit_models.BlockIO:
    """Return what the devices that are named are to be limited to.

    :raises InvalidRequest: there is no such block device.
    """
    return limit_models.BlockIO(
        weight=host_config.get('BlkioWeight') or 0,
        device_weights=tuple(
            limit_models.DeviceLimit('weightDevice', *_numbers(item),
                               item.get('Weight') or 0)
            for item in host_config.get('BlkioWeightDevice') or ()),
        throttles=tuple(_throttles(host_config)))


def _throttles(host_config: models.Json) -> Iterator[limit_models.DeviceLimit]:
    for field, name in THROTTLES.items():
        for item in host_config.get(field) or ():
            rate = item.get('Rate') or 0
            if rate < 0:
                raise exception.InvalidRequest(
                    f'{field}: a rate must not be negative',
                    'container.invalid_limit')
            yield limit_models.DeviceLimit(name, *_numbers(item), rate)


def _numbers(item: models.Json) -> tuple[int, int]:
    """Major and minor number of the device; they may change at a reboot."""
    path = item.get('Path') or ''
    node = devices.inspect(path)
    if node.kind != 'b':
        raise exception.InvalidRequest(
            f'{path} is not a block device: its use has no such limits',
            'container.invalid_device')
    return node.major, node.minor
