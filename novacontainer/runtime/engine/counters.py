"""What a control group has used: read from the kernel, version 1 or 2.

Called by ``service.stats``.  Calls the cgroup file systems.

Sources: the kernel's ``admin-guide/cgroup-v2.rst`` and
``admin-guide/cgroup-v1/{cpuacct,memory,pids,blkio-controller}.rst``.  A file
that this kernel does not have counts as empty.
"""

from collections.abc import Iterator
import os
import pathlib

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime import measures

#: What version 1 shows where there is no limit: the largest whole page.
_NO_LIMIT = 1 << 62
_NS = 10**9
_OPERATIONS = {'rbytes': 'read', 'wbytes': 'write'}


def read(cgroup_path: str, version: int,
         root: pathlib.Path = cgroups.ROOT) -> measures.Usage:
    """Read all counters of a cgroup; zeros when it has gone.

    :param version: of the hierarchy that limits are applied with.
    """
    relative = cgroup_path.lstrip('/')
    if version == 2:
        return _second(root / relative)
    return _first(root, relative)


def _first(root: pathlib.Path, relative: str) -> measures.Usage:
    cpu, cpuacct, memory, pids, blkio = (
        root / controller / relative for controller in (
            'cpu', 'cpuacct', 'memory', 'pids', 'blkio'))
    throttled = _table(cpu / 'cpu.stat')
    ticks = _table(cpuacct / 'cpuacct.stat')
    tick_ns = _NS // os.sysconf('SC_CLK_TCK')
    return measures.Usage(
        cpu_ns=_number(cpuacct / 'cpuacct.usage'),
        user_ns=ticks.get('user', 0) * tick_ns,
        kernel_ns=ticks.get('system', 0) * tick_ns,
        cpus_ns=tuple(map(int, _text(
            cpuacct / 'cpuacct.usage_percpu').split())),
        periods=throttled.get('nr_periods', 0),
        throttled_periods=throttled.get('nr_throttled', 0),
        throttled_ns=throttled.get('throttled_time', 0),
        memory_bytes=_number(memory / 'memory.usage_in_bytes'),
        memory_max_bytes=_number(memory / 'memory.max_usage_in_bytes'),
        memory_limit_bytes=_limit(memory / 'memory.limit_in_bytes'),
        memory_failures=_number(memory / 'memory.failcnt'),
        memory=_table(memory / 'memory.stat'),
        pids=_number(pids / 'pids.current'),
        pids_limit=_limit(pids / 'pids.max'),
        transfers=tuple(_transfers(blkio)))


def _second(top: pathlib.Path) -> measures.Usage:
    cpu = _table(top / 'cpu.stat')
    return measures.Usage(
        cpu_ns=cpu.get('usage_usec', 0) * 1000,
        user_ns=cpu.get('user_usec', 0) * 1000,
        kernel_ns=cpu.get('system_usec', 0) * 1000,
        periods=cpu.get('nr_periods', 0),
        throttled_periods=cpu.get('nr_throttled', 0),
        throttled_ns=cpu.get('throttled_usec', 0) * 1000,
        memory_bytes=_number(top / 'memory.current'),
        memory_max_bytes=_number(top / 'memory.peak'),
        memory_limit_bytes=_limit(top / 'memory.max'),
        memory_failures=_table(top / 'memory.events').get('max', 0),
        memory=_table(top / 'memory.stat'),
        pids=_number(top / 'pids.current'),
        pids_limit=_limit(top / 'pids.max'),
        transfers=tuple(_io_stat(_text(top / 'io.stat'))))


def _transfers(blkio: pathlib.Path) -> Iterator[measures.Transfer]:
    """Read lines of the form ``8:0 Read 4096``."""
    operations = {
        tuple(words[:2]): int(words[2]) for words in _lines(
            blkio / 'blkio.throttle.io_serviced') if len(words) == 3}
    for words in _lines(blkio / 'blkio.throttle.io_service_bytes'):
        if len(words) == 3 and words[1] in ('Read', 'Write'):
            major, _, minor = words[0].partition(':')
            yield measures.Transfer(
                int(major), int(minor), words[1].lower(), int(words[2]),
                operations.get((words[0], words[1]), 0))


def _io_stat(text: str) -> Iterator[measures.Transfer]:
    """Read lines of the form ``8:0 rbytes=4096 wbytes=0 rios=1 wios=0``."""
    for line in text.splitlines():
        device, *pairs = line.split()
        major, _, minor = device.partition(':')
        counts = dict(pair.split('=', 1) for pair in pairs if '=' in pair)
        for name, operation in _OPERATIONS.items():
            yield measures.Transfer(
                int(major), int(minor), operation, int(counts.get(name, 0)),
                int(counts.get(f'{name[0]}ios', 0)))


def _limit(path: pathlib.Path) -> int:
    text = _text(path).strip()
    value = int(text) if text.isdigit() else 0
    return value if value < _NO_LIMIT else 0


def _number(path: pathlib.Path) -> int:
    text = _text(path).strip()
    return int(text) if text.isdigit() else 0


def _table(path: pathlib.Path) -> dict[str, int]:
    return {words[0]: int(words[1]) for words in _lines(path)
            if len(words) == 2 and words[1].isdigit()}


def _lines(path: pathlib.Path) -> list[list[str]]:
    return [line.split() for line in _text(path).splitlines()]


def _text(path: pathlib.Path) -> str:
    try:
        return path.read_text()
    except OSError:
        # Not in this kernel, or the container ended just now.
        return ''
