"""Who is at the other end of a connection on the loopback interface.

Called by ``web.server``.  Anybody on the host can connect, and so can a
container that shares the host's network.  The page shows what containers
write, so it is for those who may ask the daemon themselves: root, and the
members of the group that the socket belongs to.
"""

from collections.abc import Iterable
import grp
import ipaddress
import pathlib
import pwd
import struct

_PROC = pathlib.Path('/proc/self/net')

#: Address and port.
Address = tuple[str, int]
_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def allowed(uid: int, gid: int) -> frozenset[int]:
    """Return the users who may look.

    :param uid: who started the page.
    :param gid: of the group whose members may use the socket; its root
        group has no members who could.
    """
    members = set()
    if gid != 0:
        try:
            names = grp.getgrgid(gid).gr_mem
        except KeyError:
            names = []
        for name in names:
            try:
                members.add(pwd.getpwnam(name).pw_uid)
            except KeyError:
                # A member who is no user of this host.
                continue
        members |= {one.pw_uid for one in pwd.getpwall()
                    if one.pw_gid == gid}
    return frozenset({0, uid} | members)


def uid_of(theirs: Address, ours: Address,
           proc: pathlib.Path = _PROC) -> int | None:
    """Return the user who has the other end of a connection open.

    From the kernel's tables of connections (proc(5), /proc/net/tcp).

    :param theirs: the client's address and port.
    :param ours: the server's.
    :returns: None when nobody on this host, in this network namespace, has.
    """
    addresses = [ipaddress.ip_address(one[0]) for one in (theirs, ours)]
    ports = theirs[1], ours[1]
    if addresses[0].version == 4:
        found = _find(proc / 'tcp', _entry(addresses, ports))
        if found is not None:
            return found
        # A socket of IPv6 that speaks IPv4 stands in the other table.
        addresses = [ipaddress.ip_address(f'::ffff:{one}')
                     for one in addresses]
    return _find(proc / 'tcp6', _entry(addresses, ports))


def _find(path: pathlib.Path, wanted: list[str]) -> int | None:
    try:
        table = path.open()
    except FileNotFoundError:
        # A kernel without IPv6.
        return None
    with table:
        next(table)
        for line in table:
            fields = line.split()
            # The inode is 0 when no process holds it any more; such an end
            # is shown as root's.
            if fields[1:3] == wanted and fields[9] != '0':
                return int(fields[7])
    return None


def _entry(addresses: Iterable[_Ip], ports: Iterable[int]) -> list[str]:
    """Write both ends as the table has them."""
    return [f'{_hexadecimal(address)}:{port:04X}'
            for address, port in zip(addresses, ports, strict=True)]


def _hexadecimal(address: _Ip) -> str:
    """Write an address in 32-bit words as this machine reads them."""
    words = struct.unpack(f'={len(address.packed) // 4}I', address.packed)
    return ''.join(f'{word:08X}' for word in words)
