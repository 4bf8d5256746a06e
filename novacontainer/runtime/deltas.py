"""What containers changed of their images' files.

A leaf module beside ``runtime.models``.
"""

from collections.abc import Iterable
import dataclasses
import enum
import pathlib

from novacontainer.runtime import models


class ChangeKind(enum.IntEnum):
    """What became of a path, in Docker's numbers."""

    MODIFIED = 0
    ADDED = 1
    DELETED = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A path, absolute, in which a container differs from its image."""

    path: str
    kind: ChangeKind


@dataclasses.dataclass(frozen=True, slots=True)
class Delta:
    """What a container changed, so that a layer can be made of it.

    :param tree: a directory, reached by this path from this process and its
        children.
    :param id_map: how ids in it are shifted; None: they are not.
    :param changes: what of the tree differs from the layers, parents first;
        None: the tree holds nothing but what was changed, and deletions in
        overlayfs' form (Documentation/filesystems/overlayfs.rst).
    """

    tree: pathlib.Path
    id_map: models.IdMap | None
    changes: Iterable[Change] | None = None
