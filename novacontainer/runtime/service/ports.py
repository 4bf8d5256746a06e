"""Published ports: what a container asks for.  Pure, but for a trial bind.

Called by ``service.netmodes``, ``service.endpoints`` and the filters of
containers.  Calls nothing.

Docker Engine API 1.44, ``HostConfig.PortBindings`` and ``PublishAllPorts``,
``Config.ExposedPorts``.
"""

from collections.abc import Collection, Iterator
import dataclasses
import ipaddress
import re
import socket

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking

_PORT = re.compile(r'(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?')
_RANGE = re.compile(r'(\d{1,5})(?:-(\d{1,5}))?')
#: Where ports that nobody chose come from (ip_local_port_range's default).
_EPHEMERAL = range(32768, 61000)
_KINDS = {'tcp': socket.SOCK_STREAM, 'udp': socket.SOCK_DGRAM}
_ANY = ('', '0.0.0.0', '::')  # noqa: S104


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """A port that is to be published.

    :param host_ports: any of them will do; empty: an ephemeral one.
    """

    container_port: int
    protocol: str
    host_ip: str
    host_ports: range


def exposed(config: models.Json) -> list[tuple[int, str]]:
    """Return the exposed ports of a ``Config``, sorted."""
    found: set[tuple[int, str]] = set()
    for text in config.get('ExposedPorts') or ():
        # What an image exposes may be anything.
        match = _PORT.fullmatch(text)
        if match is not None:
            first, last, protocol = match.groups()
            found.update((number, protocol or 'tcp') for number in range(
                int(first), int(last or first) + 1))
    return sorted(found)


def wanted(config: models.Json, given: models.Json) -> list[Wanted]:
    """Return what a container wants to be published.

    :param given: its HostConfig.
    :raises InvalidRequest: a binding makes no sense; names it.
    """
    found = []
    for text, bindings in (given.get('PortBindings') or {}).items():
        number, protocol = _container_port(text)
        for binding in bindings or ():
            found.append(Wanted(
                number, protocol, _host_ip(binding.get('HostIp') or ''),
                _host_ports(binding.get('HostPort') or '')))
    if given.get('PublishAllPorts'):
        bound = {(one.container_port, one.protocol) for one in found}
        found.extend(
            Wanted(number, protocol, '', range(0))
            for number, protocol in exposed(config)
            if (number, protocol) not in bound)
    return sorted(found, key=lambda one: (one.container_port, one.protocol))


def choose(one: Wanted, host_ip: str,
           taken: Collection[networking.Port]) -> networking.Port:
    """Choose the port of the host.

    :param host_ip: its address, where the container does not say.
    :param taken: ports that other containers have.
    :raises Internal: it is in use (Docker's words and status).
    """
    host_ip = one.host_ip or host_ip
    fault = None
    for number in one.host_ports or _spread(one):
        try:
            _check_free(one, host_ip, number, taken)
        except exception.Internal as error:
            fault = error
        else:
            return networking.Port(
                one.container_port, one.protocol, host_ip, number)
    raise fault or _unavailable('all ephemeral ports are allocated')


def _spread(one: Wanted) -> Iterator[int]:
    """Go through the ephemeral ports, beginning where the kernel says."""
    kind = _KINDS.get(one.protocol, socket.SOCK_STREAM)
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(('', 0))
        start = probe.getsockname()[1]
    if start not in _EPHEMERAL:
        start = _EPHEMERAL.start
    yield from range(start, _EPHEMERAL.stop)
    yield from range(_EPHEMERAL.start, start)


def _check_free(one: Wanted, host_ip: str, number: int,
                taken: Collection[networking.Port]) -> None:
    shown = f'{host_ip or "0.0.0.0"}:{number}'  # noqa: S104
    for other in taken:
        if (other.host_port == number and other.protocol == one.protocol
                and (other.host_ip == host_ip or other.host_ip in _ANY
                     or host_ip in _ANY)):
            raise _unavailable(f'Bind for {shown} failed: port is already '
                               'allocated')
    kind = _KINDS.get(one.protocol)
    if kind is None:
        return
    version = ipaddress.ip_address(host_ip).version if host_ip else 4
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # What closes does not stand in the way of a listener.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host_ip, number))
        except OSError as error:
            raise _unavailable(
                f'failed to bind host port for {shown}/{one.protocol}: '
                f'{error.strerror}') from error


def _container_port(text: str) -> tuple[int, str]:
    match = _PORT.fullmatch(text)
    if match is None or match[2] or not 0 < int(match[1]) < 65536:
        raise _invalid(f'invalid port specification: {text!r}')
    return int(match[1]), match[3] or 'tcp'


def _host_ip(text: str) -> str:
    if text in _ANY:
        # The address of the other family says so as well.
        return ''
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise _invalid(f'invalid IP address: {text}') from error


def _host_ports(text: str) -> range:
    if not text or text == '0':
        return range(0)
    match = _RANGE.fullmatch(text)
    if match is None:
        raise _invalid(f'invalid port specification: {text!r}')
    first, last = int(match[1]), int(match[2] or match[1])
    if not 0 < first <= last < 65536:
        raise _invalid(f'invalid port specification: {text!r}')
    return range(first, last + 1)


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_port')


def _unavailable(message: str) -> exception.Internal:
    return exception.Internal(message, 'network.port_in_use')
