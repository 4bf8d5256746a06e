"""Read untrusted JSON: bounded, and of the types that were expected.

Called by ``manifest`` and ``config``; calls the JSON parser.
"""

import json
import typing

from novacontainer.runtime import exception


def parse(data: bytes, what: str) -> typing.Any:
    """Parse one document.

    :param what: what it is, for messages.
    :raises InvalidRequest: not JSON, or nested too deeply to be meant well.
    """
    try:
        return json.loads(data)
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
        if not isinstance(item, str):
            raise wrong_type(f'an entry of {what}', 'a string', item)
    return found


def wrong_type(what: str, expected: str,
               value: object) -> exception.InvalidRequest:
    """Make the error for a value of another type."""
    return exception.InvalidRequest(
        f'{what} must be {expected}, not {type(value).__name__}',
        'image.malformed')
