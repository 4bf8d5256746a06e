"""Ranges of host ids, one to each container with a user namespace.

Called by ``service.creation`` and ``service.removal``.  Calls nothing.

The records say which ranges are in use, and the database refuses a second
owner.  What is here makes the next free one known without a scan, and keeps
two creates at the same moment apart.
"""

from collections.abc import Iterable
import heapq
import threading

from novacontainer.runtime import exception
from novacontainer.runtime import models

#: Ids of one range: every uid that a usual image may hold.
SIZE = 65536


class IdRanges:
    """The pool ``base .. base + count * 65536`` of host uids and gids.

    :param base: a multiple of 65536, so that a changed option can never
        give out half of a range that is in use.
    :param used: first ids of the ranges in use, from the records.
    """

    def __init__(self, base: int, count: int, used: Iterable[int]) -> None:
        if base % SIZE:
            raise exception.InvalidRequest(
                f'[containers]userns_base must be a multiple of {SIZE}',
                'config.userns_base')
        if base + count * SIZE > 2**32 - SIZE:
            raise exception.InvalidRequest(
                'the pool of [containers]userns_base and userns_count goes '
                'past the last id of the kernel', 'config.userns_count')
        self._lock = threading.Lock()
        taken = frozenset(used)
        self._free = [first for first
                      in range(base, base + count * SIZE, SIZE)
                      if first not in taken]
        heapq.heapify(self._free)

    def take(self) -> models.IdMap:
        """Return the lowest free range.

        :raises Unavailable: every range is in use.
        """
        with self._lock:
            if not self._free:
                raise exception.Unavailable(
                    'all ranges of user ids are in use; remove containers '
                    'or raise [containers]userns_count',
                    'container.no_id_range')
            return models.IdMap(heapq.heappop(self._free), SIZE)

    def give_back(self, id_map: models.IdMap | None) -> None:
        """Make a range available again; None stands for none."""
        if id_map is not None:
            with self._lock:
                heapq.heappush(self._free, id_map.host_base)
