"""Containers as the other services know them: found by any name, and saved.

Called by every service that deals with containers.  Calls
``store.containers`` and ``store.volumes``, each time in a transaction of its
own.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import re

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import mounts
from novacontainer.runtime.store import containers
from novacontainer.runtime.store import database
from novacontainer.runtime.store import endpoints
from novacontainer.runtime.store import volumes

_ID_PREFIX = re.compile(r'[0-9a-f]{1,64}')


class Registry:
    """The records of all containers."""

    def __init__(self, db: database.Database) -> None:
        self._database = db

    def get(self, name: str) -> models.Container:
        """Return the container of this id, name or unambiguous id prefix.

        An id wins over a name, a name over a prefix, as in Docker.

        :raises NotFound: no container is called so.
        :raises InvalidRequest: several ids begin so.
        """
        with self._database.reading() as connection:
            bare = name.removeprefix('/')
            found = (containers.find(connection, name)
                     or containers.find_by_name(connection, bare))
            if found is not None:
                return found
            matches = []
            if _ID_PREFIX.fullmatch(name):
                matches = containers.find_by_prefix(connection, name)
        if not matches:
            raise exception.NotFound(
                f'No such container: {name}', 'container.not_found')
        if len(matches) > 1:
            raise exception.InvalidRequest(
                f'Multiple IDs found with provided prefix: {name}',
                'container.ambiguous')
        return matches[0]

    def current(self, container: models.Container) -> models.Container:
        """Return the container as it is now; to be called under its lock.

        :raises NotFound: it has been removed meanwhile.
        """
        found = self.find(container.id)
        if found is None:
            raise exception.NotFound(
                f'No such container: {container.name}',
                'container.not_found')
        return found

    def find(self, container_id: str) -> models.Container | None:
        """Return the container with exactly this id."""
        with self._database.reading() as connection:
            return containers.find(connection, container_id)

    def name_holder(self, name: str) -> models.Container | None:
        """Return the container with exactly this name."""
        with self._database.reading() as connection:
            return containers.find_by_name(connection, name)

    def select(self,
               criteria: containers.Criteria) -> list[models.Container]:
        """Return the containers that match, newest first."""
        with self._database.reading() as connection:
            return containers.select(connection, criteria)

    def using_image(self, image_id: str) -> Sequence[str]:
        """Return the ids of the containers made from an image."""
        with self._database.reading() as connection:
            return containers.using_image(connection, image_id)

    def host_bases(self) -> Sequence[int]:
        """Return the first host id of every range in use."""
        with self._database.reading() as connection:
            return containers.host_bases(connection)

    def borrowers(self, id_map: models.IdMap) -> Sequence[str]:
        """Return the names of those that have the ids of their owner."""
        with self._database.reading() as connection:
            return containers.borrowers(connection, id_map)

    def counts(self) -> Mapping[models.Status, int]:
        """Return how many containers are in each state that occurs."""
        with self._database.reading() as connection:
            return containers.counts(connection)

    def with_process(self) -> Sequence[str]:
        """Return the ids of the containers that have a process."""
        with self._database.reading() as connection:
            return containers.with_process(connection)

    def add(self, container: models.Container,
            fresh: Iterable[models.Volume] = (),
            connected: Sequence[networking.Endpoint] = ()) -> None:
        """Write a new record.

        :param fresh: volumes that were made for it, to be written too.
        :param connected: its endpoints.
        :raises Conflict: the name is taken, or a network has gone.
        :raises NotFound: the image is gone.
        """
        with self._database.transaction() as connection:
            for volume in fresh:
                volumes.insert(connection, volume)
            containers.insert(connection, container)
            for endpoint in connected:
                endpoints.insert(connection, endpoint)
            volumes.refer(connection, container.id, {
                point.source for point in container.mounts
                if point.type == 'volume'})

    def plan_mounts(self) -> None:
        """Write the mounts of containers that have no record of them."""
        with self._database.transaction() as connection:
            for one in containers.unplanned(connection):
                containers.plan(connection, dataclasses.replace(
                    one, mounts=tuple(wish.point for wish
                                      in mounts.requested(one.host_config)
                                      if wish.point.type != 'volume')))

    def save(self, container: models.Container) -> None:
        """Write the state of a container; to be called under its lock."""
        with self._database.transaction() as connection:
            containers.update(connection, container)

    def alter(self, container: models.Container) -> None:
        """Write name and limits of a container, under its lock.

        :raises Conflict: another one has the name.
        """
        with self._database.transaction() as connection:
            containers.alter(connection, container)

    def condemn(self, container: models.Container,
                with_volumes: bool) -> None:
        """Write that a container is being removed, under its lock.

        :param with_volumes: those that nobody named go with it.
        """
        with self._database.transaction() as connection:
            containers.update(connection, container)
            if with_volumes:
                volumes.doom(connection, container.id, {
                    point.source for point in container.mounts
                    if point.anonymous})

    def forget(self, container_id: str) -> Sequence[str]:
        """Delete the record.

        :return: names of the volumes whose records went with it.
        """
        with self._database.transaction() as connection:
            gone = volumes.release(connection, container_id)
            containers.delete(connection, container_id)
        return gone
