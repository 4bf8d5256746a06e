"""What takes the disk, and making room: ``/system/df`` and ``…/prune``.

Called by the CLI through :class:`novacontainer.client.Client`; calls
transport.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from novacontainer.client import transport


@dataclasses.dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune removed.

    :param removed: ids, names, or for images ``Untagged: …`` and
        ``Deleted: …``.
    :param freed_bytes: room that it made.
    """

    removed: tuple[str, ...]
    freed_bytes: int


class Housekeeping:
    """The disk of one runtime.

    Every method raises :class:`~novacontainer.client.exceptions.ClientError`
    subclasses by status.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def disk_usage(self) -> transport.Json:
        """``GET /system/df``: ``Images``, ``Containers``, ``Volumes``…"""
        document: transport.Json = self._transport.json(
            'GET', '/system/df', timeout_s=transport.FOREVER_S)
        return document

    def prune(self, kind: str,
              filters: Mapping[str, Sequence[str]] | None = None) -> Pruned:
        """Remove what nothing uses.

        :param kind: ``containers``, ``images``, ``volumes`` or
            ``networks``.
        :param filters: ``until``, ``label``… as the API has them.
        """
        answer = self._transport.json(
            'POST', f'/{kind}/prune',
            params=transport.filter_params(filters),
            timeout_s=transport.FOREVER_S)
        # ContainersDeleted, ImagesDeleted…
        found = answer.get(f'{kind.capitalize()}Deleted') or ()
        return Pruned(
            tuple(word for one in found for word in _words(one)),
            int(answer.get('SpaceReclaimed') or 0))


def _words(one: str | Mapping[str, str]) -> list[str]:
    if isinstance(one, str):
        return [one]
    return [f'{done}: {what}' for done, what in one.items()]
