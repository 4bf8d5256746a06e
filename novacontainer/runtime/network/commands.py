"""Commands of the host's network tools, run to their end.

Called by ``network.bridges`` and ``network.firewall``; calls ``subprocess``.
"""

from collections.abc import Sequence
import subprocess

from novacontainer.runtime import exception

_TIMEOUT_S = 60


def run(words: Sequence[str], code: str, text: str = '') -> None:
    """Run one.

    :param code: of the fault when it fails.
    :param text: its standard input.
    :raises Internal: it cannot be run, takes too long, or fails; with what
        it said.
    """
    try:
        ended = subprocess.run(
            words, input=text, capture_output=True, text=True,
            timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise exception.Internal(
            f'{words[0]} could not be run: {error}', code) from error
    if ended.returncode:
        raise exception.Internal(
            f'"{" ".join(words)}" failed: {ended.stderr.strip()}', code)
