"""What a new container will have mounted, of all that asks for it.

Called by ``service.creation`` and ``service.registry``.  Calls
``service.mounts`` and ``service.names``.  Pure, but for
:func:`provide_sources`.

As in Docker a place belongs to ``Binds``, ``Mounts`` and ``Tmpfs`` first, to
``VolumesFrom`` next, and to ``Volumes`` of the request and the image last.
"""

from collections.abc import Callable, Iterable
import dataclasses
import os
import pathlib

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime import models
from novacontainer.runtime.service import mounts
from novacontainer.runtime.service import names

Get = Callable[[str], models.Container]


def plan(body: models.Json, host_config: models.Json, config: models.Json,
         get: Get, by_root: bool) -> list[mounts.Wish]:
    """Return the mounts of a container, outer ones first, all named.

    :param body: the whole create body.
    :param config: its Config, the image's merged in.
    :param get: returns a container by any of its names, or raises.
    :param by_root: root of the host asks.
    :raises InvalidRequest: a wish makes no sense, or a container of
        ``VolumesFrom`` is not there.
    """
    places: dict[str, mounts.Wish] = {}
    for name, writable in mounts.volumes_from(host_config):
        for point in _donor(name, get).mounts:
            if point.type != 'tmpfs':
                places[point.target] = mounts.Wish(dataclasses.replace(
                    point, writable=point.writable and writable,
                    copies=False))
    for wish in mounts.requested(host_config):
        places[wish.point.target] = dataclasses.replace(
            wish, point=dataclasses.replace(wish.point, by_root=by_root))
    driver = host_config.get('VolumeDriver') or ''
    kept = mounts.image_volumes_are_kept(host_config)
    for path in mounts.volumes(body if kept else config):
        places.setdefault(path, mounts.unnamed(path, driver))
    return sorted(map(_named, places.values()),
                  key=lambda wish: wish.point.target.count('/'))


def _donor(name: str, get: Get) -> models.Container:
    """Return a container of ``VolumesFrom``.

    :raises InvalidRequest: it is not there; to clients NotFound would mean
        that the image is not.
    """
    try:
        return get(name)
    except exception.NotFound as error:
        raise exception.InvalidRequest(
            error.message, 'container.no_volumes_from') from error


def directories(container: models.Container) -> list[str]:
    """Return where a container expects directories of its root disk.

    Those are what its image calls volumes, where it has no volumes there.
    """
    if not mounts.image_volumes_are_kept(container.host_config):
        return []
    return mounts.volumes(container.config)


def provide_sources(wishes: Iterable[mounts.Wish], by_root: bool) -> None:
    """See to it that the host has what is to be bound.

    A directory that ``Binds`` names is made, as Docker does, for those who
    could make it anyway.

    :raises InvalidRequest: names the path.
    :raises Unavailable: the disk is full.
    """
    for wish in wishes:
        point = wish.point
        if point.type != 'bind' or os.path.exists(point.source):
            continue
        if not (wish.make and by_root):
            raise no_source(point.source)
        with diskfaults.translated(f'Cannot make {point.source}'):
            pathlib.Path(point.source).mkdir(parents=True, exist_ok=True)


def no_source(path: str) -> exception.InvalidRequest:
    """Return the fault of a bind of what is not there."""
    return exception.InvalidRequest(
        'invalid mount config for type "bind": bind source path does not '
        f'exist: {path}', 'container.invalid_mount')


def _named(wish: mounts.Wish) -> mounts.Wish:
    if wish.point.type != 'volume' or wish.point.source:
        return wish
    return dataclasses.replace(wish, point=dataclasses.replace(
        wish.point, source=names.new_id()))
