"""Which addresses networks and containers get.  Pure.

Called by ``service.networks`` (subnets), ``service.networkspec`` and
``service.endpoints`` (addresses).
"""

from collections.abc import Collection, Iterable, Iterator
import hashlib
import ipaddress

from novacontainer.runtime import exception
from novacontainer.runtime import networking

Net = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Addresses of a family of which the first so many are looked at.
_LOOKED_AT = 1 << 17


def subnet(text: str) -> Net:
    """Read a subnet, as ``172.18.0.0/16``.

    :raises InvalidRequest: it is none.
    """
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise _invalid(f'invalid subnet {text}: {error}') from error
    if '/' not in text:
        raise _invalid(f'invalid subnet {text}: it has no prefix length, '
                       f'such as {text}/24')
    return found


def address(text: str) -> Address:
    """Read an address.

    :raises InvalidRequest: it is none.
    """
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise _invalid(f'invalid IP address: {text}') from error


def pools(words: Iterable[str]) -> list[tuple[Net, int]]:
    """Read ``base/length:size`` words.

    :raises ValueError: a word is not of that form.
    """
    found = []
    for word in words:
        base, _, size = word.partition(':')
        net = ipaddress.ip_network(base)
        length = int(size)
        if not net.prefixlen <= length <= 30:
            raise ValueError(f'{word}: the size must be between the length '
                             'of the base and 30')
        found.append((net, length))
    return found


def free_subnet(choices: Iterable[tuple[Net, int]],
                taken: Collection[Net]) -> Net:
    """Return the first subnet that overlaps with none that is taken.

    :raises Unavailable: there is none.
    """
    for base, length in choices:
        for candidate in base.subnets(new_prefix=length):
            if not overlapping(candidate, taken):
                return candidate
    raise exception.Unavailable(
        'all predefined address pools have been fully subnetted: say which '
        'subnet the network shall have, or add to [networks] pools',
        'network.pools_exhausted')


def local_subnet(network_id: str) -> Net:
    """Return the unique local IPv6 subnet of a network (RFC 4193)."""
    digits = hashlib.sha256(network_id.encode()).hexdigest()[:14]
    return ipaddress.ip_network((int(f'fd{digits}', 16) << 64, 64))


def overlapping(one: Net, others: Iterable[Net]) -> Net | None:
    """Return the first of the others that shares addresses with one."""
    for other in others:
        if one.version == other.version and one.overlaps(other):
            return other
    return None


def first_host(net: Net) -> Address:
    """Return the address that a gateway has when nobody says otherwise."""
    return net[1]


def pick(of: networking.Subnet, used: Collection[str],
         preferred: str = '') -> str:
    """Return an address that nobody uses.

    :param used: addresses that containers have.
    :param preferred: taken where it can be; '': the lowest.
    :raises Unavailable: none is free.
    """
    barred = {*used, of.gateway, *of.reserved.values()}
    if preferred and preferred not in barred and _lies_in(preferred, of):
        return preferred
    for number, candidate in enumerate(_candidates(of)):
        if str(candidate) not in barred:
            return str(candidate)
        if number > _LOOKED_AT:
            break
    raise exception.Unavailable(
        f'no available IPv{subnet(of.cidr).version} addresses on this '
        f"network's address pools: {of.ip_range or of.cidr}",
        'network.no_address')


def check_static(text: str, of: networking.Subnet) -> str:
    """Return an address that a client chose, in its canonical form.

    :raises InvalidRequest: the network does not have it.
    """
    wanted = address(text)
    if wanted not in subnet(of.cidr):
        raise _invalid(
            f'invalid endpoint settings: no configured subnet or ip-range '
            f'contain the IP address {text}')
    return str(wanted)


def mac(ipv4: str, seed: str) -> str:
    """Return a hardware address, as Docker makes it of the IPv4 address.

    :param seed: of what it is made where there is no IPv4 address.
    """
    packed = (ipaddress.IPv4Address(ipv4).packed if ipv4
              else hashlib.sha256(seed.encode()).digest()[:4])
    return ':'.join(f'{byte:02x}' for byte in (0x02, 0x42, *packed))


def _lies_in(text: str, of: networking.Subnet) -> bool:
    return address(text) in subnet(of.cidr)


def _candidates(of: networking.Subnet) -> Iterator[Address]:
    whole, part = subnet(of.cidr), subnet(of.ip_range or of.cidr)
    # The first and the last one of the whole are no hosts.
    for candidate in part:
        if candidate != whole.network_address and (
                candidate != whole.broadcast_address
                or whole.num_addresses <= 2):
            yield candidate


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'network.invalid_address')
