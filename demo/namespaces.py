"""Network namespaces that the demo's services pinned below /run/netns.

Called by ``leaks`` and ``cleaning``.
"""

import pathlib

from demo import commands
from demo import directory as directories

_PINS = pathlib.Path('/run/netns')

#: How the names of containers' namespaces begin.
CONTAINER = 'nc-'

# These two are of Neutron's agents.
_KINDS = (CONTAINER, 'qdhcp-', 'qrouter-')

# Whoever made a namespace has its id in the log.
_LOGS = ('novacontainerd.log', 'neutron-dhcp-agent.log',
         'neutron-l3-agent.log')


def listed(directory: directories.Directory) -> list[str]:
    """Names of those that the demo's services made, sorted.

    A namespace of the same kind that our logs do not know belongs to
    another cloud on this machine.
    """
    if not _PINS.exists():
        return []
    logs = ''.join(path.read_text(errors='replace')
                   for path in (directory.log / name for name in _LOGS)
                   if path.exists())
    return [name for name in sorted(path.name for path in _PINS.iterdir())
            if name.startswith(_KINDS) and name.partition('-')[2] in logs]


def remove(directory: directories.Directory) -> list[str]:
    """Remove them, and return their names."""
    found = listed(directory)
    for name in found:
        commands.output(['ip', 'netns', 'delete', name])
    return found
