"""Connect containers to networks, and take them off, at a client's wish.

Called by ``api.routes.networks``.  Calls ``service.endpoints`` under the
container's lock.

Docker Engine API 1.44, NetworkConnect and NetworkDisconnect, in the words
of its errors.
"""

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import endpoints
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import netmodes
from novacontainer.runtime.service import networks
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state

LOG = logging.getLogger(__name__)


class Connections:
    """Changes which networks a container is on."""

    def __init__(self, *, registry: registry.Registry,
                 service: networks.NetworkService,
                 endpoints: endpoints.Endpoints,
                 locks: locks.Locks) -> None:
        self._registry = registry
        self._networks = service
        self._endpoints = endpoints
        self._locks = locks

    def of(self, container: models.Container,
           ) -> list[networking.Connection]:
        """Return the connections of a container, up or not."""
        return self._endpoints.of(container.id)

    def all(self) -> dict[str, list[networking.Connection]]:
        """Return the connections of all containers, by container."""
        return self._endpoints.all()

    def connect(self, network_name: str, container_name: str,
                settings: models.Json) -> None:
        """Connect a container to a network; at once if it runs.

        :param settings: ``EndpointConfig`` of the API, types checked.
        :raises NotFound: no such network or container.
        :raises Forbidden: it is connected already.
        :raises InvalidRequest: the container has no networks of its own, or
            settings make no sense.
        :raises Unavailable: no address is free.
        :raises Internal: a plugin failed; nothing of it stays.
        """
        network = self._networks.get(network_name)
        container = self._registry.get(container_name)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_present(now, 'connect')
            _check_mode(now, network)
            if self._find(now, network) is not None:
                raise exception.Forbidden(
                    f'endpoint with name {now.name} already exists in '
                    f'network {network.name}', 'network.already_connected')
            self._endpoints.connect(now, network, settings)
        LOG.info('Container %s (%s) is on network %s', now.id, now.name,
                 network.name)

    def disconnect(self, network_name: str, container_name: str,
                   force: bool) -> None:
        """Take a container off a network; at once if it runs.

        :param force: of no effect: no connection is without a container.
        :raises NotFound: no such network or container.
        :raises Forbidden: it is not connected.
        :raises InvalidRequest: it is on the host's network.
        :raises Internal: a plugin failed; it can be tried again.
        """
        network = self._networks.get(network_name)
        container = self._registry.get(container_name)
        with self._locks.hold(container.id):
            now = self._registry.current(container)
            state.check_present(now, 'disconnect')
            if network.driver == networking.HOST:
                raise _conflict('container cannot be disconnected from host '
                                'network or connected to host network')
            found = self._find(now, network)
            if found is None:
                raise exception.Forbidden(
                    f'container {now.id} is not connected to network '
                    f'{network.name}', 'network.not_connected')
            self._endpoints.disconnect(now, found)
        LOG.info('Container %s (%s) is off network %s', now.id, now.name,
                 network.name)

    def _find(self, container: models.Container,
              network: networking.Network,
              ) -> networking.Connection | None:
        for one in self._endpoints.of(container.id):
            if one.network.id == network.id:
                return one
        return None


def _check_mode(container: models.Container,
                network: networking.Network) -> None:
    """Refuse to connect what has no networks of its own."""
    if networking.HOST in (network.driver,
                           container.host_config.get('NetworkMode')):
        raise _conflict('container cannot be disconnected from host network '
                        'or connected to host network')
    if not netmodes.is_own(container.host_config):
        raise _conflict('container sharing network namespace with another '
                        'container or host cannot be connected to any other '
                        'network')
    if (network.driver != networking.BRIDGE
            or netmodes.network_name(container.host_config) is None):
        raise _conflict('container cannot be connected to multiple networks '
                        'with one of the networks in private (none) mode')


def _conflict(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'network.private_mode')
