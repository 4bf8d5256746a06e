"""The keys by which a person leaves a terminal without ending it.

Called by ``service.execs`` and ``service.attachments`` (to refuse what are
no keys), and by the API's relay, which looks for them.  Pure.

Docker Engine API 1.44, ``detachKeys``: keys apart by commas, each a
character or ``ctrl-`` and one of a-z, ``@``, ``[``, ``\\``, ``]``, ``^``,
``_``.
"""

from novacontainer.runtime import exception

DEFAULT = 'ctrl-p,ctrl-q'

#: Says that there are none; no keys of Docker's are written so.
NONE = 'none'

_CONTROL = 'ctrl-'
_AFTER_Z = '[\\]^_'


def parse(keys: str) -> bytes:
    """Return what the keys send; those of :data:`DEFAULT` for ''.

    :returns: b'' for :data:`NONE`.
    :raises InvalidRequest: they are no keys.
    """
    if keys == NONE:
        return b''
    return bytes(_code(key) for key in (keys or DEFAULT).split(','))


def _code(key: str) -> int:
    name = key.removeprefix(_CONTROL).lower()
    if key.startswith(_CONTROL) and len(name) == 1:
        if 'a' <= name <= 'z':
            return ord(name) - ord('a') + 1
        if name in _AFTER_Z:
            return 27 + _AFTER_Z.index(name)
        if name == '@':
            return 0
    elif len(key) == 1 and key.isascii():
        return ord(key)
    raise exception.InvalidRequest(
        f'Invalid detach keys provided: {key!r} is neither a character nor '
        'ctrl- with a letter', 'container.invalid_detach_keys')


class Watch:
    """Looks for the keys in what a person types."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._seen = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Return what is to be passed on, and whether the keys were typed.

        A beginning of the keys is kept back until it is known what follows;
        what follows the keys is dropped.
        """
        passed = bytearray()
        for byte in data:
            if byte != self._keys[self._seen]:
                # The beginning that was kept back is not one, but may end
                # in another.
                passed += self._keys[:self._seen]
                self._seen = 0
            if byte == self._keys[self._seen]:
                self._seen += 1
                if self._seen == len(self._keys):
                    self._seen = 0
                    return bytes(passed), True
            else:
                passed.append(byte)
        return bytes(passed), False
