"""What the runtime expects of a storage back end: the ``Storage`` protocol.

Called by ``service.containers``, ``service.recovery``; implemented by
``storage.overlay``, ``storage.btrfs`` and ``storage.vfs``.
``tests/contract/storage.py`` is what every implementation has to pass.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import pathlib
import typing

from novacontainer.runtime import deltas
from novacontainer.runtime import models


class Storage(typing.Protocol):
    """Writable root file systems over shared, read-only layers."""

    name: str

    def prepare(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None, size_bytes: int) -> None:
        """Make what the container will write to, owned by the mapped root.

        :param layers: directories of the layers, lowest first.
        :param size_bytes: limit of what it writes; 0: none.
        :raises NotSupported: a limit cannot be enforced here; says why.
        :raises InvalidRequest: no root disk can have that limit.
        :raises Conflict: the container has a writable layer already.
        :raises NotFound: a layer is missing.
        :raises Unavailable: the disk is full.
        """

    def resize(self, container_id: str, size_bytes: int) -> None:
        """Give the writable layer another limit, while it is not mounted.

        :param size_bytes: the limit; it cannot be taken away.
        :raises NotFound: nothing was prepared.
        :raises Conflict: what is there does not fit
            (``storage.too_small``), or the root is mounted
            (``storage.mounted``); nothing has changed.
        :raises NotSupported, InvalidRequest, Unavailable: as
            :meth:`prepare`.
        """

    def mount(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None) -> pathlib.Path:
        """Mount the root file system and return where it is.

        Mounting what is mounted already changes nothing.

        :param layers: directories of the layers, lowest first.
        :param id_map: files of the layers appear shifted by it.
        :raises NotFound: nothing was prepared, or a layer is missing.
        :raises InvalidRequest: more layers than the back end can stack.
        """

    def unmount(self, container_id: str) -> None:
        """Undo :meth:`mount`; fine when nothing is mounted."""

    def remove(self, container_id: str) -> None:
        """Unmount, and delete the writable layer; fine when it is gone."""

    def delta(self, container_id: str, layers: Sequence[pathlib.Path],
              id_map: models.IdMap | None,
              ) -> contextlib.AbstractContextManager[deltas.Delta]:
        """Give what the container changed, mounted or not.

        It is there until this is left.

        :raises NotFound: nothing was prepared.
        """

    def changes(self, container_id: str, layers: Sequence[pathlib.Path],
                id_map: models.IdMap | None) -> Iterator[deltas.Change]:
        """Yield in what a container differs from its layers, parents first.

        A directory that only holds changes is not itself one.

        :raises NotFound: nothing was prepared.
        """

    def collect(self) -> None:
        """Delete what was kept for the sake of layers that are gone.

        Called when the daemon starts, and after layers were deleted.
        """

    def describe(self, container_id: str, layers: Sequence[pathlib.Path],
                 ) -> Mapping[str, str]:
        """Return the directories of a container for a person to look at.

        :param layers: directories of the layers, lowest first.
        :return: in the words of Docker's ``GraphDriver.Data``.
        """

    def status(self) -> Sequence[tuple[str, str]]:
        """Return what an operator should know, as (name, value) pairs."""

    def mounted(self) -> Iterator[str]:
        """Yield the ids of containers whose root is mounted now."""
