"""Which storage driver this host gets, and why.

Called by ``runtime.daemon``.  Calls ``storage.overlay``, ``storage.btrfs``,
``storage.vfs``.

Overlay comes first wherever it works, on btrfs too: layers are shared in the
page cache, a container costs one mount, and nothing grows with the image.
Whether it works is tried, not looked up: file systems, kernels and security
modules differ.
"""

import pathlib
import tempfile
import typing

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import trees
from novacontainer.runtime import models
from novacontainer.runtime.storage import base
from novacontainer.runtime.storage import btrfs
from novacontainer.runtime.storage import overlay
from novacontainer.runtime.storage import vfs

LOG = logging.getLogger(__name__)

AUTO = 'auto'
_TRIAL = '.try-'
_TRIED = 'container'
#: Directories below a data root that a driver keeps containers in, or what
#: it made of images.
DIRECTORIES = {
    'overlay': ('overlay',),
    'btrfs': btrfs.DIRECTORIES,
    'vfs': ('vfs',),
}


class Choice(typing.NamedTuple):
    """A driver, and a sentence that says why it is this one."""

    storage: base.Storage
    why: str


def choose(data_root: pathlib.Path, wanted: str, pins: pathlib.Path,
           id_map: models.IdMap) -> Choice:
    """Return the driver of a data root.

    :param wanted: name of a driver, or ``auto``.
    :param pins: see :class:`storage.overlay.Overlay`.
    :param id_map: as containers of this host have; for a try.
    :raises NotSupported: the one that is wanted does not work here.
    :raises Conflict: the data root was made with another one.
    """
    _sweep(data_root)
    used = _used(data_root)
    if wanted == AUTO:
        name, why = _automatic(data_root, used, id_map)
    else:
        _refuse_other(data_root, wanted, used)
        name, why = wanted, 'it is configured in [storage]'
    if name == overlay.Overlay.name:
        if used or wanted != AUTO:
            _check_overlay(data_root, id_map)
        return Choice(overlay.Overlay(data_root, pins), why)
    if name == btrfs.Btrfs.name:
        btrfs.check(data_root)
        return Choice(btrfs.Btrfs(data_root), why)
    return Choice(vfs.Vfs(data_root), why)


def _automatic(data_root: pathlib.Path, used: list[str],
               id_map: models.IdMap) -> tuple[str, str]:
    """Return the name of the driver that fits, and why."""
    if len(used) > 1:
        raise exception.Conflict(
            f'{data_root} holds containers or images of the storage drivers '
            f'{" and ".join(used)}; say which one goes on with driver in '
            '[storage], and move the directories of the other away',
            'storage.other_driver')
    if used:
        return used[0], 'the data root was made with it'
    problem = overlay_problem(data_root, id_map)
    if not problem:
        return 'overlay', 'overlayfs works here'
    try:
        btrfs.check(data_root)
        name = 'btrfs'
    except exception.NotSupported:
        name = 'vfs'
        LOG.warning('Overlayfs does not work on %s (%s), so the storage '
                    'driver is vfs: every container gets a full copy of its '
                    'image. A data root on ext4, xfs or btrfs is faster and '
                    'smaller', data_root, problem)
    return name, f'overlayfs does not work here: {problem}'


def _refuse_other(data_root: pathlib.Path, wanted: str,
                  used: list[str]) -> None:
    others = [name for name in used if name != wanted]
    if others:
        places = ' and '.join(
            str(data_root / directory) for directory in
            DIRECTORIES[others[0]] if _holds(data_root / directory))
        raise exception.Conflict(
            f'{data_root} was made with the storage driver {others[0]}, and '
            f'{wanted} is configured. Set driver = {others[0]} in [storage] '
            'to go on with it. To change it, remove all containers and '
            f'images first, so that {places} are empty, or choose another '
            '--data-root', 'storage.other_driver')


def _used(data_root: pathlib.Path) -> list[str]:
    """Return the names of the drivers that keep something there."""
    return [name for name, places in DIRECTORIES.items()
            if any(_holds(data_root / place) for place in places)]


def _holds(directory: pathlib.Path) -> bool:
    return directory.is_dir() and any(directory.iterdir())


def _check_overlay(data_root: pathlib.Path, id_map: models.IdMap) -> None:
    problem = overlay_problem(data_root, id_map)
    if problem:
        kind = mounts.filesystem_type(data_root.resolve())
        raise exception.NotSupported(
            f'Overlayfs does not work on {data_root}, which lies on {kind}: '
            f'{problem}. Choose a directory on ext4, xfs or btrfs with '
            '--data-root, or another driver in [storage]', 'host.data_root')


def overlay_problem(data_root: pathlib.Path, id_map: models.IdMap) -> str:
    """Say what keeps overlayfs from working; '' when it works.

    Tries it, with a layer and a container of nothing.
    """
    place = pathlib.Path(tempfile.mkdtemp(prefix=_TRIAL, dir=data_root))
    try:
        layer = place / 'layers' / 'layer'
        layer.mkdir(parents=True)
        tried = overlay.Overlay(place)
        tried.prepare(_TRIED, [layer], id_map, 0)
        (tried.mount(_TRIED, [layer], id_map) / 'file').touch()
    except exception.RuntimeFault as fault:
        return fault.message
    except OSError as error:
        return str(error)
    finally:
        _sweep(data_root)
    return ''


def _sweep(data_root: pathlib.Path) -> None:
    """Delete what was made to try overlayfs, by a former daemon too."""
    for place in data_root.glob(f'{_TRIAL}*'):
        overlay.Overlay(place).remove(_TRIED)
        trees.remove(place)
