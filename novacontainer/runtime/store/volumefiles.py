"""The files of volumes: a directory each.

Called by ``service.volumes`` and those that fill and mount them.  Calls the
file system.

============================ ===========================================
``<root>/<name>/_data``      the files, as containers have them
``<root>/<name>/disk.img``   their disk, where the size is limited
``<root>/<name>/_filling``   there while the first files are put into it
``<root>/.gone-…``           a volume that is being deleted
============================ ===========================================

Files belong to the ids that they have in containers: root's to root.  So
there may be set-user-id files of untrusted programs for the host's own
accounts, and nobody but root gets to them (CVE-2021-41091).
"""

from collections.abc import Iterator
import contextlib
import os
import pathlib
import secrets

from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import trees

_DATA = '_data'
_DISK = 'disk.img'
_FILLING = '_filling'
#: No volume's name begins with a dot.
_GONE = '.gone-'


class VolumeFiles:
    """Where volumes lie.

    :param root: their directory; made when it is missing.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)

    def path(self, name: str) -> pathlib.Path:
        """Return the directory of a volume's files, made or not."""
        return self._root / name / _DATA

    def disk(self, name: str) -> pathlib.Path:
        """Return the file with the disk of a volume of limited size."""
        return self._root / name / _DISK

    def make(self, name: str) -> None:
        """Make a volume's directory, empty.

        What a crash left there before there was a record is removed.

        :raises OSError: the disk is full, or failed.
        """
        home = self._root / name
        try:
            home.mkdir(mode=0o700)
        except FileExistsError:
            self.remove(name)
            home.mkdir(mode=0o700)
        _make(home / _DATA)

    def remove(self, name: str) -> None:
        """Delete a volume's files; fine when there are none.

        :raises OSError: the disk failed.
        """
        # A tmpfs that a crash left there.
        if os.path.ismount(self.path(name)):
            mounts.unmount(str(self.path(name)), mounts.MNT_DETACH)
        going = self._root / f'{_GONE}{secrets.token_hex(8)}'
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._root / name, going)
            trees.remove(going)

    def begin(self, name: str) -> None:
        """Note that the volume, which is empty, gets its first files now.

        :raises OSError: the disk is full, or failed.
        """
        (self._root / name / _FILLING).touch()

    def finish(self, name: str) -> None:
        """Note that it has them all, or none."""
        (self._root / name / _FILLING).unlink(missing_ok=True)

    def half_filled(self) -> list[str]:
        """Return the volumes whose filling a crash cut short."""
        return [path.parent.name for path in self._root.glob(
            f'*/{_FILLING}')]

    def names(self) -> Iterator[str]:
        """Yield the names of the volumes that there are files of."""
        for path in self._root.iterdir():
            if not path.name.startswith(_GONE):
                yield path.name

    def sweep(self) -> None:
        """Delete what a crash left half deleted.

        :raises OSError: the disk failed.
        """
        for path in list(self._root.iterdir()):
            if path.name.startswith(_GONE):
                trees.remove(path)


def empty(directory: pathlib.Path) -> None:
    """Delete what is in a directory, which stays.

    :raises OSError: the disk failed.
    """
    for path in list(directory.iterdir()):
        trees.remove(path)


def _make(path: pathlib.Path) -> None:
    path.mkdir()
    # Whatever the umask is.
    path.chmod(0o755)
