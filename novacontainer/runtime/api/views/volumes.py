"""Volumes as the Docker Engine API 1.44 shows them.

Called by: ``api.routes.volumes``, ``api.routes.housekeeping``.  Calls:
``views.times``.
"""

import pathlib

from novacontainer.runtime.api.views import times
from novacontainer.runtime import models


def show(volume: models.Volume, path: pathlib.Path) -> models.Json:
    """Show one volume (``Volume``).

    :param path: where its files are on the host.
    """
    return {
        'CreatedAt': times.rfc3339(volume.created.replace(microsecond=0)),
        'Driver': 'local',
        'Labels': dict(volume.labels) or None,
        'Mountpoint': str(path),
        'Name': volume.name,
        'Options': dict(volume.options) or None,
        'Scope': 'local',
    }


def usage(
    volume: models.Volume, path: pathlib.Path, size_bytes: int
) -> models.Json:
    """Show one with what it takes of the disk (``UsageData``)."""
    return {
        **show(volume, path),
        'UsageData': {'Size': size_bytes, 'RefCount': len(volume.users)},
    }
