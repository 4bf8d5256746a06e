"""Names of images, by the grammar that Docker and the registries share.

Called by the image service and by ``manifest``; calls nothing.  Grammar and
the rules of familiar names: github.com/distribution/reference.

::

    reference  := [domain '/'] path [':' tag] ['@' digest]
    busybox    =  docker.io/library/busybox:latest
"""

import dataclasses
import re

from novacontainer.runtime import exception

_LABEL = r'(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
_IPV6 = r'\[[a-fA-F0-9:]+\]'
_DOMAIN = re.compile(rf'(?:{_LABEL}(?:\.{_LABEL})*|{_IPV6})(?::[0-9]+)?')
_PART = r'[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*'
_PATH = re.compile(rf'{_PART}(?:/{_PART})*')
_TAG = re.compile(r'[\w][\w.-]{0,127}', re.ASCII)
_DIGEST = re.compile(r'sha256:[0-9a-f]{64}')
_HEX_ID = re.compile(r'[0-9a-f]{64}')
_NAME_BYTES = 255

DEFAULT_DOMAIN = 'docker.io'
_OLD_DEFAULT_DOMAIN = 'index.docker.io'
_OFFICIAL = 'library/'
DEFAULT_TAG = 'latest'
#: Below it stand the images of Glance, by their ids; Nova boots whatever has
#: such a name, so no archive may give it to itself.
_RESERVED = 'glance/'


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """A parsed name; ``tag`` and ``digest`` are '' when they are not given."""

    domain: str
    path: str
    tag: str = ''
    digest: str = ''

    @property
    def repository(self) -> str:
        """Familiar name without tag: what Docker stores and displays."""
        if self.domain != DEFAULT_DOMAIN:
            return f'{self.domain}/{self.path}'
        rest = self.path.removeprefix(_OFFICIAL)
        return self.path if '/' in rest else rest

    @property
    def full_repository(self) -> str:
        """Name with its domain, without tag."""
        return f'{self.domain}/{self.path}'

    def __str__(self) -> str:
        """Familiar name; without tag and digest the tag is ``latest``."""
        if self.digest:
            tag = f':{self.tag}' if self.tag else ''
            return f'{self.repository}{tag}@{self.digest}'
        return f'{self.repository}:{self.tag or DEFAULT_TAG}'


def parse(text: str) -> Reference:
    """Parse what a person or a manifest wrote.

    :raises InvalidRequest: it breaks the grammar.
    """
    rest, at, digest = text.partition('@')
    if at and not _DIGEST.fullmatch(digest):
        raise _invalid(text)
    tag = ''
    head, colon, last = rest.rpartition(':')
    if colon and '/' not in last:
        rest, tag = head, last
        if not _TAG.fullmatch(tag):
            raise _invalid(text)
    if _HEX_ID.fullmatch(rest):
        raise exception.InvalidRequest(
            f'invalid repository name ({rest}), cannot specify 64-byte '
            'hexadecimal strings', 'image.invalid_reference')
    domain, path = _split_domain(rest)
    if path != path.lower():
        raise exception.InvalidRequest(
            'invalid reference format: repository name '
            f'({path}) must be lowercase', 'image.invalid_reference')
    if (not _DOMAIN.fullmatch(domain) or not _PATH.fullmatch(path)
            or len(domain) + 1 + len(path) > _NAME_BYTES):
        raise _invalid(text)
    return Reference(domain, path, tag, digest)


def parse_tagged(text: str, tag: str = '') -> Reference:
    """Parse a name under which an image can be stored.

    :param tag: takes the place of the one in ``text``, as ``repo`` and
        ``tag`` do in Docker's requests.
    :raises InvalidRequest: it breaks the grammar, or names a digest.
    """
    if tag and not _TAG.fullmatch(tag):
        raise _invalid(f'{text}:{tag}')
    found = parse(text)
    if found.digest:
        raise exception.InvalidRequest(
            f'refusing to create a tag with a digest reference: {text}',
            'image.invalid_reference')
    return dataclasses.replace(found, tag=tag or found.tag or DEFAULT_TAG)


def is_reserved(text: str) -> bool:
    """Tell whether only whoever loads an image may give it this name.

    :param text: a familiar name.
    """
    return text.startswith(_RESERVED)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition('/')
    if slash and ('.' in first or ':' in first or first == 'localhost'
                  or first != first.lower()):
        domain, path = first, rest
    else:
        domain, path = DEFAULT_DOMAIN, name
    if domain == _OLD_DEFAULT_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and '/' not in path:
        path = _OFFICIAL + path
    return domain, path


def _invalid(text: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        f'invalid reference format: {text[:300]!r}',
        'image.invalid_reference')
