"""What is seen of an instance over the network, from two places.

Called by ``scenario`` and the tests of the cloud.  The neighbour is the
network namespace of Neutron's DHCP agent: a place inside the tenant's
network, behind the same switch and the same firewall, that needs no instance.
Outside is the host itself, which sees floating addresses alone.
"""

import pathlib
import subprocess

from demo import errors


class Outside:
    """Pings, fetches and logs in from the host, as the world would."""

    #: What stands before every command.
    _prefix: tuple[str, ...] = ()

    def pings(self, address: str) -> bool:
        """Whether one echo request is answered within a second."""
        return self._run('ping', '-c', '1', '-W', '1', address)[0]

    def fetch(self, address: str, path: str = '/') -> str | None:
        """The text at a path of a web server, or None without an answer."""
        done, text = self._run(
            'curl', '--silent', '--fail', '--noproxy', '*',
            '--max-time', '2', f'http://{address}{path}')
        return text if done else None

    def login(self, address: str, key: pathlib.Path,
              command: str) -> str | None:
        """What a command prints over ssh, or None without success."""
        done, text = self._run(
            'ssh', '-i', str(key), '-o', 'BatchMode=yes',
            '-o', 'ConnectTimeout=3', '-o', 'LogLevel=ERROR',
            '-o', 'StrictHostKeyChecking=no',
            # Addresses are used again by other instances.
            '-o', 'UserKnownHostsFile=/dev/null', f'root@{address}', command)
        return text if done else None

    def _run(self, *argv: str) -> tuple[bool, str]:
        try:
            result = subprocess.run(
                [*self._prefix, *argv], check=False,
                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=30)
        except subprocess.TimeoutExpired as error:
            raise errors.DemoError(
                f'"{" ".join(argv)}" did not end.') from error
        return result.returncode == 0, result.stdout


class Neighbour(Outside):
    """The same from inside one network.

    :param network_id: Neutron's id of the network.
    """

    def __init__(self, network_id: str) -> None:
        self.namespace = f'qdhcp-{network_id}'
        self._prefix = ('ip', 'netns', 'exec', self.namespace)

    @property
    def present(self) -> bool:
        """Whether the DHCP agent has made the namespace."""
        return pathlib.Path('/run/netns', self.namespace).exists()
