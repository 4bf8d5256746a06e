"""What an instance and its host consume, in Nova's words.

Called by ``virt.driver``; calls the client and reads the host's /proc.
"""

from collections.abc import Mapping
import os
import pathlib
import re
import typing

from nova.objects import instance as instance_objects

from novacontainer import client as runtime
from novacontainer.virt import containerspec
from novacontainer.virt import errors

_PROC = pathlib.Path('/proc')
_KIB = 1024
_NS = 10**9
#: Members of an interface's counters → the ends of Nova's names.
_COUNTERS = {
    'rx_bytes': 'rx', 'rx_packets': 'rx_packets', 'rx_errors': 'rx_errors',
    'rx_dropped': 'rx_drop', 'tx_bytes': 'tx', 'tx_packets': 'tx_packets',
    'tx_errors': 'tx_errors', 'tx_dropped': 'tx_drop',
}
_TRANSFERS = {
    ('io_service_bytes_recursive', 'read'): 'read',
    ('io_service_bytes_recursive', 'write'): 'write',
    ('io_serviced_recursive', 'read'): 'read_req',
    ('io_serviced_recursive', 'write'): 'write_req',
}


class DiagnosticsOps:
    """Counters of instances and of the host.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client

    def get_diagnostics(
        self, instance: instance_objects.Instance,
    ) -> dict[str, int]:
        """Counters by the names that other drivers give them.

        ``cpu0_time`` is that of all processors together, in nanoseconds;
        memory is in KiB, traffic and transfers in bytes.

        :raises: exception.InstanceNotFound
        """
        with errors.translated(errors.Operation.INSPECT, instance):
            sample = self._client.usage.sample(
                containerspec.container_name(instance))
        return diagnostics(sample)

    @staticmethod
    def get_host_cpu_stats() -> dict[str, int]:
        """Processor time of the host since its start (proc(5), stat).

        :returns: ``user``, ``kernel``, ``idle`` and ``iowait`` in
            nanoseconds, ``frequency`` in MHz.
        """
        first = (_PROC / 'stat').read_text().partition('\n')[0]
        tick_ns = _NS // os.sysconf('SC_CLK_TCK')
        user, nice, system, idle, iowait, irq, softirq = (
            int(word) * tick_ns for word in first.split()[1:8])
        return {'user': user + nice, 'kernel': system + irq + softirq,
                'idle': idle, 'iowait': iowait, 'frequency': _frequency()}


def diagnostics(sample: Mapping[str, typing.Any]) -> dict[str, int]:
    """Turn a sample of the runtime (ContainerStats) into Nova's dict."""
    memory = sample.get('memory_stats') or {}
    parts = memory.get('stats') or {}
    found = {
        'cpu0_time': sample['cpu_stats']['cpu_usage']['total_usage'],
        'memory': memory.get('limit', 0) // _KIB,
        'memory-actual': memory.get('usage', 0) // _KIB,
        # Version 1 of control groups says rss, version 2 anon.
        'memory-rss': parts.get('rss', parts.get('anon', 0)) // _KIB,
        'processes': (sample.get('pids_stats') or {}).get('current', 0),
    }
    for name, counters in (sample.get('networks') or {}).items():
        for member, end in _COUNTERS.items():
            found[f'{name}_{end}'] = counters.get(member, 0)
    blocks = sample.get('blkio_stats') or {}
    for (member, operation), end in _TRANSFERS.items():
        found[f'disk_{end}'] = sum(
            entry['value'] for entry in blocks.get(member) or ()
            if entry['op'].lower() == operation)
    return found


def _frequency() -> int:
    """Of the first processor, in MHz; 0 where the kernel does not tell."""
    match = re.search(r'^cpu MHz\s*: (\d+)',
                      (_PROC / 'cpuinfo').read_text(), re.MULTILINE)
    return int(match.group(1)) if match else 0
