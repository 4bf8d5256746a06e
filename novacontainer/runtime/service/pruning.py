"""Remove what nobody uses: containers, images, volumes and networks.

Called by ``api.routes.housekeeping``.  Calls ``service.containers``,
``service.images``, ``service.volumes``, ``service.networks``,
``service.moments``.

Docker Engine API 1.44, ContainerPrune, ImagePrune, VolumePrune and
NetworkPrune.  What comes into use meanwhile stays: each is removed as a
client would remove it.
"""

from collections.abc import Mapping, Sequence
import contextlib
import dataclasses
import datetime

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import containers as container_service
from novacontainer.runtime.service import images as image_service
from novacontainer.runtime.service import moments
from novacontainer.runtime.service import networks as network_service
from novacontainer.runtime.service import volumes as volume_service
from novacontainer.runtime.service import volumespec

#: States of containers that have ended, or were never started.
_ENDED = (models.Status.CREATED, models.Status.EXITED, models.Status.DEAD)
_TRUE = ('', '1', 'true', 't', 'True', 'TRUE')


@dataclasses.dataclass(frozen=True, slots=True)
class Pruned:
    """What went, and how many bytes of the disk are free again.

    :param removed: ids of containers, names of volumes and networks, or
        records of removed images.
    """

    removed: Sequence[str | models.Json]
    freed_bytes: int


class Pruning:
    """Finds what is unused and removes it."""

    def __init__(self, containers: container_service.ContainerService,
                 images: image_service.ImageService,
                 volumes: volume_service.VolumeService,
                 networks: network_service.NetworkService) -> None:
        self._containers = containers
        self._images = images
        self._volumes = volumes
        self._networks = networks

    def containers(self, filters: Mapping[str, Sequence[str]]) -> Pruned:
        """Remove the containers that do not run.

        :param filters: ``until``, ``label``, ``label!``.
        :raises InvalidRequest: a filter makes no sense.
        """
        wanted = _Wanted.of(filters)
        removed: list[str] = []
        freed = 0
        for one in self._containers.list(all=True, limit=0, filters={
                'status': [status.value for status in _ENDED]}):
            if one.pid or not wanted.takes(
                    one.created, one.config.get('Labels') or {}):
                continue
            size = self._containers.size_bytes(one)
            with contextlib.suppress(exception.NotFound, exception.Conflict):
                self._containers.remove(one.id, force=False, volumes=False)
                removed.append(one.id)
                freed += size
        return Pruned(removed, freed)

    def images(self, filters: Mapping[str, Sequence[str]]) -> Pruned:
        """Remove images that no container uses.

        :param filters: ``until``, ``label``, ``label!``, and ``dangling``:
            false takes images with a name too.
        :raises InvalidRequest: a filter makes no sense.
        """
        wanted = _Wanted.of(filters)
        nameless_only = all(
            text in _TRUE for text in filters.get('dangling', ()))
        removed: list[str | models.Json] = []
        freed = 0
        for image in self._images.list(filters={}):
            labels = (image.config.get('config') or {}).get('Labels') or {}
            if ((nameless_only and image.references)
                    or self._containers.using_image(image.id)
                    or not wanted.takes(image.created, labels)):
                continue
            records = self._remove(image)
            removed += records
            freed += _freed_bytes(image, records)
        return Pruned(removed, freed)

    def volumes(self, filters: Mapping[str, Sequence[str]]) -> Pruned:
        """Remove volumes that no container has.

        What is not a directory of ours stays: it would free nothing.

        :param filters: ``label``, ``label!``, and ``all``: true takes those
            with a name too.
        :raises InvalidRequest: a filter makes no sense.
        """
        wanted = _Wanted.of(filters)
        for text in filters.get('all', ()):
            if text.lower() not in ('1', 't', 'true', '0', 'f', 'false'):
                raise exception.InvalidRequest(
                    f"invalid filter 'all': {text[:80]!r}", 'filter.invalid')
        nameless_only = not any(
            text.lower() in ('1', 't', 'true')
            for text in filters.get('all', ()))
        removed: list[str] = []
        freed = 0
        for one in self._volumes.list({'dangling': ['true']}):
            if one.options or not wanted.takes(one.created, one.labels) or (
                    nameless_only
                    and volumespec.ANONYMOUS not in one.labels):
                continue
            size = self._volumes.size_bytes(one)
            with contextlib.suppress(exception.NotFound, exception.Conflict):
                self._volumes.remove(one.name)
                removed.append(one.name)
                freed += size
        return Pruned(removed, freed)

    def networks(self, filters: Mapping[str, Sequence[str]]) -> Pruned:
        """Remove the networks that no container is connected to.

        One that a container waits for, which does not run, stays.

        :param filters: ``until``, ``label``, ``label!``.
        :raises InvalidRequest: a filter makes no sense.
        """
        wanted = _Wanted.of(filters)
        removed: list[str] = []
        for one in self._networks.list({'dangling': ['true']}):
            if wanted.takes(one.created, one.labels):
                with contextlib.suppress(
                        exception.NotFound, exception.Forbidden):
                    self._networks.remove(one.id)
                    removed.append(one.name)
        return Pruned(removed, 0)

    def _remove(self, image: models.Image) -> list[models.Json]:
        """Remove an image by all its names; stop at the first conflict."""
        records: list[models.Json] = []
        with contextlib.suppress(exception.NotFound, exception.Conflict):
            for name in image.references or (image.id,):
                records += self._images.remove(name)
        return records


def _freed_bytes(image: models.Image,
                 records: Sequence[models.Json]) -> int:
    deleted = {record.get('Deleted') for record in records}
    return sum(layer.size_bytes for layer in image.layers
               if layer.diff_id in deleted)


@dataclasses.dataclass(frozen=True, slots=True)
class _Wanted:
    """The filters that both kinds have."""

    before: Sequence[datetime.datetime]
    labels: Sequence[tuple[str, str, str]]
    others: Sequence[tuple[str, str, str]]

    @classmethod
    def of(cls, filters: Mapping[str, Sequence[str]]) -> '_Wanted':
        now = datetime.datetime.now(datetime.UTC)
        try:
            before = [moments.parse(text, now)
                      for text in filters.get('until', ())]
        except ValueError as error:
            raise exception.InvalidRequest(
                'invalid filter until: neither an age such as 24h nor a '
                'time such as 2026-01-31T12:00:00',
                'filter.invalid') from error
        return cls(before, [
            text.partition('=') for text in filters.get('label', ())], [
            text.partition('=') for text in filters.get('label!', ())])

    def takes(self, created: datetime.datetime,
              labels: Mapping[str, str]) -> bool:
        return (all(created < when for when in self.before)
                and all(_has(labels, *label) for label in self.labels)
                and not any(_has(labels, *label) for label in self.others))


def _has(labels: Mapping[str, str], key: str, equals: str,
         value: str) -> bool:
    return key in labels and (not equals or labels[key] == value)
