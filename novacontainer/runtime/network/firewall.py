"""Packet filter and address translation of the bridges, all at once.

Called by ``network.bridges``.  Calls, by ``network.commands``,
iptables-restore(8) and ip6tables-restore(8).

Two chains of ours hold the rules of all bridges, and every change writes
them anew in one step: what an administrator flushed is back with the next
container, and a crash leaves no rule behind that the next change would not
take away.  The chains are named after the daemon's own bridge, so that
daemons do not disturb one another.

The rules are Docker's in effect: from a network one gets out, under the
host's address; into it only to published ports, or in answer.  Published
ports themselves are the plugin portmap's.
"""

from collections.abc import Iterable, Sequence
import datetime
import ipaddress
import shutil

from novacontainer.runtime import exception
from novacontainer.runtime.host import namespaces
from novacontainer.runtime.network import commands
from novacontainer.runtime import networking

_COMMANDS = {4: 'iptables', 6: 'ip6tables'}
_TRACKED = '-m conntrack --ctstate'
_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


class Firewall:
    """The rules of one daemon.

    :param name: suffix of the names of its chains.
    """

    def __init__(self, name: str) -> None:
        self._forward = f'NC-FWD-{name}'
        self._nat = f'NC-NAT-{name}'

    def missing(self) -> Sequence[str]:
        """Return the programs that are needed and not there."""
        return [name for command in _COMMANDS.values()
                for name in (command, f'{command}-restore')
                if shutil.which(name) is None]

    def why_not(self) -> str:
        """Try the rules in a network namespace that nobody uses.

        :return: what the kernel does not like about them; '': nothing.
        """
        example = networking.Network(
            'x' * 12, 'trial', 'bridge', _NEVER, ipv6=True, subnets=(
                networking.Subnet('192.0.2.0/24', '192.0.2.1'),
                networking.Subnet('2001:db8::/64', '2001:db8::1')))
        try:
            with namespaces.hold(namespaces.CLONE_NEWNET, None) as pid:
                enter = ('nsenter', f'--net=/proc/{pid}/ns/net', '--')
                for version in _COMMANDS:
                    self._write(version, (example,), enter)
        except (exception.RuntimeFault, OSError) as error:
            return str(error)
        return ''

    def apply(self, networks: Iterable[networking.Network]) -> None:
        """Put the rules of exactly these networks into force.

        :raises Internal: the kernel refuses them.
        """
        known = tuple(networks)
        for version in _COMMANDS:
            if version == 4 or any(one.ipv6 for one in known):
                self._write(version, known)

    def remove(self) -> None:
        """Take every rule and chain of ours away; fine when none is there.

        :raises Internal: the kernel refuses.
        """
        for command in _COMMANDS.values():
            for table, chain, hook in self._hooks():
                rule = (command, '-w', '-t', table)
                if self._succeeds(*rule, '-C', hook, '-j', chain):
                    _run((*rule, '-D', hook, '-j', chain))
                if self._succeeds(*rule, '-F', chain):
                    _run((*rule, '-X', chain))

    def _hooks(self) -> tuple[tuple[str, str, str], ...]:
        return (('filter', self._forward, 'FORWARD'),
                ('nat', self._nat, 'POSTROUTING'))

    def _write(self, version: int, networks: Sequence[networking.Network],
               enter: Sequence[str] = ()) -> None:
        command = _COMMANDS[version]
        _run((*enter, f'{command}-restore', '-w', '--noflush'),
             self.text(version, networks))
        for table, chain, hook in self._hooks():
            rule = (*enter, command, '-w', '-t', table)
            if not self._succeeds(*rule, '-C', hook, '-j', chain):
                _run((*rule, '-I', hook, '1', '-j', chain))

    def text(self, version: int,
             networks: Sequence[networking.Network]) -> str:
        """Return the input of iptables-restore.

        :param version: of IP.
        """
        chain, nat = self._forward, self._nat
        into: list[str] = []
        out: list[str] = []
        translated: list[str] = []
        for one in networks:
            bridge = one.bridge
            into += [f'-A {chain} -i {bridge} -o {bridge} -j ACCEPT']
            if not one.internal:
                into += [
                    f'-A {chain} -o {bridge} {_TRACKED} '
                    'RELATED,ESTABLISHED -j ACCEPT',
                    f'-A {chain} -o {bridge} {_TRACKED} DNAT -j ACCEPT']
            into += [f'-A {chain} -o {bridge} -j DROP']
            verdict = 'DROP' if one.internal else 'ACCEPT'
            out += [f'-A {chain} -i {bridge} -j {verdict}']
            if one.internal or not one.allows(networking.OPTION_MASQUERADE):
                continue
            translated += [
                f'-A {nat} -s {subnet.cidr} ! -o {bridge} -j MASQUERADE'
                for subnet in one.subnets
                if ipaddress.ip_network(subnet.cidr).version == version]
        return '\n'.join((
            '*filter', f':{chain} - [0:0]', *into, *out, 'COMMIT',
            '*nat', f':{nat} - [0:0]', *translated, 'COMMIT', ''))

    @staticmethod
    def _succeeds(*words: str) -> bool:
        try:
            _run(words)
        except exception.Internal:
            return False
        return True


def _run(words: Sequence[str], text: str = '') -> None:
    commands.run(words, 'network.firewall', text)
