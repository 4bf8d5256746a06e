"""Switches transmit checksum offload off.

Called by ``privsep.wiring`` inside a container's namespace.  A veth passes
packets on with their checksums unfinished.  The kernel's own datapath knows
that; a userspace Open vSwitch reads them through a raw socket, takes the
checksums for real ones, and TCP hangs.
"""

import array
import fcntl
import socket
import struct

_SIOCETHTOOL = 0x8946      # include/uapi/linux/sockios.h
_ETHTOOL_STXCSUM = 0x17    # include/uapi/linux/ethtool.h
_IFREQ = struct.Struct('16sP16x')


def disable_tx_checksum(name: str) -> None:
    """Have the kernel fill in checksums; segmentation offload goes with it.

    :param name: interface in the calling thread's network namespace.
    :raises: OSError
    """
    value = array.array('I', (_ETHTOOL_STXCSUM, 0))
    request = _IFREQ.pack(name.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, request)
