"""Commit: an image from what a container has changed.

Called by ``service.containers``.  Calls ``service.images`` with the writable
layer of ``storage``; pauses through ``engine``.
"""

from collections.abc import Iterator, Sequence
import contextlib
import pathlib
import typing

from oslo_log import log as logging

from novacontainer.runtime import deltas
from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime import models
from novacontainer.runtime.service import changes as image_changes
from novacontainer.runtime.service import directories
from novacontainer.runtime.service import events
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state
from novacontainer.runtime.storage import base as storage_base

LOG = logging.getLogger(__name__)


class Images(typing.Protocol):
    """What is needed of ``service.images.ImageService``."""

    def get(self, name: str) -> models.Image:
        """Return the image of this id, id prefix or reference."""

    def commit(
        self, *, base: models.Image, delta: deltas.Delta,
        config: models.Json, author: str, message: str,
        reference: str | None,
    ) -> models.Image:
        """Return the image of ``base`` with ``delta`` as a new layer."""

    def layer_paths(self, image: models.Image) -> Sequence[pathlib.Path]:
        """Return the unpacked layers of an image, lowest first."""


class Snapshots:
    """Makes images from containers."""

    def __init__(
        self, *, images: Images,
        registry: registry.Registry,
        places: directories.Directories,
        storage: storage_base.Storage,
        engine: engine_base.Engine,
        hub: events.EventHub,
        locks: locks.Locks,
    ) -> None:
        self._images = images
        self._registry = registry
        self._places = places
        self._storage = storage
        self._engine = engine
        self._hub = hub
        self._locks = locks

    def commit(
        self, container: models.Container, *, reference: str | None,
        author: str, message: str, pause: bool, changes: Sequence[str],
        config: models.Json | None,
    ) -> models.Image:
        """See :meth:`service.containers.ContainerService.commit`."""
        made = image_changes.image_config(container, config, changes)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            base = self._images.get(now.image_id)
            with (self._still(now, pause),
                  self._storage.delta(
                      now.id, self._images.layer_paths(base),
                      now.id_map) as delta):
                image = self._images.commit(
                    base=base, delta=delta, config=made, author=author,
                    message=message, reference=reference)
        LOG.info('Container %s (%s): commit to %s', now.id, now.name,
                 image.id)
        self._hub.publish(events.container_event(
            now, 'commit', {'comment': message, 'imageID': image.id,
                            'imageRef': reference or ''}))
        return image

    def thaw(self, container: models.Container) -> None:
        """Let a container go on that a crash left frozen in a commit."""
        mark = self._mark(container)
        if mark.exists():
            if container.status is models.Status.RUNNING:
                self._engine.resume(container.id)
            mark.unlink()

    @contextlib.contextmanager
    def _still(self, now: models.Container, pause: bool) -> Iterator[None]:
        """Keep a running container from writing for a while."""
        if not pause or now.status is not models.Status.RUNNING:
            state.check_present(now, 'commit')
            yield
            return
        mark = self._mark(now)
        with diskfaults.translated('Cannot pause the container'):
            mark.touch()
        try:
            # Its process may end at any moment, and then it is still too.
            with contextlib.suppress(exception.Conflict):
                self._engine.pause(now.id)
            try:
                yield
            finally:
                with contextlib.suppress(exception.Conflict):
                    self._engine.resume(now.id)
        finally:
            mark.unlink(missing_ok=True)

    def _mark(self, container: models.Container) -> pathlib.Path:
        """Return the file that says, for recovery, that it is paused."""
        return self._places.bundle(container.id) / 'committing'
