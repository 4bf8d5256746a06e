"""Whose files a directory of the host has when a container sees it.

Called by ``service.volumes`` and ``service.staging``.  Calls nothing.

A container's root is nobody on the host, so by itself it gets at what
everybody gets at.  Where it *owns* a bind, the ids of the files are mapped:
files of the host's root are the container's root's, as in Docker.  That is
the host's root's to give, who may do anything anyway: to clients that are
root, and to others below directories that the operator has named.
"""

from collections.abc import Sequence
import dataclasses
import os
import posixpath

from novacontainer.runtime import exception


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What the operator gives to clients that are not root.

    :param roots: directories of the host.
    """

    roots: Sequence[str] = ()

    def owns(self, path: str, by_root: bool) -> bool:
        """Say whether a container owns a bind of this path.

        :param path: absolute, and without links.
        :param by_root: root of the host has asked for it.
        """
        return by_root or any(
            path == root or path.startswith(root.rstrip('/') + '/')
            for root in map(posixpath.normpath, self.roots))

    def check_device(self, path: str, by_root: bool) -> None:
        """Refuse a volume of a directory that the client may not give.

        Whoever uses the volume later owns the files.

        :raises Forbidden: names the option that allows it.
        """
        if not self.owns(os.path.realpath(path), by_root):
            raise exception.Forbidden(
                f'{path} may not be the device of a volume: only root can '
                'make such, and others below [containers]bind_roots',
                'volume.device_forbidden')
