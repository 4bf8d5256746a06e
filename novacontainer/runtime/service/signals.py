"""Signal names and numbers as the Docker API accepts them.

Called by ``service.config`` and ``service.lifecycle``.  Calls nothing.
"""

import re
import signal

from novacontainer.runtime import exception

#: Signals that the kernel delivers to a container (signal(7)).
_MAX = 64

_REAL_TIME = re.compile(r'RT(MIN|MAX)(?:([+-])(\d+))?')


def number(text: str) -> int:
    """Turn ``TERM``, ``sigterm``, ``15`` or ``RTMIN+3`` into a number.

    :raises InvalidRequest: there is no such signal.
    """
    word = text.strip().upper().removeprefix('SIG')
    decimal = word.isascii() and word.isdigit()
    found = int(word) if decimal else _by_name(word)
    if not 1 <= found <= _MAX:
        raise exception.InvalidRequest(
            f'invalid signal: {text}', 'container.invalid_signal')
    return found


def _by_name(word: str) -> int:
    real_time = _REAL_TIME.fullmatch(word)
    if real_time is None:
        known = signal.Signals.__members__.get('SIG' + word)
        return 0 if known is None else known.value
    base, sign, distance = real_time.groups()
    steps = int(distance or 0)
    if base == 'MIN':
        return 0 if sign == '-' else signal.SIGRTMIN + steps
    return 0 if sign == '+' else signal.SIGRTMAX - steps
