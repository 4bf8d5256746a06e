"""Whether an image is of the platform that a client insists on.

Called by ``service.creation``.  Calls nothing.  Pure.

A platform is written ``os[/architecture[/variant]]`` or just
``architecture``, in Go's words (OCI image-spec, image-index.md, "platform").
"""

import re

from novacontainer.runtime import exception
from novacontainer.runtime import models

_FORM = re.compile(r'[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,2}')

#: The kernel's names of machines, which people use as well.
_ALIASES = {'x86_64': 'amd64', 'x86-64': 'amd64', 'aarch64': 'arm64',
            'i386': '386', 'i686': '386', 'armhf': 'arm', 'armel': 'arm'}


def split(wanted: str) -> list[str]:
    """Return the words of a platform: os, architecture, variant.

    :raises InvalidRequest: it is not a platform.
    """
    if not _FORM.fullmatch(wanted):
        raise exception.InvalidRequest(
            f'invalid platform {wanted[:80]!r}: it must be of the form '
            'os/architecture, such as linux/amd64',
            'container.invalid_platform')
    words = wanted.lower().split('/')
    if words[0] != 'linux' and len(words) == 1:
        words.insert(0, 'linux')
    words[1:2] = [_ALIASES.get(word, word) for word in words[1:2]]
    return words


def check(wanted: str, image: models.Image, name: str) -> None:
    """Refuse an image that is of another platform.

    :param name: what the client calls the image.
    :raises InvalidRequest: ``wanted`` is not a platform.
    :raises NotFound: there is no such image of that platform.
    """
    words = split(wanted)
    has = [str(image.config.get(key) or default) for key, default in (
        ('os', 'linux'), ('architecture', ''), ('variant', ''))]
    for asked, found in zip(words, has, strict=False):
        # An image that does not say is taken at its word.
        if found and asked != found:
            raise exception.NotFound(
                f'image with reference {name} was found but its platform '
                f'({"/".join(filter(None, has))}) does not match the '
                f'specified platform ({wanted})', 'image.platform_mismatch')
