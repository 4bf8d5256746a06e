"""Limits: what Docker's ``HostConfig`` asks for, checked, and as we set it.

Called by ``service.hostconfig`` (:func:`check`) and ``service.runspec``.
Calls ``service.blockio``; else pure functions.

The rules and defaults are those of the Docker Engine API 1.44,
``HostConfig``/``Resources``; 0 stands for "no limit".
"""

import re

from novacontainer.runtime import exception
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime import models
from novacontainer.runtime.service import blockio

#: Less than this and the runtime itself would not fit (Docker's bound).
MEMORY_MIN_BYTES = 6 * 1024 * 1024
#: Bounds of the kernel's CFS bandwidth control (sched-bwc.rst).
PERIOD_MIN_US, PERIOD_MAX_US = 1000, 1_000_000
QUOTA_MIN_US = 1000
#: Period in which NanoCpus is enforced, the kernel's default.
PERIOD_US = 100_000
#: RLIM_INFINITY of getrlimit(2), for which Docker writes -1.
UNLIMITED = 2**64 - 1
_INT64_MAX = 2**63 - 1
#: What a container gets as /dev/shm when nothing is said.
SHM_BYTES = 64 * 1024 * 1024

_LIST = re.compile(r'\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*')
_SIZE = re.compile(r'(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?', re.IGNORECASE)

#: Names of getrlimit(2), as Docker spells them.
ULIMITS = frozenset((
    'as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue',
    'nice', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', 'sigpending',
    'stack'))


def check(host_config: models.Json, cpus: frozenset[int],
          mems: frozenset[int] = frozenset((0,))) -> None:
    """Refuse limits that make no sense, or not on this host.

    :param cpus: numbers of the host's cpus.
    :param mems: numbers of the host's memory nodes.
    :raises InvalidRequest: names the field.
    """
    _check_memory(host_config)
    _check_cpu(host_config, cpus)
    _check_sets(host_config, cpus, mems)
    for field in ('PidsLimit', 'ShmSize'):
        if (host_config.get(field) or 0) < (-1 if field[0] == 'P' else 0):
            raise _invalid(f'{field} must not be negative')
    adjustment = host_config.get('OomScoreAdj') or 0
    if not -1000 <= adjustment <= 1000:
        raise _invalid(f'Invalid value {adjustment}, range for oom score '
                       'adj is [-1000, 1000]')
    if not 0 <= (swappiness(host_config) or 0) <= 100:
        raise _invalid(
            f'Invalid value: {swappiness(host_config)}, valid memory '
            'swappiness range is 0-100')
    disk_bytes(host_config)
    ulimits(host_config)


def limits(host_config: models.Json) -> limit_models.Resources:
    """Return the cgroup limits of a checked ``HostConfig``.

    Without MemorySwap a container may swap as much as it has memory, as in
    Docker; -1 lifts the limit.
    """
    memory = host_config.get('Memory') or 0
    swap = host_config.get('MemorySwap') or 0
    if swap == 0:
        swap = default_swap(memory)
    quota = host_config.get('CpuQuota') or 0
    period = host_config.get('CpuPeriod') or 0
    nano_cpus = host_config.get('NanoCpus') or 0
    if nano_cpus:
        period = PERIOD_US
        quota = max(QUOTA_MIN_US, nano_cpus * PERIOD_US // 10**9)
    return limit_models.Resources(
        memory_bytes=memory,
        memory_swap_bytes=max(0, swap),
        memory_reservation_bytes=host_config.get('MemoryReservation') or 0,
        cpu_shares=host_config.get('CpuShares') or 0,
        cpu_quota_us=max(0, quota),
        cpu_period_us=period,
        cpuset_cpus=host_config.get('CpusetCpus') or '',
        cpuset_mems=host_config.get('CpusetMems') or '',
        pids=max(0, host_config.get('PidsLimit') or 0),
        swappiness=swappiness(host_config),
        oom_kill_disabled=bool(host_config.get('OomKillDisable')),
        block_io=blockio.limits(host_config))


def swappiness(host_config: models.Json) -> int | None:
    """Return ``MemorySwappiness``, None when it is left to the host."""
    value: int | None = host_config.get('MemorySwappiness')
    return None if value in (None, -1) else value


def default_swap(memory_bytes: int) -> int:
    """Return the limit of memory and swap where only memory's is given."""
    return min(2 * memory_bytes, _INT64_MAX)


def ulimits(host_config: models.Json) -> tuple[limit_models.Ulimit, ...]:
    """Return the rlimits of a ``HostConfig``.

    :raises InvalidRequest: an unknown name, or soft above hard.
    """
    found = []
    for item in host_config.get('Ulimits') or ():
        name = item.get('Name') or ''
        soft, hard = item.get('Soft') or 0, item.get('Hard') or 0
        if name not in ULIMITS:
            raise _invalid(f'invalid ulimit type: {name}')
        if soft < -1 or hard < -1:
            raise _invalid(f'ulimit {name}: give a number, or -1 for no '
                           'limit')
        if name == 'cpu' and 0 in (soft, hard):
            raise _invalid('ulimit cpu: with 0 seconds the process would '
                           'be killed before it begins; give at least 1')
        if hard != -1 and (soft == -1 or soft > hard):
            raise _invalid(
                f'ulimit {name}: soft limit must be less than or equal to '
                f'hard limit: {soft} > {hard}')
        found.append(limit_models.Ulimit(name, *(
            UNLIMITED if value == -1 else value for value in (soft, hard))))
    return tuple(found)


def disk_bytes(host_config: models.Json) -> int:
    """Return the limit of the writable layer (``StorageOpt.size``).

    :raises InvalidRequest: it is not a size like ``10G``.
    """
    options = dict(host_config.get('StorageOpt') or {})
    size = options.pop('size', '0')
    if options:
        raise exception.NotSupported(
            f'StorageOpt {sorted(options)[0]} is not supported; the only '
            'one is size', 'container.field_not_supported')
    return parse_size(size)


def parse_size(text: str) -> int:
    """Turn ``10G``, ``512m``, ``1.5 GiB`` or ``4096`` into bytes.

    The prefixes are powers of 1024, as in Docker.

    :raises InvalidRequest: it is none of these.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise _invalid(f'invalid size: {text!r}')
    power = ' kmgtp'.index(match.group(2).lower() or ' ')
    return int(float(match.group(1)) * 1024 ** power)


def _check_memory(host_config: models.Json) -> None:
    memory = host_config.get('Memory') or 0
    swap = host_config.get('MemorySwap') or 0
    reservation = host_config.get('MemoryReservation') or 0
    if memory and memory < MEMORY_MIN_BYTES:
        raise _invalid('Minimum memory limit allowed is 6MB')
    if swap < -1:
        raise _invalid('MemorySwap must be -1, 0 or a number of bytes')
    if swap > 0 and not memory:
        raise _invalid('You should always set the Memory limit when using '
                       'Memoryswap limit, see usage')
    if 0 < swap < memory:
        raise _invalid('Minimum memoryswap limit should be larger than '
                       'memory limit, see usage')
    if reservation and reservation < MEMORY_MIN_BYTES:
        raise _invalid('Minimum memory reservation allowed is 6MB')
    if memory and reservation > memory:
        raise _invalid('Minimum memory limit can not be less than memory '
                       'reservation limit, see usage')


def _check_cpu(host_config: models.Json, cpus: frozenset[int]) -> None:
    nano_cpus = host_config.get('NanoCpus') or 0
    period = host_config.get('CpuPeriod') or 0
    quota = host_config.get('CpuQuota') or 0
    for field, value in (('CPU Period', period), ('CPU Quota', quota)):
        if nano_cpus and value:
            raise _invalid(f'Conflicting options: Nano CPUs and {field} '
                           'cannot both be set')
    if not 0 <= nano_cpus <= len(cpus) * 10**9:
        raise _invalid(
            f'Range of CPUs is from 0.01 to {len(cpus)}.00, as there are '
            f'only {len(cpus)} CPUs available')
    if period and not PERIOD_MIN_US <= period <= PERIOD_MAX_US:
        raise _invalid('CPU cfs period can not be less than 1ms (i.e. 1000) '
                       'or larger than 1s (i.e. 1000000)')
    if 0 < quota < QUOTA_MIN_US:
        raise _invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)')
    shares = host_config.get('CpuShares') or 0
    if not (shares == 0 or 2 <= shares <= 262144):
        raise _invalid('CpuShares must lie between 2 and 262144')


def _check_sets(host_config: models.Json, cpus: frozenset[int],
                mems: frozenset[int]) -> None:
    for field, what, there in (('CpusetCpus', 'CPUs', cpus),
                               ('CpusetMems', 'memory nodes', mems)):
        text = host_config.get(field) or ''
        if not numbers(field, text) <= there:
            raise _invalid(
                f'Requested {what} are not available - requested {text}, '
                f'available: {",".join(map(str, sorted(there)))}')


def numbers(field: str, text: str) -> frozenset[int]:
    """Read a list of the kernel's form: ``0-3,8`` (cpuset(7)).

    :raises InvalidRequest: it is none; names the field.
    """
    if not text:
        return frozenset()
    if not _LIST.fullmatch(text):
        raise _invalid(f'Invalid value {text} for {field}')
    found: set[int] = set()
    for part in text.split(','):
        first, _, last = part.partition('-')
        if last and int(last) < int(first):
            raise _invalid(f'Invalid value {text} for {field}')
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_limit')
