"""Paths of containers as the Docker Engine API 1.44 shows them.

Called by: ``api.routes.files``.  Calls: ``views.times``.
"""

import base64
import json
import stat

from novacontainer.runtime.api.views import times
from novacontainer.runtime import models

#: ``FileMode`` of Go (package io/fs), which Docker sends: the bits of types
#: and of setuid and its like are its own.
_TYPES = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}
_BITS = {
    stat.S_ISUID: 1 << 23,
    stat.S_ISGID: 1 << 22,
    stat.S_ISVTX: 1 << 20,
}


def path_stat(found: models.PathStat) -> str:
    """Write what is at a path for the header of ``ContainerArchiveInfo``."""
    document = {
        'name': found.name,
        'size': found.size_bytes,
        'mode': _mode(found.mode),
        'mtime': times.rfc3339(found.modified),
        'linkTarget': found.link,
    }
    return base64.b64encode(json.dumps(document).encode()).decode()


def _mode(mode: int) -> int:
    shown = mode & 0o777 | _TYPES.get(stat.S_IFMT(mode), 0)
    for bit, name in _BITS.items():
        if mode & bit:
            shown |= name
    return shown
