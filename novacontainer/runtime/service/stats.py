"""How much of its host a container uses at this moment.

Called by ``api.routes.stats``.  Calls ``engine.counters`` and the registry;
reads /proc.
"""

import datetime
import os
import pathlib

from novacontainer.runtime.engine import counters
from novacontainer.runtime import measures
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state

_PROC = pathlib.Path('/proc')
#: Columns of /proc/[pid]/net/dev (proc(5)) that Docker shows.
_COLUMNS = {
    'rx_bytes': 0, 'rx_packets': 1, 'rx_errors': 2, 'rx_dropped': 3,
    'tx_bytes': 8, 'tx_packets': 9, 'tx_errors': 10, 'tx_dropped': 11}


class Stats:
    """Samples of containers; each costs some twenty small reads."""

    def __init__(self, settings: preparation.Settings,
                 registry: registry.Registry) -> None:
        self._settings = settings
        self._registry = registry

    def sample(self, name: str) -> measures.Sample:
        """Return what a container has used so far.

        :raises NotFound: there is no such container.
        """
        container = self._registry.get(name)
        version = self._settings.cgroup_version
        live = state.is_live(container)
        return measures.Sample(
            container=container,
            read=datetime.datetime.now(datetime.UTC),
            usage=counters.read(
                self._settings.cgroup_path(container.id), version)
            if live else None,
            cgroup_version=version,
            cpus=len(os.sched_getaffinity(0)),
            host_cpu_ns=_host_cpu_ns(),
            host_memory_bytes=(os.sysconf('SC_PHYS_PAGES')
                               * os.sysconf('SC_PAGE_SIZE')),
            interfaces=_interfaces(container.pid) if live else {})


def _host_cpu_ns() -> int:
    """Return the time of all cpus since boot (proc(5), /proc/stat)."""
    line = (_PROC / 'stat').read_text().split('\n', 1)[0]
    # The guest columns are part of user and nice already.
    ticks = sum(map(int, line.split()[1:9]))
    return ticks * (10**9 // os.sysconf('SC_CLK_TCK'))


def _interfaces(pid: int) -> dict[str, dict[str, int]]:
    """Read the counters of a process's network namespace."""
    try:
        lines = (_PROC / str(pid) / 'net/dev').read_text().splitlines()
    except OSError:
        # It ended just now.
        return {}
    found = {}
    for line in lines[2:]:
        name, _, numbers = line.partition(':')
        if name.strip() != 'lo':
            values = numbers.split()
            found[name.strip()] = {
                key: int(values[column])
                for key, column in _COLUMNS.items()}
    return found
