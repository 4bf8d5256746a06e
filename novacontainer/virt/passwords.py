"""Passwords as /etc/shadow has them; pure.

Called by ``virt.guestops``.  The hash is that of crypt(5) with the prefix
``$6$``, which every C library of Linux checks (Ulrich Drepper, "Unix crypt
using SHA-256 and SHA-512", version 0.6).  Python no longer has it, and a
program that makes it need not be on the host.
"""

import hashlib
import itertools
import secrets
import time

_ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
_ROUNDS = 5000
_SALT_CHARACTERS = 16
_DAY_S = 24 * 3600
_SHADOW_FIELDS = 9


def with_password(shadow: bytes, user: str, password: str) -> bytes:
    """Set a user's password in the text of a shadow file (shadow(5)).

    The other fields, and all other lines, stay as they are.

    :raises LookupError: the file does not have the user.
    """
    lines = shadow.split(b'\n')
    name = user.encode()
    for number, line in enumerate(lines):
        fields = line.split(b':')
        if fields[0] != name or len(fields) < 2:
            continue
        fields += [b''] * (_SHADOW_FIELDS - len(fields))
        fields[1] = hashed(password).encode()
        # When it was changed; 0 would ask for another one at once.
        fields[2] = str(int(time.time()) // _DAY_S).encode()
        lines[number] = b':'.join(fields)
        return b'\n'.join(lines)
    raise LookupError(user)


def hashed(password: str, salt: str = '') -> str:
    """Hash a password; takes some 10 ms, by intention.

    :param salt: '' for a new one.
    """
    salt = salt or ''.join(
        secrets.choice(_ALPHABET) for _ in range(_SALT_CHARACTERS))
    digest = _digest(password.encode(), salt.encode())
    return f'$6${salt}${_encoded(digest)}'


def _digest(key: bytes, salt: bytes) -> bytes:
    mixed = _sha512(key, salt, key)
    start = hashlib.sha512(key + salt + _repeated(mixed, len(key)))
    length = len(key)
    while length:
        start.update(mixed if length & 1 else key)
        length >>= 1
    digest = start.digest()
    keys = _repeated(_sha512(key * len(key)), len(key))
    salts = _repeated(_sha512(salt * (16 + digest[0])), len(salt))
    for number in range(_ROUNDS):
        odd = number & 1
        digest = _sha512(
            keys if odd else digest,
            salts if number % 3 else b'',
            keys if number % 7 else b'',
            digest if odd else keys)
    return digest


def _sha512(*parts: bytes) -> bytes:
    return hashlib.sha512(b''.join(parts)).digest()


def _repeated(data: bytes, length: int) -> bytes:
    return (data * (length // len(data) + 1))[:length]


def _encoded(digest: bytes) -> str:
    """Three bytes become four characters, in an order of its own."""
    order = []
    first, second, third = 0, 21, 42
    for _ in range(21):
        order.append((first, second, third))
        first, second, third = second + 1, third + 1, first + 1
    groups = [
        (digest[a] << 16 | digest[b] << 8 | digest[c], 4)
        for a, b, c in order] + [(digest[63], 2)]
    return ''.join(itertools.chain.from_iterable(
        _characters(value, count) for value, count in groups))


def _characters(value: int, count: int) -> str:
    return ''.join(
        _ALPHABET[value >> 6 * place & 63] for place in range(count))
