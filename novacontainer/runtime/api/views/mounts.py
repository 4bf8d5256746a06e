"""What a container has mounted, as the Docker Engine API 1.44 shows it.

Called by: ``api.routes.containers``, ``api.routes.housekeeping``.  Calls:
nothing.
"""

from collections.abc import Callable, Iterable
import pathlib

from novacontainer.runtime import models


def show(
    points: Iterable[models.MountPoint],
    path: Callable[[str], pathlib.Path],
) -> list[models.Json]:
    """Show mounts (``MountPoint``).

    :param path: says where the files of a volume are on the host.
    """
    return [_show(point, path) for point in points if point.listed]


def _show(
    point: models.MountPoint, path: Callable[[str], pathlib.Path]
) -> models.Json:
    shown: models.Json = {
        'Type': point.type,
        'Source': point.source,
        'Destination': point.target,
        'Mode': point.mode,
        'RW': point.writable,
        'Propagation': point.propagation,
    }
    if point.type == 'volume':
        shown.update(
            Name=point.source,
            Source=str(path(point.source)),
            Driver='local',
        )
    return shown
