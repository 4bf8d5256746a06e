"""Text of tenants, made harmless to look at.

Called by ``web.views`` and ``web.logtail``.  Pure.  The page never takes text
for markup; here it loses what would deceive the eye: terminal colours, control
characters and marks that turn the direction of writing.
"""

import re
import typing

#: Control sequences of a terminal (ECMA-48, 5.4), such as colours.
_SEQUENCE = re.compile(r'\x1b\[[0-9;:?]*[ -/]*[@-~]')


def text(value: str) -> str:
    """Drop terminal sequences and show other control characters."""
    return ''.join(
        character if character.isprintable()
        else character.encode('unicode_escape', 'backslashreplace').decode()
        for character in _SEQUENCE.sub('', value))


def document(value: typing.Any) -> typing.Any:
    """Copy a JSON value with all its text made plain, keys included."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(str(key)): document(member)
                for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [document(member) for member in value]
    return value
