"""Digests as the OCI image-spec writes them.

Called wherever an image, a layer or a blob is named; calls nothing.  Only
sha256 is used by the tools that write images.
"""

import hashlib
import re

from novacontainer.runtime import exception

_DIGEST = re.compile(r'sha256:[0-9a-f]{64}')


def of(data: bytes) -> str:
    """Give ``sha256:<hex>`` of ``data``."""
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def valid(text: object) -> bool:
    """Tell whether ``text`` is a sha256 digest."""
    return isinstance(text, str) and bool(_DIGEST.fullmatch(text))


def check(text: object, what: str) -> str:
    """Give ``text`` back when it is a digest.

    :param what: what it should name, for the message.
    :raises InvalidRequest: it is not one.
    """
    if isinstance(text, str) and _DIGEST.fullmatch(text):
        return text
    raise exception.InvalidRequest(
        f'{what} is not a sha256 digest: {str(text)[:80]!r}',
        'image.malformed')


def hexadecimal(text: str) -> str:
    """Give the part behind ``sha256:``."""
    return text.removeprefix('sha256:')
