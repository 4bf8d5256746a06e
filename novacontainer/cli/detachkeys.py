"""The keys by which a person leaves a container's terminal.

Called by the verbs that join one, and by ``cli.session``, which looks for
them.  The runtime looks for them as well; only who types knows for sure that
it was them that ended the connection.  Pure.
"""

import argparse

DEFAULT = 'ctrl-p,ctrl-q'

_CONTROL = 'ctrl-'
_AFTER_Z = '[\\]^_'


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Give a verb the switch that says other keys."""
    parser.add_argument(
        '--detach-keys', metavar='KEYS', type=checked, default=DEFAULT,
        help='typed on a terminal, they leave the process running and end '
             f'this command; {DEFAULT} when not given')


def checked(text: str) -> str:
    """Check what a person gave as keys.

    :raises argparse.ArgumentTypeError: when they are none.
    """
    parse(text)
    return text


def parse(keys: str) -> bytes:
    """Return what the keys send.

    :param keys: apart by commas: characters, or ``ctrl-`` with one of a-z,
        ``@``, ``[``, ``\\``, ``]``, ``^``, ``_``.
    :raises argparse.ArgumentTypeError: when they are none.
    """
    return bytes(_code(key) for key in keys.split(','))


def _code(key: str) -> int:
    name = key.removeprefix(_CONTROL).lower()
    if key.startswith(_CONTROL) and len(name) == 1:
        if 'a' <= name <= 'z':
            return ord(name) - ord('a') + 1
        if name in _AFTER_Z:
            return ord('z') - ord('a') + 2 + _AFTER_Z.index(name)
        if name == '@':
            return 0
    elif len(key) == 1 and key.isascii():
        return ord(key)
    raise argparse.ArgumentTypeError(
        f'{key!r} is not a key: write a character, or ctrl- and a letter')


class Watch:
    """Notices the keys among what is typed.

    Nothing is held back: the runtime does that.
    """

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._last = b''

    def typed(self, data: bytes) -> bool:
        """Say whether the keys have been typed by now, one by one."""
        found = self._keys in self._last + data
        self._last = (self._last + data)[-len(self._keys) + 1:] if len(
            self._keys) > 1 else b''
        return found
