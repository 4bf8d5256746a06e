"""Root file systems of containers, mounted into others: to repair them.

Called by ``service.creation``, ``service.preparation`` and
``service.removal``.  Calls ``storage`` and the registry.

``{"Type": "root", "Source": "<container>", "Target": "/mnt"}`` in
``HostConfig.Mounts`` is an extension of this runtime.  Files keep their
owners and can be written only if both containers have the same range of ids:
so the new one borrows the range of the other, which cannot be removed before
it.  That is also why nobody gets at more than the other container's own root
could: one without a user namespace, whose root is the host's, is refused.
"""

from collections.abc import Callable, Sequence
import dataclasses
import pathlib

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import mounts
from novacontainer.runtime.service import registry
from novacontainer.runtime.storage import base as storage_base

Get = Callable[[str], models.Container]
LayerPaths = Callable[[str], Sequence[pathlib.Path]]


def resolve(host_config: models.Json, get: Get) -> models.IdMap | None:
    """Write ids in place of names; return the range of ids to borrow.

    :param host_config: normalised, to be changed.
    :param get: returns a container by any of its names, or raises.
    :return: None where no root is mounted.
    :raises NotFound: there is no such container.
    :raises InvalidRequest: there are several, or the user namespace is the
        host's.
    :raises Forbidden: the other container has no user namespace.
    """
    asked = mounts.roots(host_config)
    if not asked:
        return None
    if len(asked) > 1:
        raise _invalid('only one root of another container can be mounted')
    if host_config.get('UsernsMode') == 'host':
        raise _invalid('a root of another container can only be mounted into '
                       'a container with a user namespace; leave UsernsMode '
                       'and Privileged out')
    source = get(asked[0].source)
    if source.id_map is None:
        raise exception.Forbidden(
            f'The root of container {source.name} cannot be mounted: it has '
            'no user namespace, so that root there is root on the host',
            'container.not_allowed')
    host_config['Mounts'] = [
        {**mount, 'Source': source.id}
        if mount.get('Type') == mounts.ROOT else mount
        for mount in host_config['Mounts']]
    return source.id_map


def source_id(container: models.Container) -> str | None:
    """Return the id of the container whose root is mounted into this one."""
    if not container.borrows_ids:
        return None
    return next((mount.source for mount
                 in mounts.roots(container.host_config)), None)


class RootMounts:
    """Mounts and unmounts the roots that others are lent.

    :param layer_paths: returns the layers of an image id, lowest first.
    """

    def __init__(self, registry: registry.Registry,
                 storage: storage_base.Storage,
                 layer_paths: LayerPaths) -> None:
        self._registry = registry
        self._storage = storage
        self._layer_paths = layer_paths

    def binds(self,
              container: models.Container) -> tuple[models.Mount, ...]:
        """Mount the roots that a container wants, and return binds of them.

        :raises NotFound: the other container is gone.
        """
        return tuple(map(self._bind, mounts.roots(container.host_config)))

    def _bind(self, mount: models.Mount) -> models.Mount:
        source = self._registry.get(mount.source)
        root = self._storage.mount(
            source.id, self._layer_paths(source.image_id), source.id_map)
        return dataclasses.replace(mount, type='bind', source=str(root))

    def give_back(self, borrower: models.Container) -> None:
        """Unmount what was lent, unless the other container runs itself."""
        identity = source_id(borrower)
        if identity is None:
            return
        source = self._registry.find(identity)
        if source is not None and not source.pid:
            self._storage.unmount(source.id)

    def check_unlent(self, container: models.Container) -> None:
        """Refuse to remove what is mounted into another container.

        :raises Conflict: names the other one.
        """
        if container.id_map is None or container.borrows_ids:
            return
        borrowers = self._registry.borrowers(container.id_map)
        if borrowers:
            raise exception.Conflict(
                f'Container {container.id} cannot be removed: its root is '
                f'mounted into {borrowers[0]}; remove that one first',
                'container.root_in_use')


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_mount')
