"""One file that setup puts on the host, and knows again later.

Made by ``setup.plan``, written and removed by ``setup.installer``.
"""

import dataclasses
import os
import pathlib
import tempfile

from novacontainer.cli import failure

#: By these words we know a file for ours, and may replace or remove it.
MARK = 'Written by "novacontainer setup"'

_WARNING = f'{MARK}, which replaces it without asking.'


@dataclasses.dataclass(frozen=True, slots=True)
class HostFile:
    """What a file is to hold.

    :param path: relative to the root of the host.
    :param text: without the line that says whose it is.
    :param seed: written once and the operator's from then on.
    """

    path: str
    text: str
    seed: bool = False

    @property
    def content(self) -> str:
        """The text, after a comment that says whose it is."""
        if self.seed:
            return self.text
        comment = '.\\"' if self.path.rpartition('.')[2] in '18' else '#'
        return f'{comment} {_WARNING}\n{self.text}'

    def check(self, root: pathlib.Path) -> None:
        """Look whether it may be written, or removed.

        :raises CommandFailed: what is there is not ours.
        """
        place = root / self.path
        if self.seed or not os.path.lexists(place) or _is_ours(place):
            return
        raise failure.CommandFailed(
            f'{place} is there already and was not written by "novacontainer '
            'setup". Move it away, or put what is special about it into a '
            'file beside it, and try again.')

    def write(self, root: pathlib.Path) -> bool:
        """Write it, whole or not at all.

        :returns: whether anything changed.
        """
        place = root / self.path
        if place.exists() and (
                self.seed or place.read_text(errors='replace')
                == self.content):
            return False
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f'.{place.name}.', dir=place.parent)
        try:
            with open(handle, 'w', encoding='utf-8') as file:
                file.write(self.content)
                os.fchmod(file.fileno(), 0o644)
            os.replace(name, place)
        except OSError:
            os.unlink(name)
            raise
        return True

    def remove(self, root: pathlib.Path) -> bool:
        """Remove it, unless it is the operator's.

        :returns: whether it was there.
        """
        place = root / self.path
        if self.seed or not place.exists():
            return False
        place.unlink()
        return True


def _is_ours(place: pathlib.Path) -> bool:
    if place.is_symlink() or not place.is_file():
        return False
    with place.open(errors='replace') as file:
        return MARK in file.readline()
