"""Bandwidth of a container's interfaces: queues inside its namespace.

Called by ``privsep.wiring``, in the container's namespace.  Everything is
done at the container's own end: Open vSwitch takes the host end's root and
ingress queues for its own and resets them whenever it looks at the port.  The
queues are safe from the tenant, who lacks CAP_NET_ADMIN there.

What leaves is queued on the interface itself.  What arrives is led through a
second device, an ifb called ``in-`` and the interface's name, because the
kernel has queues for what leaves only (tc-mirred(8)).
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import typing

import pyroute2
from pyroute2.netlink import rtnl

from novacontainer.virt import interface
from novacontainer.virt.privsep import links

#: Our queues are told by their handle: "nc" as a major number.
_ROOT = 0x6e630000
_CLASS = _ROOT | 1
_INGRESS = 0xffff0000
_ALL_PROTOCOLS = 3  # include/uapi/linux/if_ether.h, ETH_P_ALL
_PREFIX = 'in-'
#: At the peak rate so much may go at once; a packet of 64 KiB must fit.
_PEAK_BURST_BYTES = 66 * 1024
#: For how long packets may wait, and how many there may be.
_WAIT_S = 0.2
_PACKET_BYTES = 1514
_PACKETS = (16, 1000)


class Wish(typing.NamedTuple):
    """What is wished for one interface; None is no limit."""

    name: str
    inbound: interface.Rate | None
    outbound: interface.Rate | None


def shape(wishes: Sequence[Wish], *, fresh: bool) -> None:
    """Give interfaces these limits, and only these; may be repeated.

    :param fresh: all of them were just made, so that there are none yet.
    :raises: errors.WiringError
    """
    if fresh and not any(wish.inbound or wish.outbound for wish in wishes):
        return
    with _namespace() as namespace:
        for wish in wishes:
            namespace.shape(wish)
        namespace.sweep()


@contextlib.contextmanager
def _namespace() -> Iterator['_Namespace']:
    with links.step('open a netlink socket'):
        netlink = pyroute2.IPRoute()
    try:
        yield _Namespace(netlink)
    finally:
        netlink.close()


class _Namespace:
    """The queues of one network namespace."""

    def __init__(self, netlink: pyroute2.IPRoute) -> None:
        self._netlink = netlink
        self._indexes: dict[str, int] = {}
        self._look()

    def _look(self) -> None:
        with links.step('list the interfaces'):
            self._indexes = {
                message.get_attr('IFLA_IFNAME'): message['index']
                for message in self._netlink.get_links()}

    def shape(self, wish: Wish) -> None:
        """Set or lift both limits of one interface."""
        index = self._indexes[wish.name]
        with links.step(f'limit the bandwidth of {wish.name}'):
            self._queue(index, wish.outbound)
        with links.step(
                f'limit what {wish.name} receives; the host may lack the '
                'kernel module ifb'):
            self._lead_in(wish.name, index, wish.inbound)

    def sweep(self) -> None:
        """Remove the second devices of interfaces that have gone."""
        for name, index in list(self._indexes.items()):
            if (name.startswith(_PREFIX)
                    and name.removeprefix(_PREFIX) not in self._indexes):
                with links.step(f'remove {name}'):
                    self._netlink.link('del', index=index)

    def _lead_in(self, name: str, index: int,
                 rate: interface.Rate | None) -> None:
        second = self._indexes.get(f'{_PREFIX}{name}')
        has_ingress = self._has(index, 'ingress')
        if rate is None:
            if second is not None:
                if has_ingress:
                    self._netlink.tc('del', 'ingress', index, _INGRESS)
                self._netlink.link('del', index=second)
                del self._indexes[f'{_PREFIX}{name}']
            return
        if second is None:
            self._netlink.link('add', ifname=f'{_PREFIX}{name}', kind='ifb')
            self._look()
            second = self._indexes[f'{_PREFIX}{name}']
            self._netlink.link('set', index=second, state='up')
        self._queue(second, rate)
        if not has_ingress:
            self._netlink.tc('add', 'ingress', index, _INGRESS)
            self._netlink.tc(
                'add-filter', 'u32', index, parent=_INGRESS, prio=1,
                protocol=_ALL_PROTOCOLS, target=0, keys=['0x0/0x0+0'],
                action=[{'kind': 'mirred', 'direction': 'egress',
                         'action': 'redirect', 'ifindex': second}])

    def _queue(self, index: int, rate: interface.Rate | None) -> None:
        """Set or lift the limit of what leaves through a device."""
        is_ours = self._has(index, 'htb')
        if rate is None:
            if is_ours:
                self._netlink.tc('del', 'htb', index, _ROOT,
                                 parent=rtnl.TC_H_ROOT)
            return
        if not is_ours:
            self._netlink.tc('add', 'htb', index, _ROOT, default=1)
        # A class of its own: tokens at the average rate, spent no faster
        # than at the peak rate (tc-htb(8)).
        self._netlink.tc(
            'replace-class', 'htb', index, _CLASS, parent=_ROOT,
            rate=rate.average_bytes, ceil=rate.peak_bytes,
            burst=rate.burst_bytes,
            cburst=min(rate.burst_bytes, _PEAK_BURST_BYTES),
            quantum=_PACKET_BYTES)
        if not is_ours:
            self._netlink.tc('add', 'pfifo', index, 0, parent=_CLASS,
                             limit=_packets(rate))

    def _has(self, index: int, kind: str) -> bool:
        return any(
            message.get_attr('TCA_KIND') == kind
            and message['handle'] in (_ROOT, _INGRESS)
            for message in self._netlink.get_qdiscs(index=index))


def _packets(rate: interface.Rate) -> int:
    """How many packets may wait for their turn."""
    least, most = _PACKETS
    fitting = int(rate.average_bytes * _WAIT_S / _PACKET_BYTES)
    return max(least, min(most, fitting))
