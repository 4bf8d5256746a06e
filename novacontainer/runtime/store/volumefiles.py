"""The files of volumes: a directory each.

Called by ``service.volumes`` and those that fill and mount them.  Calls the
file system.

========================= ==============================================
``<root>/<name>/_data``   the files, as containers have them
``<root>/<name>/_new``    files on their way to ``_data``
``<root>/.gone-…``        a volume that is being deleted
========================= ==============================================

Files belong to the ids that they have in containers: root's to root.  So
there may be set-user-id files of untrusted programs for the host's own
accounts, and nobody but root gets to them (CVE-2021-41091).
"""

from collections.abc import Iterator
import contextlib
import os
import pathlib
import secrets

from novacontainer.runtime.host import trees

_DATA = '_data'
_NEW = '_new'
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
        going = self._root / f'{_GONE}{secrets.token_hex(8)}'
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._root / name, going)
            trees.remove(going)

    def begin(self, name: str) -> pathlib.Path:
        """Make the directory for what shall be in a volume from the start.

        :raises OSError: the disk is full, or failed.
        """
        fresh = self._root / name / _NEW
        trees.remove(fresh)
        _make(fresh)
        return fresh

    def finish(self, name: str) -> None:
        """Give a volume what is in :meth:`begin`'s directory, at once.

        :raises OSError: the volume is not empty any more.
        """
        home = self._root / name
        # Takes the place of an empty directory only (rename(2)).
        os.rename(home / _NEW, home / _DATA)

    def abandon(self, name: str) -> None:
        """Delete :meth:`begin`'s directory; fine when there is none."""
        trees.remove(self._root / name / _NEW)

    def names(self) -> Iterator[str]:
        """Yield the names of the volumes that there are files of."""
        for path in self._root.iterdir():
            if not path.name.startswith(_GONE):
                yield path.name

    def sweep(self) -> None:
        """Delete what a crash left half made or half deleted.

        :raises OSError: the disk failed.
        """
        for path in list(self._root.iterdir()):
            trees.remove(path if path.name.startswith(_GONE)
                         else path / _NEW)


def _make(path: pathlib.Path) -> None:
    path.mkdir()
    # Whatever the umask is.
    path.chmod(0o755)
