"""A container's lasting namespaces: made once, kept until it is removed.

Called by ``service.preparation``, ``removal``, ``recovery`` and the facade.
Calls ``host.namespaces``.

They outlive the container's process, so its network stays through stop and
start.  A reboot of the host takes them away; the next init makes new ones.
"""

import os
import pathlib

from novacontainer.runtime.host import namespaces
from novacontainer.runtime import models


class Sandboxes:
    """The pinned namespaces of one daemon's containers."""

    def __init__(self, run_root: pathlib.Path) -> None:
        self._run_root = run_root

    def paths(self, container: models.Container) -> models.SandboxPaths:
        """Return where the namespaces are pinned, made or not."""
        return namespaces.sandbox_paths(
            container.id, self._run_root, container.id_map is not None)

    def ensure(self, container: models.Container) -> bool:
        """Make the namespaces unless they are there; say whether it did.

        :raises Internal: the kernel refused.
        """
        paths = self.paths(container)
        if all(os.path.ismount(path) for path in (paths.netns, paths.userns)
               if path is not None):
            return False
        # One of two is what a crash in between leaves.
        namespaces.remove_sandbox(paths)
        namespaces.create_sandbox(
            container.id, container.id_map, self._run_root)
        return True

    def remove(self, container_id: str) -> None:
        """Drop the pins of a container, known or not; fine when gone.

        :raises Internal: a pin could not be removed.
        """
        namespaces.remove_sandbox(namespaces.sandbox_paths(
            container_id, self._run_root, True))
