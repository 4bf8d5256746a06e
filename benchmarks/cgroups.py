"""Removing the empty cgroups that a run leaves at the top.

Called by: ``floor``, ``peers``.
"""

import pathlib

ROOT = pathlib.Path('/sys/fs/cgroup')


def remove(name):
    """Remove a cgroup and those below it from every hierarchy."""
    for pattern in (name, f'*/{name}'):
        for top in ROOT.glob(pattern):
            below = [path for path in top.rglob('*') if path.is_dir()]
            for path in [*sorted(below, reverse=True), top]:
                path.rmdir()
