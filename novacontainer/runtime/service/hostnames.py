"""Names of neighbours, kept in the hosts files of running containers.

Called by ``service.endpoints`` whenever somebody comes, goes or is renamed.
Calls ``service.directories`` for where the files lie.

A container's own part of the file stays as it is; ours stands between two
lines that say so.  The file is mounted into the container, so it is written
in place.
"""

from collections.abc import Iterable, Sequence

from oslo_log import log as logging

from novacontainer.runtime import networking
from novacontainer.runtime.service import directories

LOG = logging.getLogger(__name__)

BEGIN = '# Names on its networks, kept by novacontainerd:'
END = '# End of names on its networks.'
#: A longer file is no longer one of names, and begins anew.
_MAX_BYTES = 1 << 20
_SHORT_ID = 12


class HostNames:
    """Writes the hosts files of containers."""

    def __init__(self, places: directories.Directories) -> None:
        self._places = places

    def write(self, own: Sequence[networking.Connection],
              around: Iterable[networking.Connection]) -> None:
        """Put the names that a container knows into its hosts file.

        A container that has no such file yet, or no longer, is left alone.

        :param own: the container's connections that are up.
        :param around: those of its networks, its own among them.
        """
        path = self._places.home(
            own[0].endpoint.container_id) / 'hosts'
        try:
            with open(path, 'r+b') as file:
                text = file.read(_MAX_BYTES).decode(errors='replace')
                changed = merged(text, block(own, around)).encode()
                if changed != text.encode():
                    file.seek(0)
                    file.write(changed)
                    file.truncate()
        except FileNotFoundError:
            return
        except OSError as error:
            # It is of less weight than that the container runs.
            LOG.warning('The names of neighbours could not be written: %s',
                        error)


def block(own: Sequence[networking.Connection],
          around: Iterable[networking.Connection]) -> list[str]:
    """Return the lines of hosts(5) for a container."""
    lines = [f'{address}\t{one.own_names}' for one in own
             for address in _addresses(one) if one.hostname]
    links = {name: alias for one in own for name, alias in (
        text.split(':', 1)
        for text in one.endpoint.settings.get('Links') or ())}
    for other in around:
        names = [name for name in other.names
                 if other.network.name != networking.BRIDGE]
        alias = next((
            links[name] for name in links if name == other.container_name
            or (len(name) >= _SHORT_ID
                and other.endpoint.container_id.startswith(name))), '')
        if alias:
            names = list(dict.fromkeys((
                alias, *names,
                other.container_name, other.endpoint.container_id[:12])))
        if names:
            lines.extend(f'{address}\t{" ".join(names)}'
                         for address in _addresses(other))
    return lines


def merged(text: str, lines: Sequence[str]) -> str:
    """Put the lines between their marks into a hosts file."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and not end:
        # Somebody took the end away; what followed cannot be told apart.
        after = ''
    if before and not before.endswith('\n'):
        before += '\n'
    ours = ''.join(f'{line}\n' for line in (BEGIN, *lines, END))
    return before + ours + after.lstrip('\n')


def _addresses(one: networking.Connection) -> list[str]:
    return [address for address in (one.endpoint.ipv4, one.endpoint.ipv6)
            if address]
