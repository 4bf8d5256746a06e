"""Filters of containers by what only some of them have.

Called by ``service.filters``.  Pure: words in, a test out.

Docker Engine API 1.44, ContainerList.  No container here is of a service of
Swarm's; the filter is there all the same, and says so.
"""

from collections.abc import Callable, Mapping, Sequence
import re
import typing

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking

Test = Callable[[models.Container], bool]
FindConnections = Callable[
    [models.Container], Sequence[networking.Connection]]

_HEALTH = frozenset(('none', 'starting', 'healthy', 'unhealthy'))
_BOOLEANS = {'1': True, 'true': True, '0': False, 'false': False}
_PORTS = re.compile(r'(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?')


def tests(filters: Mapping[str, Sequence[str]]) -> list[Test]:
    """Return what a container has to pass.

    :raises InvalidRequest: a value that the filter does not know.
    """
    return [make(name, filters[name]) for name, make in _MAKERS.items()
            if filters.get(name)]


def by_health(
    words: Sequence[str],
    find: Callable[[models.Container], models.Health | None],
) -> Test:
    """Return the test of the filter ``health``.

    :param find: returns what is known of the health of a container.
    :raises InvalidRequest: a value that the filter does not know.
    """
    for word in words:
        if word not in _HEALTH:
            raise _invalid('health', word)

    def test(container: models.Container) -> bool:
        health = find(container)
        return (health.status if health else 'none') in words

    return test


def by_network(words: Sequence[str], find: FindConnections) -> Test:
    """Return the test of the filter ``network``.

    :param find: returns the connections of a container.
    """
    def test(container: models.Container) -> bool:
        known = {container.host_config.get('NetworkMode') or 'none'}
        for one in find(container):
            known.update((one.network.name, one.network.id))
        return not known.isdisjoint(words)

    return test


def by_publish(words: Sequence[str], find: FindConnections) -> Test:
    """Return the test of the filter ``publish``: a port of the host.

    :param find: returns the connections of a container.
    :raises InvalidRequest: a value is no port.
    """
    ranges = [_ports('publish', word) for word in words]

    def test(container: models.Container) -> bool:
        return any(
            protocol == port.protocol and first <= port.host_port <= last
            for first, last, protocol in ranges
            for one in find(container) for port in one.endpoint.ports)

    return test


def _isolation(_name: str, _words: Sequence[str]) -> Test:
    # Of Windows alone; on Linux Docker does not look at it.
    return lambda container: True


def _is_task(name: str, words: Sequence[str]) -> Test:
    for word in words:
        if word.lower() not in _BOOLEANS:
            raise _invalid(name, word)
    wanted = {_BOOLEANS[word.lower()] for word in words}
    return lambda container: False in wanted


def _volume(_name: str, words: Sequence[str]) -> Test:
    wanted = frozenset(words)

    def test(container: models.Container) -> bool:
        return any(
            point.target in wanted
            or (point.type == 'volume' and point.source in wanted)
            for point in container.mounts)

    return test


def _expose(name: str, words: Sequence[str]) -> Test:
    ranges = [_ports(name, word) for word in words]

    def test(container: models.Container) -> bool:
        # What an image exposes may be anything.
        exposed = [_ports(name, port) for port
                   in container.config.get('ExposedPorts') or ()
                   if _PORTS.fullmatch(port)]
        return any(
            protocol == other and first <= port <= last
            for first, last, protocol in ranges
            for port, _, other in exposed)

    return test


def _ports(name: str, word: str) -> tuple[int, int, str]:
    """Read ``80``, ``80/tcp`` or ``8000-8080/udp``."""
    match = _PORTS.fullmatch(word)
    if match is None:
        raise _invalid(name, word)
    first, last, protocol = match.groups()
    return int(first), int(last or first), protocol or 'tcp'


def _invalid(name: str, word: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        f"invalid filter '{name}={word[:80]}'", 'filters.invalid')


_MAKERS: Mapping[str, Callable[[str, Sequence[str]], Test]] = {
    'expose': _expose,
    'is-task': _is_task,
    'isolation': _isolation,
    'volume': _volume,
}
NAMES: typing.Final = frozenset(_MAKERS)
