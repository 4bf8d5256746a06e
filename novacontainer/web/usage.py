"""What containers use, sampled while somebody looks.

Called by ``web.status``.  Calls the client's usage.  Nothing is sampled
when nobody asks, and those who ask at once share one round of samples.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import datetime
import threading
import typing

from novacontainer import client as api
from novacontainer.client import exceptions
from novacontainer.client import transport

#: Seconds from one round of samples to the next, at the least.
PERIOD_S = 2.0
#: Samples that are remembered of each container: four minutes.
REMEMBERED = 120
#: A round may take a tenth of the time; with many containers it comes less
#: often instead.
_REST = 9


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """One sample.

    :param time_s: seconds since the epoch.
    :param cpus: how many cpus were busy since the sample before; None when
        there is none to compare with.
    :param memory_bytes: without the page cache that can be dropped, as
        ``docker stats`` counts.
    :param memory_limit_bytes: the container's, or the host's memory.
    """

    time_s: float
    cpus: float | None
    memory_bytes: int
    memory_limit_bytes: int
    processes: int


class Usage:
    """The recent past of every container that runs.

    :param clock: seconds that only ever grow.
    """

    def __init__(self, client: api.Client,
                 clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._next_s = 0.0
        self._past: dict[str, collections.deque[Point]] = {}
        self._counted: dict[str, tuple[float, int]] = {}
        self.period_s = PERIOD_S

    def look(self, idents: Iterable[str]) -> dict[str, list[Point]]:
        """Return the past of the containers that run, oldest sample first.

        :param idents: of all that run; others are forgotten.
        :raises Unavailable: when the runtime is away.
        """
        with self._lock:
            began_s = self._clock()
            if began_s >= self._next_s:
                self._sample(list(idents))
                took_s = self._clock() - began_s
                self.period_s = max(PERIOD_S, took_s * _REST)
                self._next_s = began_s + took_s + self.period_s
            return {ident: list(points)
                    for ident, points in self._past.items()}

    def _sample(self, idents: list[str]) -> None:
        for gone in self._past.keys() - set(idents):
            del self._past[gone]
            self._counted.pop(gone, None)
        for ident in idents:
            try:
                found = self._client.usage.sample(ident)
            except exceptions.Refused:
                # It ended or went away meanwhile.
                continue
            self._add(ident, found)

    def _add(self, ident: str, found: transport.Json) -> None:
        memory = found.get('memory_stats') or {}
        if 'usage' not in memory:
            # It has just ended.
            return
        time_s = _seconds(found['read'])
        cpu_ns = int(found['cpu_stats']['cpu_usage']['total_usage'])
        before = self._counted.get(ident)
        self._counted[ident] = time_s, cpu_ns
        past = self._past.setdefault(
            ident, collections.deque(maxlen=REMEMBERED))
        past.append(Point(
            time_s, _busy(before, (time_s, cpu_ns)), _working_set(memory),
            int(memory.get('limit') or 0),
            int((found.get('pids_stats') or {}).get('current') or 0)))


def _busy(before: tuple[float, int] | None,
          now: tuple[float, int]) -> float | None:
    """Cpus between two counts; None where a restart lies between them."""
    if before is None or now[0] <= before[0] or now[1] < before[1]:
        return None
    return (now[1] - before[1]) / 1e9 / (now[0] - before[0])


def _working_set(memory: typing.Mapping[str, typing.Any]) -> int:
    """Bytes without the inactive page cache (docker stats)."""
    counted = memory.get('stats') or {}
    cache = counted.get('total_inactive_file',
                        counted.get('inactive_file')) or 0
    usage = int(memory['usage'])
    return usage - int(cache) if cache < usage else usage


def _seconds(moment: str) -> float:
    return datetime.datetime.fromisoformat(moment).timestamp()
