"""Thread pools between the asyncio rim and the synchronous services.

Called by: ``api.routes``.  Calls: whatever the routes hand it.

Three pools, so that no kind of work starves another: a stop that waits ten
seconds for its container must not delay an inspect, and an image of ten
gigabytes must not delay a stop.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Iterator
import concurrent.futures
import contextlib
import contextvars
import functools
import logging
import threading
import typing

from novacontainer.runtime import exception

LOG = logging.getLogger(__name__)

#: Transfers that may be under way for each one that works; further ones
#: wait for the end of one.
_TRANSFERS_PER_TURN = 16

P = typing.ParamSpec('P')
T = typing.TypeVar('T')


class Pools:
    """The bounded pools of one daemon.

    :param reads: threads for short look-ups.
    :param changes: threads for life-cycle calls; most of them wait.
    :param bulk: transfers that work at the same time. There are more
        threads, because most of a slow transfer is waiting for its client.
    """

    def __init__(
        self, reads: int = 8, changes: int = 32, bulk: int = 4
    ) -> None:
        executor = concurrent.futures.ThreadPoolExecutor
        self._reads = executor(reads, 'api-read')
        self._changes = executor(changes, 'api-change')
        self._bulk = executor(bulk * _TRANSFERS_PER_TURN, 'api-bulk')
        self._turns = threading.BoundedSemaphore(bulk)

    async def read(
        self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a short look-up."""
        return await _submit(self._reads, call, *args, **kwargs)

    async def change(
        self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a life-cycle call to its end, even when the client leaves."""
        work = _submit(self._changes, call, *args, **kwargs)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_log_unseen)
            raise

    def bulk(
        self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> 'asyncio.Future[T]':
        """Begin a transfer; the caller feeds or drains it meanwhile.

        A client that leaves makes it fail, which is nothing to warn of.
        """
        whole = functools.partial(call, *args, **kwargs)
        work = _submit(self._bulk, self._in_turn, whole)
        work.add_done_callback(_retrieve)
        return work

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Let another transfer work while this one waits for its client.

        For the thread of a transfer, which must hold no lock meanwhile.
        """
        self._turns.release()
        try:
            yield
        finally:
            self._turns.acquire()

    def _in_turn(self, call: Callable[[], T]) -> T:
        with self._turns:
            return call()

    def close(self) -> None:
        """Wait for what runs; drop what has not begun."""
        for pool in (self._bulk, self._changes, self._reads):
            pool.shutdown(wait=True, cancel_futures=True)


def _submit(
    pool: concurrent.futures.ThreadPoolExecutor,
    call: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> 'asyncio.Future[T]':
    # The thread inherits the context so that its log lines can carry the
    # request's id.
    context = contextvars.copy_context()
    return asyncio.get_running_loop().run_in_executor(
        pool, functools.partial(context.run, call, *args, **kwargs)
    )


def _retrieve(
    work: 'asyncio.Future[typing.Any]',
) -> BaseException | None:
    """Take a failure, so that asyncio does not miss its being taken."""
    return None if work.cancelled() else work.exception()


def _log_unseen(work: 'asyncio.Future[typing.Any]') -> None:
    """Note how a call failed whose client is gone and cannot see it."""
    error = _retrieve(work)
    if error is not None and not isinstance(error, exception.NotModified):
        LOG.warning(
            'A call whose client went away failed: %s: %s',
            type(error).__name__,
            error,
        )
