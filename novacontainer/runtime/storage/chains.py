"""What images look like, as subvolumes to make snapshots of.

Called by ``storage.btrfs``.  Calls ``host.btrfs``, ``storage.flattening``.

A chain is a layer with all those below it, and has the id that the OCI
image-spec gives it (config.md, "Layer ChainID").  Each is made once: a
snapshot of the chain below, with one layer put onto it, whose bytes are
shared with the unpacked layer.  On disk, in ``<chain id>/``:

=========== ==============================================
``tree``    the subvolume
``layer``   link to the layer that it ends with
``parent``  link to the chain below, if there is one
=========== ==============================================

A chain is complete when it has its name, and goes when a layer of it is
gone and no container stands on it.
"""

from collections.abc import Collection
from collections.abc import Sequence
import hashlib
import os
import pathlib
import tempfile
import threading

from novacontainer.runtime import exception
from novacontainer.runtime.host import btrfs
from novacontainer.runtime.host import trees
from novacontainer.runtime.storage import flattening

#: What is being made or deleted begins so.
_TEMPORARY = '.'


class Chains:
    """The chains of one data root.

    :param top: directory of their own; made when it is missing, and closed
        to everyone but root.
    """

    def __init__(self, top: pathlib.Path) -> None:
        self._top = top
        top.mkdir(mode=0o700, parents=True, exist_ok=True)
        top.chmod(0o700)
        self._guard = threading.Lock()
        #: Held by who makes the chain of that name.
        self._locks: dict[str, threading.Lock] = {}
        #: Names of what is being made.
        self._making: set[str] = set()

    def get(self, layers: Sequence[pathlib.Path]) -> pathlib.Path:
        """Return the directory of a chain, made now if need be.

        :param layers: their directories, lowest first.
        :raises InvalidRequest: there are no layers.
        :raises NotFound: a layer is missing.
        :raises OSError: the kernel refused; nothing is left.
        """
        check_layers(layers)
        names = _names(layers)
        made = 0
        for number in range(len(names), 0, -1):
            if (self._top / names[number - 1]).is_dir():
                made = number
                break
        for number in range(made, len(names)):
            parent = names[number - 1] if number else None
            self._ensure(names[number], parent, layers[number])
        return self._top / names[-1]

    def collect(self, used: Collection[str]) -> None:
        """Delete the chains that nothing needs, and what a crash left.

        :param used: names of chains that containers stand on.
        """
        found = {path.name: path for path in self._top.iterdir()}
        with self._guard:
            making = set(self._making)
        alive: dict[str, bool] = {}
        for name, path in found.items():
            if name.startswith(_TEMPORARY):
                if name not in making:
                    self._delete(path)
            elif name not in used and not self._is_alive(name, alive):
                self._delete(self._aside(path))

    def _is_alive(self, name: str, known: dict[str, bool]) -> bool:
        """Say whether all layers of a chain are there."""
        below = []
        while name not in known:
            below.append(name)
            path = self._top / name
            if not (path / 'layer').is_dir():
                known[name] = False
            elif not (path / 'parent').is_symlink():
                known[name] = True
            else:
                name = os.path.basename(os.readlink(path / 'parent'))
        for one in below:
            known[one] = known[name]
        return known[name]

    def _ensure(self, name: str, parent: str | None,
                layer: pathlib.Path) -> None:
        """Make one chain, unless another thread was quicker."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if not (self._top / name).is_dir():
                self._make(name, parent, layer)
        with self._guard:
            self._locks.pop(name, None)

    def _make(self, name: str, parent: str | None,
              layer: pathlib.Path) -> None:
        path = self._temporary()
        try:
            if parent is None:
                btrfs.create(path / 'tree')
                (path / 'tree').chmod(0o755)
            else:
                btrfs.snapshot(self._top / parent / 'tree', path / 'tree')
                (path / 'parent').symlink_to(self._top / parent)
            (path / 'layer').symlink_to(layer.absolute())
            try:
                flattening.apply(layer, path / 'tree')
            finally:
                # A layer loses its name before its files.
                check_present(layer)
            os.rename(path, self._top / name)
        except BaseException:
            self._delete(path)
            raise
        finally:
            with self._guard:
                self._making.discard(path.name)

    def _temporary(self) -> pathlib.Path:
        with self._guard:
            path = pathlib.Path(tempfile.mkdtemp(
                prefix=_TEMPORARY, dir=self._top))
            self._making.add(path.name)
        return path

    def _aside(self, path: pathlib.Path) -> pathlib.Path:
        """Take the name from a chain, so that nobody uses it any more."""
        target = self._temporary()
        os.rename(path, target)
        with self._guard:
            self._making.discard(target.name)
        return target

    @staticmethod
    def _delete(path: pathlib.Path) -> None:
        btrfs.destroy(path / 'tree')
        trees.remove(path)


def check_layers(layers: Sequence[pathlib.Path]) -> None:
    """Refuse an image of nothing.

    :raises InvalidRequest: there are no layers.
    :raises NotFound: a layer is missing.
    """
    if not layers:
        raise exception.InvalidRequest(
            'The image has 0 layers; at least 1 is needed.', 'image.layers')
    for layer in layers:
        check_present(layer)


def check_present(layer: pathlib.Path) -> None:
    """Refuse to go on with a layer that is being deleted.

    :raises NotFound: it is gone.
    """
    if not layer.is_dir():
        raise exception.NotFound(
            f'The layer {layer.name} is missing; load the image again.',
            'storage.layer_not_found')


def _names(layers: Sequence[pathlib.Path]) -> list[str]:
    """Return the chain ids of layers, lowest first, without algorithm."""
    names = [layers[0].name]
    for layer in layers[1:]:
        names.append(hashlib.sha256(
            f'sha256:{names[-1]} sha256:{layer.name}'.encode()).hexdigest())
    return names
