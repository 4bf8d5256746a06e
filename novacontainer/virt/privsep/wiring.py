"""Entry points of the privileged side: wire, silence, unwire veth pairs.

Called by ``virt.networkops`` over the privsep channel, one round trip for
all interfaces of an instance; calls ``privsep.request`` for the checks,
``privsep.netns`` to get inside, ``privsep.links`` for links, addresses and
routes, and ``privsep.shaping`` for bandwidth.

All of them may be repeated at any time: what is there and right is
left alone, what is missing is added.
"""

from collections.abc import Sequence
import contextlib
import typing

from novacontainer.virt import interface
from novacontainer.virt import privsep
from novacontainer.virt.privsep import links
from novacontainer.virt.privsep import netns
from novacontainer.virt.privsep import offload
from novacontainer.virt.privsep import request
from novacontainer.virt.privsep import shaping


@privsep.network.entrypoint
def wire(
    netns_path: str, interfaces: list[dict[str, typing.Any]],
) -> list[dict[str, typing.Any]]:
    """Give the namespace these interfaces, with addresses and routes.

    A failure removes the pairs that this call has made.

    :param netns_path: see :func:`netns.opened`.
    :param interfaces: :meth:`interface.Interface.to_primitive` of each.
    :returns: for each interface ``{'device': str, 'name': str, 'created':
        bool}``; name is the one inside the namespace.
    :raises: errors.RefusedError, errors.WiringError
    """
    wanted = request.interfaces(interfaces)
    with netns.opened(netns_path) as fd:
        present = netns.inside(fd, _inventory)
        with links.Links() as host, contextlib.ExitStack() as undo:
            pairs = [
                _ensure_pair(host, fd, present, item, undo)
                for item in wanted]
            netns.inside(fd, lambda: _configure(pairs))
            undo.pop_all()
    return [
        {'device': pair.interface.device, 'name': pair.name,
         'created': pair.created}
        for pair in pairs]


@privsep.network.entrypoint
def unwire(devices: list[str]) -> None:
    """Delete the host ends, and with each its peer in whatever namespace.

    :raises: errors.RefusedError for a device that is not a veth,
        errors.WiringError
    """
    names = request.devices(devices)
    with links.Links() as host:
        for name in names:
            link = host.find(name)
            if link is not None:
                link.require_veth()
                host.delete(link)


@privsep.network.entrypoint
def host_ends(netns_path: str) -> list[str]:
    """Names of the host ends of all pairs that lead into the namespace.

    :param netns_path: see :func:`netns.opened`.
    :raises: errors.RefusedError, errors.WiringError
    """
    with netns.opened(netns_path) as fd:
        present = netns.inside(fd, _inventory)
    with links.Links() as host:
        return [end.name for end in host.all()
                if any(link.is_peer_of(end) for link in present)]


@privsep.network.entrypoint
def silence(devices: list[str]) -> None:
    """Take the host ends down; :func:`wire` brings them up again.

    The other ends lose their carrier, but neither addresses nor routes.

    :raises: errors.RefusedError for a device that is not a veth,
        errors.WiringError
    """
    names = request.devices(devices)
    with links.Links() as host:
        for name in names:
            link = host.find(name)
            if link is not None:
                link.require_veth()
                host.down(link)


class _Pair(typing.NamedTuple):
    interface: interface.Interface
    name: str
    created: bool


def _inventory() -> list[links.Link]:
    with links.Links() as container:
        return container.all()


def _ensure_pair(
    host: links.Links,
    fd: int,
    present: list[links.Link],
    wanted: interface.Interface,
    undo: contextlib.ExitStack,
) -> _Pair:
    """Find or make the pair; its host end is up and in its bridge."""
    end = host.find(wanted.device)
    if end is not None:
        end.require_veth()
        for link in present:
            if link.is_peer_of(end):
                host.raise_host_end(end, wanted)
                return _Pair(wanted, link.name, created=False)
        # The port's former namespace still holds the other end: a container
        # that is gone or about to be.
        host.delete(end)
    name = _free_name(wanted.name, present)
    host.create(wanted, name, fd)
    undo.callback(host.delete_by_name, wanted.device)
    present.append(links.Link(0, name, 'veth'))
    host.raise_host_end(host.require(wanted.device), wanted)
    return _Pair(wanted, name, created=True)


def _free_name(wished: str, present: Sequence[links.Link]) -> str:
    taken = {link.name for link in present}
    if wished not in taken:
        return wished
    return next(
        f'eth{number}' for number in range(len(taken) + 1)
        if f'eth{number}' not in taken)


def _configure(pairs: Sequence[_Pair]) -> None:
    """Runs inside the namespace."""
    with links.Links() as container:
        container.up(container.require('lo'))
        for pair in pairs:
            link = container.require(pair.name)
            links.prepare_ipv6(pair.name, pair.interface.accept_ra)
            if not pair.interface.checksum_offload:
                with links.step(
                        f'switch checksum offload of {pair.name} off'):
                    offload.disable_tx_checksum(pair.name)
            container.configure(link, pair.interface)
            if pair.interface.exact:
                container.remove_addresses(link, pair.interface.addresses)
            container.add_addresses(link, pair.interface.addresses)
        # Only now: a gateway may be reachable through any interface.
        for pair in pairs:
            container.add_routes(
                container.require(pair.name), pair.interface.routes)
    shaping.shape(
        [shaping.Wish(pair.name, pair.interface.inbound,
                      pair.interface.outbound) for pair in pairs],
        fresh=all(pair.created for pair in pairs))
