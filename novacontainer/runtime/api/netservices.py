"""What the routes need of the services of networks; see ``api.services``.

Called by: ``api.services``.  Calls: nothing; these are interfaces.
"""

from collections.abc import Mapping, Sequence
import typing

from novacontainer.runtime import models
from novacontainer.runtime import networking


class Networks(typing.Protocol):
    """``service.networks.NetworkService``."""

    def create(self, body: models.Json) -> networking.Network: ...

    def get(self, name: str) -> networking.Network: ...

    def list(
        self, filters: Mapping[str, Sequence[str]]
    ) -> Sequence[networking.Network]: ...

    def connections(
        self, network: networking.Network
    ) -> Sequence[networking.Connection]:
        """Return those that are up."""

    def remove(self, name: str) -> object: ...


class Connections(typing.Protocol):
    """``service.connections.Connections``."""

    def of(
        self, container: models.Container
    ) -> Sequence[networking.Connection]: ...

    def all(self) -> Mapping[str, Sequence[networking.Connection]]:
        """Return the connections of all containers, by container."""

    def connect(
        self,
        network_name: str,
        container_name: str,
        settings: models.Json,
    ) -> object: ...

    def disconnect(
        self, network_name: str, container_name: str, force: bool
    ) -> object: ...
