"""Networks: what containers are connected to.

Called by ``api.routes.networks``, ``service.pruning``,
``service.endpoints``.  Calls ``service.networkspec`` for the request,
``store.networks`` for the records and ``network.bridges`` for the bridges.

A network is a record; its bridge is made with its first connection.  It is
removed in three steps: the record says that it goes, the bridge goes, the
record goes.  :meth:`NetworkService.open` finishes what a crash cut short.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
import dataclasses
import datetime
import ipaddress
import re
import secrets
import typing

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import links
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import addressing
from novacontainer.runtime.service import events
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import networkspec
from novacontainer.runtime.store import database
from novacontainer.runtime.store import endpoints
from novacontainer.runtime.store import networks

LOG = logging.getLogger(__name__)

Filters = Mapping[str, Sequence[str]]
Test = Callable[[networking.Network], bool]

_ID_PREFIX = re.compile(r'[0-9a-f]{1,64}')
_BOOLEANS = {'1': True, 't': True, 'true': True,
             '0': False, 'f': False, 'false': False}
_DRIVERS = {networking.BRIDGE: 'bridge', networking.HOST: 'host',
            networking.NONE: 'null'}
_TYPES = ('builtin', 'custom')


class Bridges(typing.Protocol):
    """What is needed of ``network.bridges.Bridges``."""

    def lacking(self) -> str:
        """Say what this host lacks for bridges; '': nothing."""

    def why_not(self) -> str:
        """Say what keeps bridges from working, tried out; '': nothing."""

    def is_made(self, network: networking.Network) -> bool:
        """Say whether the network's bridge is there."""

    def secure(self, networks: Sequence[networking.Network]) -> None:
        """Put the rules of exactly these networks into force."""

    def remove(self, network: networking.Network) -> None:
        """Delete a network's bridge; fine when there is none."""

    def sweep(self, known: Mapping[str, str]) -> None:
        """Delete bridges that nothing is on and that no network can use."""


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What the operator decided, see ``runtime.conf.networks``.

    :param bridge: name of the predefined network's bridge.
    :param subnet: its subnet; '': the first free one of the pools.
    :param mtu: of networks that do not say; 0: the kernel's default.
    :param pools: where subnets come from that nobody chose.
    """

    bridge: str = 'nc0'
    subnet: str = ''
    mtu: int = 0
    pools: Sequence[tuple[addressing.Net, int]] = ()


class NetworkService:
    """The networks of one daemon."""

    def __init__(self, *, db: database.Database, bridges: Bridges,
                 hub: events.EventHub, options: Options) -> None:
        self._database = db
        self._bridges = bridges
        self._hub = hub
        self._options = options
        #: By id of the network; taken after a container's lock.
        self.locks = locks.Locks()

    def open(self) -> None:
        """Make what is always there; finish removals; see to the rules."""
        for network in self.list({}, going=True):
            if network.going:
                self._finish(network)
        for name, driver in _DRIVERS.items():
            self._ensure(name, driver)
        # Of a daemon whose records were thrown away, or options changed.
        self._bridges.sweep({
            one.bridge: one.subnets[0].gateway for one in self.list({})
            if one.subnets})
        with self._database.reading() as connection:
            is_used = bool(endpoints.up(connection))
        if is_used:
            try:
                self.secure()
            except exception.RuntimeFault as fault:
                LOG.error('The rules of networks could not be seen to: %s',
                          fault)

    def create(self, body: models.Json) -> networking.Network:
        """Make a network.

        :param body: of ``POST /networks/create``, types checked.
        :raises Conflict: the name is taken.
        :raises Forbidden: the name is predefined, or the subnet or the bridge
            is in use, by another network or by the host.
        :raises: as :func:`networkspec.describe`; NotSupported also where
            the host cannot have bridges.
        """
        network_id = secrets.token_hex(32)
        what = self._bridges.lacking()
        with self._database.transaction() as connection:
            known = networks.select(connection)
            network = networkspec.describe(
                body, network_id, self._chooser(known, network_id))
            if what:
                raise lacking(what)
            _check_overlap(network, known)
            self._check_host(network)
            networks.insert(connection, self._with_defaults(network))
        self._tell(network, 'create')
        return network

    def find(self, name: str) -> networking.Network | None:
        """Return the network of this name, id, or beginning of an id.

        :raises InvalidRequest: several ids begin so.
        """
        with self._database.reading() as connection:
            found = (networks.find(connection, name)
                     or networks.find_by_name(connection, name))
            if found is None and _ID_PREFIX.fullmatch(name):
                matches = networks.find_by_prefix(connection, name)
                if len(matches) > 1:
                    raise exception.InvalidRequest(
                        f'network {name} is ambiguous ({len(matches)} '
                        'matches found on ID prefix)', 'network.ambiguous')
                found = matches[0] if matches else None
        return found if found is None or not found.going else None

    def get(self, name: str) -> networking.Network:
        """Return the network of this name, id, or beginning of an id.

        :raises NotFound: there is none.
        """
        found = self.find(name)
        if found is None:
            raise networks.not_found(name)
        return found

    def list(self, filters: Filters,
             going: bool = False) -> 'list[networking.Network]':
        """Return networks, oldest first.

        :param filters: ``driver``, ``id``, ``label``, ``name``, ``scope``,
            ``type``, ``dangling``.
        :param going: also those that are being removed.
        :raises InvalidRequest: a value makes no sense.
        """
        with self._database.reading() as connection:
            known = networks.select(connection)
            tests = list(_tests(filters))
            if filters.get('dangling'):
                used = {one.network.id
                        for one in endpoints.select(connection)}
                tests.append(_by_dangling(filters['dangling'], used))
        return [one for one in known if (going or not one.going)
                and all(test(one) for test in tests)]

    def connections(self, network: networking.Network,
                    ) -> 'Sequence[networking.Connection]':
        """Return the connections of a network that are up."""
        with self._database.reading() as connection:
            return [one for one
                    in endpoints.of_network(connection, network.id)
                    if one.endpoint.is_up]

    def remove(self, name: str) -> None:
        """Remove a network that no running container is connected to.

        :raises NotFound: there is none.
        :raises Forbidden: it is predefined, or running containers are
            connected to it; names them.
        """
        network = self.get(name)
        if network.is_predefined:
            raise exception.Forbidden(
                f'{network.name} is a pre-defined network and cannot be '
                'removed', 'network.predefined')
        with self.locks.hold(network.id):
            with self._database.transaction() as connection:
                network = networks.get(connection, network.id)
                users = [one for one
                         in endpoints.of_network(connection, network.id)
                         if one.endpoint.is_up]
                if users:
                    raise _in_use(network, users)
                networks.mark_going(connection, network.id)
            self._finish(network)
        self._tell(network, 'destroy')

    def tell(self, connection: networking.Connection, action: str) -> None:
        """Publish what happened to a connection."""
        self._tell(connection.network, action,
                   {'container': connection.endpoint.container_id})

    def prepare(self, network: networking.Network) -> None:
        """Put the rules of a network into force before its bridge is made.

        :raises NotSupported: this host cannot have bridges.
        :raises Internal: the kernel refuses the rules.
        """
        with self.locks.hold(network.id):
            if not self._bridges.is_made(network):
                if what := self._bridges.lacking():
                    raise lacking(what)
                self.secure(network)

    def secure(self, *more: networking.Network) -> None:
        """Put the rules of all bridges that are there into force.

        :param more: those that are about to be there.
        """
        coming = {one.id: one for one in more}
        coming.update({
            one.id: one for one in self.list({})
            if one.driver == networking.BRIDGE
            and self._bridges.is_made(one)})
        self._bridges.secure(tuple(coming.values()))

    def _check_host(self, network: networking.Network) -> None:
        """Refuse what would take something of the host's from it."""
        if self._bridges.is_made(network):
            raise exception.Forbidden(
                f'the host has an interface {network.bridge} already; '
                'choose another name', 'network.bridge_in_use')
        for subnet in network.subnets:
            other = addressing.overlapping(
                addressing.subnet(subnet.cidr), _host_routes())
            if other is not None:
                raise exception.Forbidden(
                    'invalid pool request: Pool overlaps with other one on '
                    f'this address space: {subnet.cidr} with {other}, to '
                    'which this host has a route', 'network.pool_overlaps')

    def _finish(self, network: networking.Network) -> None:
        """Remove what there is of a network whose record says it goes."""
        try:
            if self._bridges.is_made(network):
                self._bridges.remove(network)
                self.secure()
        except exception.RuntimeFault as fault:
            LOG.error('Network %s left something behind: %s', network.name,
                      fault)
        with self._database.transaction() as connection:
            networks.delete(connection, network.id)

    def _ensure(self, name: str, driver: str) -> None:
        """Make a predefined network, or give it its options anew."""
        with self._database.transaction() as connection:
            known = networks.select(connection)
            found = networks.find_by_name(connection, name)
            network = found or networking.Network(
                secrets.token_hex(32), name, driver,
                datetime.datetime.now(datetime.UTC))
            if name == networking.BRIDGE:
                network = dataclasses.replace(
                    network, options=self._bridge_options(),
                    subnets=self._bridge_subnets(network, known))
            if found is None:
                networks.insert(connection, network)
            elif found != network:
                networks.redefine(connection, network)

    def _bridge_options(self) -> Mapping[str, str]:
        options = {
            'com.docker.network.bridge.default_bridge': 'true',
            networking.OPTION_ICC: 'true',
            networking.OPTION_MASQUERADE: 'true',
            networking.OPTION_BINDING: '0.0.0.0',  # noqa: S104
            networking.OPTION_NAME: self._options.bridge}
        if self._options.mtu:
            options[networking.OPTION_MTU] = str(self._options.mtu)
        return options

    def _bridge_subnets(
        self, network: networking.Network,
        known: Sequence[networking.Network],
    ) -> tuple[networking.Subnet, ...]:
        if not self._options.subnet and network.subnets:
            return network.subnets
        net = (ipaddress.ip_network(self._options.subnet)
               if self._options.subnet
               else self._chooser(
                   known, network.id, self._options.bridge)(4))
        return (networking.Subnet(
            str(net), str(addressing.first_host(net))),)

    def _with_defaults(
        self, network: networking.Network,
    ) -> networking.Network:
        if not self._options.mtu or network.mtu:
            return network
        return dataclasses.replace(network, options={
            **network.options,
            networking.OPTION_MTU: str(self._options.mtu)})

    def _chooser(self, known: Sequence[networking.Network],
                 network_id: str,
                 bridge: str = '') -> networkspec.Choose:
        def choose(version: int) -> addressing.Net:
            if version == 6:
                return addressing.local_subnet(network_id)
            taken = [addressing.subnet(subnet.cidr) for one in known
                     for subnet in one.subnets]
            taken += _host_routes(bridge)
            return addressing.free_subnet(self._options.pools, taken)
        return choose

    def _tell(self, network: networking.Network, action: str,
              attributes: Mapping[str, str] | None = None) -> None:
        LOG.info('Network %s: %s%s', network.name, action,
                 f' {attributes}' if attributes else '')
        self._hub.publish(events.network_event(network, action, attributes))


def _host_routes(beside: str = '') -> list[addressing.Net]:
    return [ipaddress.IPv4Network((address, mask.bit_count()))
            for address, mask in links.routed(beside)]


def _check_overlap(network: networking.Network,
                   known: Sequence[networking.Network]) -> None:
    """Refuse what another network has already."""
    for one in known:
        if one.bridge == network.bridge and one.driver == network.driver:
            raise exception.Forbidden(
                f'network {one.name} has the bridge {one.bridge} already',
                'network.bridge_in_use')
        for subnet in network.subnets:
            other = addressing.overlapping(
                addressing.subnet(subnet.cidr),
                [addressing.subnet(theirs.cidr) for theirs in one.subnets])
            if other is not None:
                raise exception.Forbidden(
                    'invalid pool request: Pool overlaps with other one on '
                    f'this address space: {subnet.cidr} with {other} of '
                    f'network {one.name}', 'network.pool_overlaps')


def _in_use(network: networking.Network,
            users: Sequence[networking.Connection]) -> exception.Forbidden:
    names = ', '.join(
        f'name:"{one.container_name}" id:"{one.endpoint.id[:12]}"'
        for one in users)
    return exception.Forbidden(
        f'error while removing network: network {network.name} has active '
        f'endpoints ({names})', 'network.in_use')


def lacking(what: str) -> exception.NotSupported:
    """Return the fault of wanting bridges where there can be none."""
    return exception.NotSupported(
        f'Networks of the driver bridge are not supported on this host: '
        f'{what}', 'network.host_lacks')


def _tests(filters: Filters) -> Iterator[Test]:
    """Yield what a network has to pass, but for ``dangling``."""
    if names := filters.get('name'):
        yield lambda one: any(name in one.name for name in names)
    if idents := filters.get('id'):
        yield lambda one: any(one.id.startswith(ident) for ident in idents)
    if drivers := filters.get('driver'):
        yield lambda one: one.driver in drivers
    if scopes := filters.get('scope'):
        yield lambda one: 'local' in scopes
    if types := filters.get('type'):
        for word in types:
            if word not in _TYPES:
                raise _invalid('type', word)
        yield lambda one: _TYPES[not one.is_predefined] in types
    for text in filters.get('label') or ():
        yield _by_label(text)


def _by_label(text: str) -> Test:
    key, equals, value = text.partition('=')
    return lambda one: key in one.labels and (
        not equals or one.labels[key] == value)


def _by_dangling(words: Sequence[str], used: set[str]) -> Test:
    for word in words:
        if word.lower() not in _BOOLEANS:
            raise _invalid('dangling', word)
    wanted = {_BOOLEANS[word.lower()] for word in words}
    return lambda one: (
        not one.is_predefined and one.id not in used) in wanted


def _invalid(name: str, word: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        f"invalid filter '{name}={word[:80]}'", 'filter.invalid')
