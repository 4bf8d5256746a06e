"""Create containers: files first, the record last.

Called by ``service.containers``.  Calls ``service.images`` for the image,
``service.config`` and ``service.hostconfig`` for the request, ``storage``
for the writable layer, the registry for the record.
"""

from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import pathlib
import typing

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import config as configs
from novacontainer.runtime.service import copyup
from novacontainer.runtime.service import directories
from novacontainer.runtime.service import endpoints
from novacontainer.runtime.service import events
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import idranges
from novacontainer.runtime.service import linking
from novacontainer.runtime.service import mountplan
from novacontainer.runtime.service import names
from novacontainer.runtime.service import netmodes
from novacontainer.runtime.service import platforms
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import resources
from novacontainer.runtime.service import rootmounts
from novacontainer.runtime.service import volumes
from novacontainer.runtime.storage import base as storage_base
from novacontainer.runtime.store import containers

LOG = logging.getLogger(__name__)

#: Tries at finding a random name that is free.
_NAME_TRIES = 10


class Images(typing.Protocol):
    """What is needed of ``service.images.ImageService``."""

    def get(self, name: str) -> models.Image:
        """Return the image of this id, id prefix or reference."""

    def layer_paths(self, image: models.Image) -> Sequence[pathlib.Path]:
        """Return the unpacked layers of an image, lowest first."""


class Creation:
    """Makes the record and the writable layer of new containers."""

    def __init__(
        self, *, policy: hostconfig.Policy,
        images: Images,
        registry: registry.Registry,
        places: directories.Directories,
        storage: storage_base.Storage,
        ranges: idranges.IdRanges,
        volumes: volumes.VolumeService,
        copyup: copyup.CopyUp,
        endpoints: endpoints.Endpoints,
        links: linking.Links,
        hub: events.EventHub,
    ) -> None:
        self._policy = policy
        self._images = images
        self._registry = registry
        self._places = places
        self._storage = storage
        self._ranges = ranges
        self._volumes = volumes
        self._copyup = copyup
        self._endpoints = endpoints
        self._links = links
        self._hub = hub

    def create(self, body: models.Json, name: str | None,
               platform: str | None,
               by_root: bool) -> tuple[str, list[str]]:
        """See :meth:`service.containers.ContainerService.create`."""
        container_id = names.new_id()
        checked = names.check(name) if name else self._free_name()
        self._refuse_taken(checked)
        reference = body.get('Image') or ''
        if not reference:
            raise exception.InvalidRequest(
                'Image is missing: say which image to make the container '
                'from', 'container.no_image')
        image = self._images.get(reference)
        if platform:
            platforms.check(platform, image, reference)
        merged, warnings = configs.merge(body, image, container_id)
        host_config = hostconfig.normalise(body, self._policy)
        warnings += netmodes.check(
            body, merged, host_config, self._policy.network)
        netmodes.resolve(host_config, merged, body, self._registry.get)
        planned = self._endpoints.plan(body, host_config, container_id)
        self._links.check(host_config)
        borrowed = rootmounts.resolve(host_config, self._registry.get)
        wishes = mountplan.plan(
            body, host_config, merged, self._registry.get, by_root)
        mountplan.provide_sources(wishes, by_root)
        with self._volumes.claimed(wishes, by_root) as fresh:
            container = self._make(models.Container(
                id=container_id,
                name=checked,
                image_id=image.id,
                image_name=reference,
                config=merged,
                host_config=host_config,
                id_map=borrowed,
                borrows_ids=borrowed is not None,
                created=datetime.datetime.now(datetime.UTC),
                mounts=tuple(wish.point for wish in wishes)),
                image, fresh, planned)
        LOG.info('Container %s (%s) created from %s', container.id,
                 container.name, container.image_name)
        self._hub.publish(events.container_event(container, 'create'))
        return container_id, warnings

    def _make(self, container: models.Container,
              image: models.Image, fresh: Sequence[models.Volume],
              planned: Sequence[networking.Endpoint]) -> models.Container:
        """Make the files, then the record; or nothing."""
        with contextlib.ExitStack() as undo:
            if (container.host_config.get('UsernsMode') != 'host'
                    and not container.borrows_ids):
                id_map = self._ranges.take()
                undo.callback(self._ranges.give_back, id_map)
                container = dataclasses.replace(container, id_map=id_map)
            with diskfaults.translated('Cannot make the container'):
                self._places.make_home(container.id)
            undo.callback(self._places.remove_home, container.id)
            undo.callback(self._storage.remove, container.id)
            self._storage.prepare(
                container.id, self._images.layer_paths(image),
                container.id_map,
                resources.disk_bytes(container.host_config))
            self._copyup.run(
                container, {volume.name: volume for volume in fresh})
            self._registry.add(container, fresh, planned)
            undo.pop_all()
        return container

    def _free_name(self) -> str:
        for _ in range(_NAME_TRIES):
            name = names.random_name()
            if self._registry.name_holder(name) is None:
                return name
        return names.new_id()[:12]

    def _refuse_taken(self, name: str) -> None:
        """Refuse early; the record's uniqueness decides in the end."""
        holder = self._registry.name_holder(name)
        if holder is not None:
            raise containers.name_in_use(name, holder.id)
