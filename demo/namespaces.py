"""Network namespaces that the demo's services pinned below /run/netns.

Called by ``leaks`` and ``cleaning``.
"""

import pathlib

from demo import commands
from demo import directory as directories

_PINS = pathlib.Path('/run/netns')

#: Prefix of the namespaces of containers, and of Neutron's agents.
CONTAINER = 'nc-'
_NEUTRON = ('qdhcp-', 'qrouter-')

# Whoever made a namespace has its id in the log.
_LOGS = ('novacontainerd.log', 'neutron-dhcp-agent.log',
         'neutron-l3-agent.log')


def listed() -> set[str]:
    """Names of all pinned network namespaces of this machine."""
    return {path.name for path in _PINS.iterdir()} if _PINS.exists() else set()


def remove(directory: directories.Directory) -> list[str]:
    """Remove those that the demo's services made, and return their names.

    A namespace of the same kind that our logs do not know belongs to
    another cloud on this machine.
    """
    logs = ''.join(path.read_text(errors='replace')
                   for path in (directory.log / name for name in _LOGS)
                   if path.exists())
    removed = [name for name in sorted(listed())
               if name.startswith((CONTAINER, *_NEUTRON))
               and name.partition('-')[2] in logs]
    for name in removed:
        commands.output(['ip', 'netns', 'delete', name])
    return removed
