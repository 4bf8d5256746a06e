"""What containers use of the host, as measured at a moment.

A leaf module beside ``runtime.models``.  Units stand in the names.
"""

from collections.abc import Mapping
import dataclasses
import datetime

from novacontainer.runtime import models


@dataclasses.dataclass(frozen=True, slots=True)
class Transfer:
    """What went to or from one block device (cgroup ``io`` or ``blkio``).

    :param operation: ``read`` or ``write``.
    """

    major: int
    minor: int
    operation: str
    bytes: int
    operations: int


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """What a control group has used; times in nanoseconds.

    :param cpus_ns: by cpu, where the kernel counts so (cgroup v1).
    :param memory: ``memory.stat`` of the kernel, by name.
    :param memory_limit_bytes: 0: none.
    :param pids_limit: 0: none.
    """

    cpu_ns: int = 0
    user_ns: int = 0
    kernel_ns: int = 0
    cpus_ns: tuple[int, ...] = ()
    periods: int = 0
    throttled_periods: int = 0
    throttled_ns: int = 0
    memory_bytes: int = 0
    memory_max_bytes: int = 0
    memory_limit_bytes: int = 0
    memory_failures: int = 0
    memory: Mapping[str, int] = dataclasses.field(default_factory=dict)
    pids: int = 0
    pids_limit: int = 0
    transfers: tuple[Transfer, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """What a container and its host had used at one moment.

    :param usage: None for a container that does not run.
    :param host_cpu_ns: time that all cpus of the host have counted.
    :param host_memory_bytes: memory of the host.
    :param interfaces: counters of proc(5), ``/proc/[pid]/net/dev``, by
        interface and name (``rx_bytes``).
    """

    container: models.Container
    read: datetime.datetime
    usage: Usage | None
    cgroup_version: int
    cpus: int
    host_cpu_ns: int
    host_memory_bytes: int
    interfaces: Mapping[str, Mapping[str, int]]
