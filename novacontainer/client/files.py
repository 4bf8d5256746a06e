"""Files of containers: ``/containers/…/archive``, ``export``, ``changes``.

Called by the CLI through :class:`novacontainer.client.Client`; calls
transport and exceptions.
"""

import base64
from collections.abc import Iterable
import dataclasses
import enum
import json

from novacontainer.client import exceptions
from novacontainer.client import transport

_STAT_HEADER = 'X-Docker-Container-Path-Stat'
#: Bits of Go's ``FileMode`` (package io/fs), which the API sends.
_DIRECTORY = 1 << 31
_LINK = 1 << 27


@dataclasses.dataclass(frozen=True, slots=True)
class PathStat:
    """What is at a path of a container.

    :param link_target: as the link says it; '' when it is no link.
    """

    name: str
    size_bytes: int
    is_directory: bool
    is_link: bool
    link_target: str


class Kind(enum.IntEnum):
    """What became of a path, as the API numbers it (ContainerChanges)."""

    CHANGED = 0
    ADDED = 1
    DELETED = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A path that is not as it is in the image."""

    path: str
    kind: Kind


def _path_stat(header: str) -> PathStat:
    try:
        document = json.loads(base64.b64decode(header))
        mode = int(document['mode'])
        return PathStat(
            name=str(document['name']), size_bytes=int(document['size']),
            is_directory=bool(mode & _DIRECTORY), is_link=bool(mode & _LINK),
            link_target=str(document['linkTarget']))
    except (ValueError, KeyError, TypeError) as error:
        raise exceptions.ProtocolFailed(
            f'The container runtime described a path with {header[:80]!r}.'
            ) from error


class Files:
    """The files of one runtime's containers.

    ``name`` is a container's name or id, ``path`` a path inside it.  Every
    method raises :class:`~novacontainer.client.exceptions.ClientError`
    subclasses by status: ``NotFound`` where there is no such container or
    nothing at the path.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def stat(self, name: str, path: str) -> PathStat:
        """Tell what is at a path; a link at its end is not followed."""
        try:
            with self._transport.stream(
                    'HEAD', f'/containers/{name}/archive',
                    params={'path': path}) as answer:
                return _path_stat(answer.header(_STAT_HEADER))
        except exceptions.Refused:
            # The answer to a HEAD has no words: have the other way say them.
            self.read(name, path).close()
            raise

    def read(self, name: str, path: str) -> transport.Download:
        """Open what is at a path as a tar.

        Its names begin with the last part of the path.

        :returns: the archive, to be read and closed.
        """
        return self._transport.stream(
            'GET', f'/containers/{name}/archive', params={'path': path},
            timeout_s=transport.FOREVER_S)

    def write(self, name: str, path: str, chunks: Iterable[bytes]) -> None:
        """Put a tar into a directory, which must be there.

        A directory is never replaced by something else, nor the other way
        round.

        :param chunks: bytes of the tar; an OSError that it raises becomes
            SourceFailed.
        """
        with self._transport.stream(
                'PUT', f'/containers/{name}/archive', chunks=chunks,
                params={'path': path, 'noOverwriteDirNonDir': True},
                timeout_s=transport.FOREVER_S) as answer:
            answer.read()

    def export(self, name: str) -> transport.Download:
        """Open the whole root file system as a tar, without mounts.

        :returns: the archive, to be read and closed.
        """
        return self._transport.stream(
            'GET', f'/containers/{name}/export',
            timeout_s=transport.FOREVER_S)

    def changes(self, name: str) -> tuple[Change, ...]:
        """List the paths that are not as they are in the image."""
        found = self._transport.json('GET', f'/containers/{name}/changes')
        return tuple(Change(one['Path'], Kind(one['Kind']))
                     for one in found or ())
