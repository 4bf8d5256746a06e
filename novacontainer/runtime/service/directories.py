"""Where a container's own files lie, and which containers have any.

Called by ``service.creation``, ``preparation``, ``removal``, ``recovery``.
Calls nothing.

============================== =========================================
``<data root>/containers/<id>`` its log, and hosts, hostname, resolv.conf
``<run root>/bundles/<id>``     its bundle, from init to exit
============================== =========================================

Both are made before anything else is made for the container, and removed
after everything else is removed.  So :meth:`Directories.traces` knows every
container that a crash may have left something of, and no other daemon's.
"""

from collections.abc import Iterator
import pathlib
import shutil


class Directories:
    """The two directories of each container.

    Every directory on the way to them is traversable (0711), so that a
    container's mapped root reaches what is mounted from there.
    """

    def __init__(self, data_root: pathlib.Path,
                 run_root: pathlib.Path) -> None:
        self._homes = data_root / 'containers'
        self._bundles = run_root / 'bundles'
        for path in (data_root, self._homes, run_root, self._bundles):
            path.mkdir(mode=0o711, parents=True, exist_ok=True)
            path.chmod(path.stat().st_mode | 0o711)

    def home(self, container_id: str) -> pathlib.Path:
        """Directory of what stays until the container is removed."""
        return self._homes / container_id

    def log(self, container_id: str) -> pathlib.Path:
        """File that conmon writes."""
        return self._homes / container_id / 'log'

    def bundle(self, container_id: str) -> pathlib.Path:
        """Directory of the OCI bundle."""
        return self._bundles / container_id

    def make_home(self, container_id: str) -> None:
        """Make :meth:`home`, empty."""
        self.home(container_id).mkdir(mode=0o711)

    def make_bundle(self, container_id: str) -> pathlib.Path:
        """Make :meth:`bundle` where it is missing."""
        bundle = self.bundle(container_id)
        # Nobody but root: the environment in there may hold secrets.
        bundle.mkdir(mode=0o700, exist_ok=True)
        return bundle

    def remove_home(self, container_id: str) -> None:
        """Delete :meth:`home`; fine when it is gone."""
        _remove(self.home(container_id))

    def remove_bundle(self, container_id: str) -> None:
        """Delete :meth:`bundle`; fine when it is gone."""
        _remove(self.bundle(container_id))

    def traces(self) -> set[str]:
        """Return the ids of all containers that have a directory here."""
        return {path.name for parent in (self._homes, self._bundles)
                for path in _directories(parent)}


def _directories(parent: pathlib.Path) -> Iterator[pathlib.Path]:
    return (path for path in parent.iterdir() if path.is_dir())


def _remove(path: pathlib.Path) -> None:
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        pass
