"""Networks of the runtime: ``/networks`` of the Docker Engine API.

Called by the CLI through :class:`novacontainer.client.Client`; calls
transport.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from novacontainer.client import transport


class Networks:
    """The networks of one runtime.

    Every method raises :class:`~novacontainer.client.exceptions.ClientError`
    subclasses by status; ``NotFound`` where a network is named that is not
    there.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def create(self, body: transport.Json) -> str:
        """Make a network; return its id.

        :param body: as the API has it (NetworkCreate).
        :raises Conflict: the name is taken.
        """
        answer = self._transport.json(
            'POST', '/networks/create', body=body)
        return str(answer['Id'])

    def list(self, filters: Mapping[str, Sequence[str]] | None = None,
             ) -> 'list[transport.Json]':
        """Return networks as the API shows them (NetworkList)."""
        return list(self._transport.json(
            'GET', '/networks', params=transport.filter_params(filters)))

    def inspect(self, name: str) -> transport.Json:
        """Return a network, with the running containers on it."""
        document: transport.Json = self._transport.json(
            'GET', f'/networks/{name}')
        return document

    def connect(self, name: str, container: str,
                settings: transport.Json) -> None:
        """Connect a container, at once if it runs.

        :param settings: ``EndpointConfig`` of the API (NetworkConnect).
        """
        self._transport.call(
            'POST', f'/networks/{name}/connect', body={
                'Container': container, 'EndpointConfig': settings})

    def disconnect(self, name: str, container: str,
                   force: bool = False) -> None:
        """Take a container off a network, at once if it runs."""
        self._transport.call(
            'POST', f'/networks/{name}/disconnect', body={
                'Container': container, 'Force': force})

    def remove(self, name: str) -> None:
        """Remove a network that no running container is on.

        :raises Forbidden: one is, or the network is always there.
        """
        self._transport.call('DELETE', f'/networks/{name}')
