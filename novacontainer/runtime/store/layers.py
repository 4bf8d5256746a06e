"""Unpacked layers: one plain tree each, ready to be an overlay's lower.

Called by the image services and by whoever mounts; calls the file system.
The store's directory is closed to everyone but root, because the trees hold
set-user-id files of untrusted images, owned by the host's own ids.
"""

from collections.abc import Iterator
import os
import pathlib
import tempfile

from novacontainer.runtime.host import filesystem
from novacontainer.runtime.host import trees
from novacontainer.runtime.store import atomicfile

_ALGORITHM = 'sha256'


class Layers:
    """The layer store.

    :param root: its own directory; made when it is missing.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)

    def path(self, diff_id: str) -> pathlib.Path:
        """Give the directory of a layer."""
        return self._root / diff_id.removeprefix(f'{_ALGORITHM}:')

    def temporary(self) -> pathlib.Path:
        """Make an empty directory for a layer that is being unpacked."""
        tree = pathlib.Path(tempfile.mkdtemp(
            prefix=atomicfile.TEMPORARY, dir=self._root))
        tree.chmod(0o755)
        return tree

    def sync(self) -> None:
        """Make every published layer durable.

        :raises OSError: the disk failed.
        """
        filesystem.sync(self._root)

    def publish(self, tree: pathlib.Path, diff_id: str) -> None:
        """Give an unpacked tree its place; :meth:`sync` makes it durable.

        A tree that is there already is of a crash before its record was
        written, or of a load that was quicker: the caller, who holds the
        lock, has asked the records and knows that it may be replaced.
        """
        target = self.path(diff_id)
        if target.exists():
            trees.remove(self.detach(diff_id))
        os.rename(tree, target)

    def detach(self, diff_id: str) -> pathlib.Path:
        """Take a layer out of its place, at once; give its new name.

        What is at that name is to be discarded, which may take long.
        """
        aside = self.temporary()
        try:
            os.rename(self.path(diff_id), aside)
        except FileNotFoundError:
            pass
        return aside

    def discard(self, tree: pathlib.Path) -> None:
        """Delete a tree that has no place; a missing one is fine."""
        trees.remove(tree)

    def stored(self) -> Iterator[str]:
        """Yield the diff_ids of all trees, recorded or not."""
        for path in self._root.iterdir():
            if not path.name.startswith(atomicfile.TEMPORARY):
                yield f'{_ALGORITHM}:{path.name}'

    def remove_temporary(self) -> None:
        """Delete what a crash left; nothing may be in the making."""
        for path in self._root.glob(f'{atomicfile.TEMPORARY}*'):
            trees.remove(path)
