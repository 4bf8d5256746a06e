"""The one error that the demo raises on purpose.

Raised by every module of the demo; ``report`` shows it with its log lines.
"""

from collections.abc import Iterable
import pathlib


class DemoError(Exception):
    """A step cannot go on.

    :param reason: a plain sentence: what is wrong and what to do about it.
    :param logs: files whose last lines explain it.
    """

    def __init__(self, reason: str, logs: Iterable[pathlib.Path] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.logs = tuple(logs)
