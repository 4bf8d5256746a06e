"""What a container may use: frozen dataclasses, as the kernel takes limits.

Built by ``service.resources`` and ``service.blockio`` from what a client asks
for, turned into documents by ``oci.spec``.  Calls nothing.
"""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceLimit:
    """A limit for one block device.

    :param name: property of the runtime-spec (config-linux.md, Block IO).
    :param value: a weight, bytes or operations per second.
    """

    name: str
    major: int
    minor: int
    value: int


@dataclasses.dataclass(frozen=True, slots=True)
class BlockIO:
    """Limits for the use of block devices; weight 0: the host's default."""

    weight: int = 0
    device_weights: tuple[DeviceLimit, ...] = ()
    throttles: tuple[DeviceLimit, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Resources:
    """Limits of one container (runtime-spec, config-linux.md, Cgroups)."""

    memory_bytes: int = 0
    memory_swap_bytes: int = 0
    memory_reservation_bytes: int = 0
    cpu_shares: int = 0
    cpu_quota_us: int = 0
    cpu_period_us: int = 0
    cpuset_cpus: str = ''
    cpuset_mems: str = ''
    pids: int = 0
    swappiness: int | None = None
    oom_kill_disabled: bool = False
    block_io: BlockIO = BlockIO()


@dataclasses.dataclass(frozen=True, slots=True)
class Ulimit:
    """A resource limit; ``name`` as in Docker (``nofile``)."""

    name: str
    soft: int
    hard: int
