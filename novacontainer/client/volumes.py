"""Volumes of the runtime: ``/volumes`` of the Docker Engine API.

Called by the CLI through :class:`novacontainer.client.Client`; calls
transport.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from novacontainer.client import transport


class Volumes:
    """The volumes of one runtime.

    Every method raises :class:`~novacontainer.client.exceptions.ClientError`
    subclasses by status; ``NotFound`` where a volume is named that is not
    there.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def create(self, name: str = '', driver: str = '',
               options: Mapping[str, str] | None = None,
               labels: Mapping[str, str] | None = None) -> transport.Json:
        """``POST /volumes/create``: make one, or show that of the name.

        :param name: '' for one without a name.
        :param options: of the driver, such as ``size``.
        """
        document: transport.Json = self._transport.json(
            'POST', '/volumes/create', body={
                'Name': name, 'Driver': driver,
                'DriverOpts': dict(options or {}),
                'Labels': dict(labels or {})})
        return document

    def documents(self, filters: Mapping[str, Sequence[str]] | None = None,
                  ) -> list[transport.Json]:
        """``GET /volumes``: all of them, sorted by name.

        :param filters: ``name``, ``label``, ``dangling``, ``driver``.
        """
        answer = self._transport.json(
            'GET', '/volumes', params=transport.filter_params(filters))
        return list(answer.get('Volumes') or ())

    def document(self, name: str) -> transport.Json:
        """``GET /volumes/{name}``."""
        document: transport.Json = self._transport.json(
            'GET', f'/volumes/{name}')
        return document

    def remove(self, name: str, force: bool = False) -> None:
        """``DELETE /volumes/{name}``.

        :param force: fine when there is none.
        :raises Conflict: containers have it.
        """
        self._transport.call(
            'DELETE', f'/volumes/{name}', params={'force': force})
