"""Waiting for something to become true.

Called by ``readiness``, ``tenant`` and ``scenario``.
"""

from collections.abc import Callable
from collections.abc import Iterable
import pathlib
import time
import typing

from demo import errors

Result = typing.TypeVar('Result')


def until(what: str, condition: Callable[[], Result], timeout_s: float,
          logs: Iterable[pathlib.Path] = (),
          interval_s: float = 0.25) -> Result:
    """Ask again and again, and return the first answer that is true.

    :param what: completes the sentence "waited in vain until …".
    :raises DemoError: none came in time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise errors.DemoError(
                f'waited {timeout_s:.0f} s in vain until {what}.', logs)
        time.sleep(interval_s)
