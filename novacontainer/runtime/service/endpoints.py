"""Connections of containers to networks, from the start to the end.

Called by ``service.creation`` (:meth:`Endpoints.plan`),
``service.preparation`` (attach, detach), ``service.connections`` and
``service.recovery``, all but the first under the container's lock.  Calls
``service.networks``, ``service.allocation``, ``network.bridges`` and
``service.hostnames``.

What a connection gets is written down before it is made, and what is being
changed is marked; so a crash leaves nothing that is not known.
"""

from collections.abc import Iterable, Sequence
import dataclasses
import secrets
import typing

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import namespaces
from novacontainer.runtime import models
from novacontainer.runtime.network import bridges as network_bridges
from novacontainer.runtime import networking
from novacontainer.runtime.service import allocation
from novacontainer.runtime.service import endpointspec
from novacontainer.runtime.service import hostnames
from novacontainer.runtime.service import netmodes
from novacontainer.runtime.service import networks
from novacontainer.runtime.store import database
from novacontainer.runtime.store import endpoints

LOG = logging.getLogger(__name__)

Stage = networking.Stage


class Bridges(networks.Bridges, typing.Protocol):
    """What is needed of ``network.bridges.Bridges``."""

    def connect(self, plug: network_bridges.Plug) -> None:
        """Give the container its interface and publish its ports."""

    def disconnect(self, plug: network_bridges.Plug) -> None:
        """Undo :meth:`connect`, or what a crash left of it."""

    def publish(self, plug: network_bridges.Plug) -> None:
        """Have the host answer for the endpoint's ports."""

    def lead_out(self, plug: network_bridges.Plug) -> None:
        """Make the default route of a running container this network's."""


class Endpoints:
    """The connections of all containers."""

    def __init__(self, *, db: database.Database,
                 service: networks.NetworkService, bridges: Bridges,
                 names: hostnames.HostNames) -> None:
        self._database = db
        self._networks = service
        self._bridges = bridges
        self._names = names

    def plan(self, body: models.Json, host_config: models.Json,
             container_id: str) -> list[networking.Endpoint]:
        """Return the endpoints that a new container asks for.

        :param body: the whole create body.
        A network that its mode names need be there only when it starts, as
        in Docker; clients take a 404 at the creation for a missing image.

        :param host_config: as it will be kept; its ``NetworkMode`` is
            turned into the network's name.
        :raises InvalidRequest: settings make no sense, or are for a network
            that is not there.
        :raises NotSupported: settings that are not honoured, or bridges on
            a host that cannot have them.
        """
        mode = netmodes.network_name(host_config)
        if mode is None:
            return []
        main = self._networks.find(mode)
        if main is None:
            netmodes.check_unsettled(body, mode)
            return []
        host_config['NetworkMode'] = main.name
        if what := self._bridges.lacking():
            raise networks.lacking(what)
        asked = netmodes.endpoints(body, mode, main.name)
        asked.setdefault(main.name, {})
        if body.get('MacAddress'):
            asked[main.name].setdefault('MacAddress', body['MacAddress'])
        if host_config.get('Links'):
            asked[main.name].setdefault('Links', host_config['Links'])
        planned: dict[str, networking.Endpoint] = {}
        for name in (main.name, *sorted(asked)):
            network = (main if name == main.name
                       else self._networks.find(name))
            if network is None:
                raise netmodes.not_there(name)
            if network.id not in planned:
                _check_driver(network)
                planned[network.id] = networking.Endpoint(
                    secrets.token_hex(32), container_id, network.id,
                    endpointspec.check(asked[name], network))
        return list(planned.values())

    def of(self, container_id: str) -> list[networking.Connection]:
        """Return the connections of a container, up or not."""
        with self._database.reading() as connection:
            return endpoints.of_container(connection, container_id)

    def all(self) -> dict[str, list[networking.Connection]]:
        """Return the connections of all containers, by container."""
        found: dict[str, list[networking.Connection]] = {}
        with self._database.reading() as connection:
            for one in endpoints.select(connection):
                found.setdefault(one.endpoint.container_id, []).append(one)
        return found

    def attach(self, container: models.Container,
               ) -> list[networking.Connection]:
        """Connect a container that is about to start to its networks.

        :return: its connections; :meth:`announce` is to follow.
        :raises NotFound: the network of its mode is gone.
        :raises Unavailable: no address is free.
        :raises Internal: a port is in use, or a plugin failed; nothing of
            it stays.
        """
        mode = netmodes.network_name(container.host_config)
        if mode is None:
            return []
        if not self.of(container.id):
            # All were taken away: it begins anew with that of its mode.
            network = self._networks.get(mode)
            with self._database.transaction() as connection:
                endpoints.insert(connection, networking.Endpoint(
                    secrets.token_hex(32), container.id, network.id))
        with self._database.transaction() as connection:
            allocated = allocation.at_start(connection, container)
        try:
            for one in allocated:
                self._plug(one, container)
        except exception.RuntimeFault:
            self.detach(container.id)
            raise
        return allocated

    def announce(self, made: Sequence[networking.Connection]) -> None:
        """Tell neighbours and clients of new connections."""
        self._refresh(made)
        for one in made:
            self._networks.tell(one, 'connect')

    def detach(self, container_id: str) -> None:
        """Take a container that does not run off its networks.

        What is not connected stays so.  Addresses stay with it.

        :raises Internal: a plugin failed; it can be tried again.
        """
        gone = [one for one in self.of(container_id) if one.endpoint.is_up]
        for one in gone:
            self._bridges.disconnect(_plug(one))
            self._save(dataclasses.replace(
                one.endpoint, stage=Stage.IDLE, default_route=False,
                interface='', ports=()))
        self._refresh(gone)
        for one in gone:
            self._networks.tell(one, 'disconnect')

    def connect(self, container: models.Container,
                network: networking.Network, settings: models.Json) -> None:
        """Connect a container to a further network.

        :raises: as :meth:`attach`.
        """
        endpoint = networking.Endpoint(
            secrets.token_hex(32), container.id, network.id,
            endpointspec.check(settings, network))
        with self._database.transaction() as connection:
            endpoints.insert(connection, endpoint)
            if not container.pid:
                return
            made = allocation.while_running(connection, container, endpoint)
        try:
            self._plug(made, container)
        except exception.RuntimeFault:
            self._forget(endpoint)
            raise
        self.announce([made])

    def disconnect(self, container: models.Container,
                   gone: networking.Connection) -> None:
        """Take a container off a network for good.

        :raises Internal: a plugin failed; it can be tried again.
        """
        if not gone.endpoint.is_up:
            self._forget(gone.endpoint)
            return
        self._save(dataclasses.replace(gone.endpoint, stage=Stage.CHANGING))
        self._bridges.disconnect(_plug(gone))
        self._forget(gone.endpoint)
        if gone.endpoint.default_route:
            self._lead_elsewhere(container)
        self._refresh([gone, *self.of(container.id)])
        self._networks.tell(gone, 'disconnect')

    def renamed(self, container_id: str) -> None:
        """Tell a container's neighbours its new name."""
        self._refresh(self.of(container_id))

    def recover(self, live: Iterable[str]) -> None:
        """Undo what a crash left half done.

        :param live: ids of the containers that have a process.
        """
        alive = frozenset(live)
        with self._database.reading() as connection:
            unsure = [one for one in endpoints.up(connection)
                      if one.endpoint.stage is Stage.CHANGING]
        for one in unsure:
            try:
                if one.endpoint.container_id not in alive:
                    self.detach(one.endpoint.container_id)
                    continue
                # A connect that was never answered, or a disconnect.
                self._bridges.disconnect(_plug(one))
                self._forget(one.endpoint)
            except exception.RuntimeFault as fault:
                LOG.error('A connection of container %s to %s could not be '
                          'recovered: %s', one.endpoint.container_id,
                          one.network.name, fault)

    def _plug(self, one: networking.Connection,
              container: models.Container) -> None:
        try:
            self._networks.prepare(one.network)
            self._bridges.connect(_plug(one))
        except exception.Internal as fault:
            raise exception.Internal(
                f'failed to set up container networking: container '
                f'{container.name}, network {one.network.name}: '
                f'{fault.message}', fault.code) from fault
        self._save(dataclasses.replace(one.endpoint, stage=Stage.UP))

    def _lead_elsewhere(self, container: models.Container) -> None:
        """Let another network lead out of a container that runs."""
        with self._database.transaction() as connection:
            made = allocation.lead_out(connection, container)
        if made is None:
            return
        plug = _plug(made)
        try:
            self._bridges.lead_out(plug)
            self._bridges.publish(plug)
        except exception.RuntimeFault as fault:
            LOG.error('Container %s has no way out by network %s: %s',
                      container.id, made.network.name, fault)

    def _refresh(self, changed: Sequence[networking.Connection]) -> None:
        """Write the names anew that those around the changed know."""
        touched = {one.network.id for one in changed}
        if not touched:
            return
        everywhere: dict[str, list[networking.Connection]] = {}
        own: dict[str, list[networking.Connection]] = {}
        with self._database.reading() as connection:
            for one in endpoints.up(connection):
                everywhere.setdefault(one.network.id, []).append(one)
                own.setdefault(one.endpoint.container_id, []).append(one)
        for connections in own.values():
            ids = {one.network.id for one in connections}
            if not touched.isdisjoint(ids):
                self._names.write(connections, [
                    other for ident in sorted(ids)
                    for other in everywhere[ident]])

    def _save(self, endpoint: networking.Endpoint) -> None:
        with self._database.transaction() as connection:
            endpoints.save(connection, endpoint)

    def _forget(self, endpoint: networking.Endpoint) -> None:
        with self._database.transaction() as connection:
            endpoints.delete(connection, endpoint.id)


def _plug(one: networking.Connection) -> network_bridges.Plug:
    return network_bridges.Plug(
        one.endpoint, one.network,
        namespaces.network_pin(one.endpoint.container_id))


def _check_driver(network: networking.Network) -> None:
    if network.driver != networking.BRIDGE:
        raise exception.InvalidRequest(
            f'container cannot be connected to the network {network.name} '
            'and to others', 'network.private_mode')
