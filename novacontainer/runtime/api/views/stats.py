"""Samples as the Docker Engine API 1.44 shows them (``ContainerStats``).

Called by: ``api.routes.stats``.  Calls: ``views.times``.
"""

from collections.abc import Iterable

from novacontainer.runtime.api.views import times
from novacontainer.runtime import measures
from novacontainer.runtime import models

_NO_CPU: models.Json = {
    'cpu_usage': {
        'total_usage': 0, 'usage_in_kernelmode': 0, 'usage_in_usermode': 0,
    },
    'throttling_data': {
        'periods': 0, 'throttled_periods': 0, 'throttled_time': 0,
    },
}
_BLKIO = (
    'io_merged_recursive', 'io_queue_recursive',
    'io_service_time_recursive', 'io_time_recursive',
    'io_wait_time_recursive', 'sectors_recursive',
)


def stats(
    sample: measures.Sample, before: measures.Sample | None
) -> models.Json:
    """Show a sample.

    :param before: the one to which rates refer; None: none was taken.
    """
    shown: models.Json = {
        'read': times.rfc3339(sample.read) if sample.usage else times.NEVER,
        'preread': (
            times.rfc3339(before.read)
            if before and before.usage else times.NEVER
        ),
        'num_procs': 0,
        'name': f'/{sample.container.name}',
        'id': sample.container.id,
        'storage_stats': {},
        'cpu_stats': _cpu(sample),
        'precpu_stats': _cpu(before),
        'memory_stats': _memory(sample),
        'pids_stats': _pids(sample.usage),
        'blkio_stats': _blkio(sample.usage),
    }
    if sample.interfaces:
        shown['networks'] = sample.interfaces
    return shown


def _cpu(sample: measures.Sample | None) -> models.Json:
    if sample is None or sample.usage is None:
        return _NO_CPU
    usage = sample.usage
    counted: models.Json = {
        'total_usage': usage.cpu_ns,
        'usage_in_kernelmode': usage.kernel_ns,
        'usage_in_usermode': usage.user_ns,
    }
    if usage.cpus_ns:
        counted['percpu_usage'] = list(usage.cpus_ns)
    return {
        'cpu_usage': counted,
        'system_cpu_usage': sample.host_cpu_ns,
        'online_cpus': sample.cpus,
        'throttling_data': {
            'periods': usage.periods,
            'throttled_periods': usage.throttled_periods,
            'throttled_time': usage.throttled_ns,
        },
    }


def _memory(sample: measures.Sample) -> models.Json:
    usage = sample.usage
    if usage is None:
        return {}
    shown: models.Json = {
        'usage': usage.memory_bytes,
        'stats': dict(usage.memory),
        'limit': usage.memory_limit_bytes or sample.host_memory_bytes,
    }
    if sample.cgroup_version == 1:
        shown['max_usage'] = usage.memory_max_bytes
        shown['failcnt'] = usage.memory_failures
    return shown


def _pids(usage: measures.Usage | None) -> models.Json:
    if usage is None:
        return {}
    # Docker writes "no limit" as the largest number.
    return {'current': usage.pids, 'limit': usage.pids_limit or 2**64 - 1}


def _blkio(usage: measures.Usage | None) -> models.Json:
    transfers = usage.transfers if usage else ()
    return {
        **dict.fromkeys(_BLKIO),
        'io_service_bytes_recursive': _entries(
            (one, one.bytes) for one in transfers
        ),
        'io_serviced_recursive': _entries(
            (one, one.operations) for one in transfers
        ),
    }


def _entries(
    counted: Iterable[tuple[measures.Transfer, int]]
) -> list[models.Json] | None:
    return [
        {
            'major': one.major,
            'minor': one.minor,
            'op': one.operation,
            'value': value,
        }
        for one, value in counted
    ] or None
