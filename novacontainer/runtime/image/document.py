"""Read untrusted JSON: bounded, and of the types that were expected.

Called by ``manifest`` and ``config``; calls the JSON parser.
"""

import json
import math
import re
import typing

from novacontainer.runtime import exception

#: An escape that may be half of a surrogate pair (RFC 8259, section 8.2).
_SURROGATE = re.compile(r'\\u[dD][89a-fA-F]')


def parse(data: bytes, what: str) -> typing.Any:
    """Parse one document.

    Refuses, too, what Python reads as JSON but nobody else: ``NaN``, numbers
    that become infinite, and text that is no Unicode.  It could be neither
    stored nor shown to a client.

    :param what: what it is, for messages.
    :raises InvalidRequest: not JSON, or nested too deeply to be meant well.
    """
    try:
        decoded = data.decode()
        found = json.loads(decoded, parse_constant=_refuse,
                           parse_float=_finite)
        if _SURROGATE.search(decoded):
            json.dumps(found, ensure_ascii=False).encode()
        return found
    except (ValueError, RecursionError) as error:
        raise exception.InvalidRequest(
            f'{what} is not valid JSON: {error}', 'image.malformed'
        ) from error


def dictionary(value: object, what: str) -> dict[str, typing.Any]:
    """Give a JSON object; null counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_type(what, 'an object', value)
    return value


def text(value: object, what: str) -> str:
    """Give a string; null counts as an empty one."""
    if value is None:
        return ''
    if not isinstance(value, str):
        raise wrong_type(what, 'a string', value)
    if '\0' in value:
        raise exception.InvalidRequest(
            f'{what} holds a NUL character', 'image.malformed')
    return value


def boolean(value: object, what: str) -> bool:
    """Give a truth value; null counts as false."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise wrong_type(what, 'true or false', value)
    return value


def integer(value: object, what: str) -> int:
    """Give a whole number; null counts as 0."""
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(what, 'a whole number', value)
    return value


def sequence(value: object, what: str) -> list[typing.Any]:
    """Give a list; null counts as an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_type(what, 'a list', value)
    return value


def strings(value: object, what: str) -> list[str]:
    """Give a list of strings; null counts as an empty one."""
    found = sequence(value, what)
    for item in found:
        if item is None:
            raise wrong_type(f'an entry of {what}', 'a string', item)
        text(item, f'an entry of {what}')
    return found


def wrong_type(what: str, expected: str,
               value: object) -> exception.InvalidRequest:
    """Make the error for a value of another type."""
    return exception.InvalidRequest(
        f'{what} must be {expected}, not {type(value).__name__}',
        'image.malformed')


def _refuse(constant: str) -> typing.NoReturn:
    raise ValueError(f'{constant} is not allowed')


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f'the number {digits[:40]} is too large')
    return value
