"""What a container changed of its image's files (``docker diff``).

Called by ``api.routes.files``.  Calls ``storage``, the registry, images.
"""

from collections.abc import Callable, Sequence
import pathlib

from novacontainer.runtime import deltas
from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.service import etcfiles
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state
from novacontainer.runtime.storage import base as storage_base


class Differences:
    """Tells containers' files from their images'.

    :param layer_paths: gives the layers of an image, lowest first.
    """

    def __init__(
        self, *, registry: registry.Registry,
        storage: storage_base.Storage, locks: locks.Locks,
        layer_paths: Callable[[str], Sequence[pathlib.Path]],
    ) -> None:
        self._registry = registry
        self._storage = storage
        self._locks = locks
        self._layer_paths = layer_paths

    def list(self, name: str) -> 'list[deltas.Change]':
        """Return the changes, sorted by path.

        Without what was made to mount something there, which is no doing
        of the container's.

        :raises NotFound: there is no such container.
        :raises Conflict: it is being removed.
        """
        container = self._registry.get(name)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_present(now, 'compare')
            layers = self._layer_paths(now.image_id)
            found = sorted(
                self._storage.changes(now.id, layers, now.id_map),
                key=lambda change: change.path)
        return _without(found, _mount_points(now))


def _mount_points(container: models.Container) -> frozenset[str]:
    """Return what we made for the container, and its parents."""
    targets = [mount.target for mount in defaults.mounts(0)]
    targets += [point.target for point in container.mounts]
    targets += [f'/etc/{name}' for name in etcfiles.NAMES]
    return frozenset(
        str(path) for target in targets
        for path in (pathlib.PurePosixPath(target),
                     *pathlib.PurePosixPath(target).parents))


def _without(found: Sequence[deltas.Change],
             ours: frozenset[str]) -> 'list[deltas.Change]':
    """Leave out our mount points, and parents that hold nothing else."""
    kept: list[deltas.Change] = []
    holds: set[str] = set()
    for change in reversed(found):
        if change.path in ours and change.path not in holds:
            continue
        kept.append(change)
        holds.add(str(pathlib.PurePosixPath(change.path).parent))
    return kept[::-1]
