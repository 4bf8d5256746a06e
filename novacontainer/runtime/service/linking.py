"""Links among containers on the default network, as Docker once had them.

Called by ``service.creation`` (:meth:`Links.check`) and
``service.preparation`` (:meth:`Links.environment`).  Calls the registry and
``service.endpoints``; ``service.ports`` for what is exposed.

``HostConfig.Links`` of Docker Engine API 1.44: the other container must run,
is known by an alias, which ``service.hostnames`` sees to, and its address,
ports and environment are told in variables.  On other networks a link is an
alias and nothing more.
"""

from collections.abc import Callable, Iterator, Sequence

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import endpointspec
from novacontainer.runtime.service import ports
from novacontainer.runtime.service import state

#: What of the other's environment is not told.
_OWN = frozenset(('HOME', 'PATH'))


class Links:
    """Resolves the links of containers.

    :param get: returns a container by any of its names, or raises.
    :param of: returns the connections of the container of an id.
    """

    def __init__(
        self, get: Callable[[str], models.Container],
        of: Callable[[str], Sequence[networking.Connection]],
    ) -> None:
        self._get = get
        self._of = of

    def check(self, host_config: models.Json) -> None:
        """Refuse links to containers that are not there.

        :raises InvalidRequest: there is none of that name, or the link is
            none.
        """
        for name, _ in _pairs(host_config):
            try:
                self._get(name)
            except exception.NotFound as fault:
                raise exception.InvalidRequest(
                    f'could not get container for {name}: {fault.message}',
                    'container.invalid_link') from fault

    def environment(self, container: models.Container) -> tuple[str, ...]:
        """Return the variables that tell of the linked containers.

        :raises Conflict: one of them does not run.
        :raises NotFound: one of them has been removed.
        """
        if container.host_config.get('NetworkMode') != networking.BRIDGE:
            return ()
        found: list[str] = []
        for name, alias in _pairs(container.host_config):
            other = self._get(name)
            place = f'/{container.name}/{alias}'
            address = next((
                one.endpoint.ipv4 for one in self._of(other.id)
                if one.network.name == networking.BRIDGE
                and one.endpoint.is_up), '')
            if not state.is_live(other) or not address:
                raise exception.Conflict(
                    'Cannot link to a non running container: '
                    f'/{other.name} AS {place}', 'container.not_running')
            prefix = alias.replace('-', '_').upper()
            found.append(f'{prefix}_NAME={place}')
            found.extend(_ports(prefix, address, other.config))
            found.extend(
                f'{prefix}_ENV_{entry}'
                for entry in other.config.get('Env') or ()
                if '=' in entry and entry.partition('=')[0] not in _OWN)
        return tuple(found)


def _pairs(host_config: models.Json) -> Iterator[tuple[str, str]]:
    for text in host_config.get('Links') or ():
        name, _, alias = endpointspec.link_text(text).partition(':')
        yield name, alias


def _ports(prefix: str, address: str,
           config: models.Json) -> Iterator[str]:
    for first, (number, protocol) in enumerate(ports.exposed(config)):
        url = f'{protocol}://{address}:{number}'
        if first == 0:
            yield f'{prefix}_PORT={url}'
        name = f'{prefix}_PORT_{number}_{protocol.upper()}'
        yield f'{name}={url}'
        yield f'{name}_ADDR={address}'
        yield f'{name}_PORT={number}'
        yield f'{name}_PROTO={protocol}'
