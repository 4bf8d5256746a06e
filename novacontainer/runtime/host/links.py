"""Bridges of the network namespace that this process is in.

Called by ``network``.  Calls netdevice(7), ethtool and bridge ioctls.  Nothing
here reads /sys, which shows another namespace where one was entered without a
mount namespace of its own.
"""

import array
import errno
import fcntl
import socket
import struct

_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_SIOCGIFADDR = 0x8915
#: linux/sockios.h, linux/ethtool.h
_SIOCETHTOOL, _ETHTOOL_GLINK = 0x8946, 0xA
#: linux/sockios.h
_SIOCBRADDBR, _SIOCBRDELBR = 0x89A0, 0x89A1
_NAME_BYTES = 16


def exists(name: str) -> bool:
    """Say whether there is an interface of this name."""
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True


def names() -> list[str]:
    """Return the names of all interfaces."""
    return [name for _, name in socket.if_nameindex()]


def is_idle(name: str) -> bool:
    """Say whether a bridge is there that nothing which runs is connected to.

    A bridge has a carrier exactly when one of its ports has.  IFF_RUNNING
    would say the same, but up to a second later.
    """
    value = array.array('I', (_ETHTOOL_GLINK, 0))
    request = struct.pack('16sP16x', name.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, _SIOCETHTOOL, request)
        except OSError:
            return False
    return not value[1]


def address(name: str) -> str:
    """Return the first IPv4 address of an interface, '' when it has none."""
    request = struct.pack('16s24x', name.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            answer = fcntl.ioctl(control, _SIOCGIFADDR, request)
        except OSError:
            return ''
    # struct sockaddr_in: family, port, address.
    return socket.inet_ntoa(answer[20:24])


def add_bridge(name: str) -> None:
    """Make a bridge; fine when there is one.

    :raises OSError: the kernel refuses.
    """
    label = name.encode().ljust(_NAME_BYTES, b'\0')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, _SIOCBRADDBR, label)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise


def delete_bridge(name: str) -> None:
    """Delete a bridge; fine when there is none.

    :raises OSError: it is no bridge.
    """
    label = name.encode().ljust(_NAME_BYTES, b'\0')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            # It must be down (no flags) to go.
            fcntl.ioctl(control, _SIOCSIFFLAGS,
                        struct.pack('16sh22x', label, 0))
            fcntl.ioctl(control, _SIOCBRDELBR, label)
        except OSError as error:
            if error.errno not in (errno.ENODEV, errno.ENXIO):
                raise


def routed(beside: str = '') -> list[tuple[int, int]]:
    """Return the IPv4 networks that this host reaches: (address, mask).

    /proc/net/route (proc(5)), without the default route.

    :param beside: an interface that does not count.
    """
    found = []
    with open('/proc/thread-self/net/route', encoding='ascii') as table:
        next(table, None)
        for line in table:
            fields = line.split()
            address, mask = (socket.ntohl(int(fields[number], 16))
                             for number in (1, 7))
            if mask and fields[0] != beside:
                found.append((address, mask))
    return found
