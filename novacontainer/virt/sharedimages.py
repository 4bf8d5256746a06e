"""Where the file of a Glance image is on this host, if it can be trusted.

Called by ``virt.imageops``.  Pure: what Glance says in, a path out.

A location is what its store wrote or, where Glance's policy lets them, what
a tenant wrote.  So nothing of it is used but the name of a directory that
the operator has named too; the file in it is called as the image, as Glance's
file system store calls it, so that no image can be another one's.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import posixpath
import typing
import urllib.parse

from oslo_log import log as logging

LOG = logging.getLogger(__name__)

#: Of Glance's, the weaker one last: only old images have nothing else.
_OLD_ALGORITHM = 'md5'


@dataclasses.dataclass(frozen=True, slots=True)
class SharedImage:
    """A file on this host.

    :param path: as the container runtime sees it.
    :param checksum: ``algorithm:digits`` of what it has to hold.
    """

    path: str
    checksum: str


def find(image: Mapping[str, typing.Any],
         directories: Sequence[str]) -> SharedImage | None:
    """The file of an image, or None where there is none to be used.

    :param image: as Nova's Glance client gives it, with its locations.
    :param directories: ``DIRECTORY``, or ``GLANCE'S:OURS`` where it is
        mounted elsewhere on this host.
    """
    checksum = _checksum(image)
    if checksum is None:
        LOG.info('Image %s has no checksum in Glance, so its file cannot be '
                 'imported.', image['id'])
        return None
    ours = dict(_split(directory) for directory in directories)
    for url in _urls(image):
        directory, name = posixpath.split(_path(url))
        if directory in ours and name == image['id']:
            return SharedImage(
                posixpath.join(ours[directory], name), checksum)
    LOG.info('Image %s has no file in [novacontainer] '
             'shared_image_directories.', image['id'])
    return None


def _checksum(image: Mapping[str, typing.Any]) -> str | None:
    algorithm, digits = image.get('os_hash_algo'), image.get('os_hash_value')
    if algorithm and digits:
        return f'{algorithm}:{digits}'
    if image.get('checksum'):
        return f'{_OLD_ALGORITHM}:{image["checksum"]}'
    return None


def _split(directory: str) -> tuple[str, str]:
    """Glance's name of a directory, and ours."""
    theirs, _, ours = directory.partition(':')
    return posixpath.normpath(theirs), posixpath.normpath(ours or theirs)


def _urls(image: Mapping[str, typing.Any]) -> Iterable[str]:
    for location in image.get('locations') or ():
        yield str(location.get('url') or '')


def _path(url: str) -> str:
    """The path of a ``file:`` URL, '' for any other."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return ''
    if (parts.scheme != 'file' or parts.netloc or parts.query
            or parts.fragment):
        return ''
    return urllib.parse.unquote(parts.path)
