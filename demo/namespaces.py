"""Network namespaces that the demo's services pinned below /run/netns.

Called by ``leaks``, ``installation`` and ``cleaning``.
"""

import contextlib
import os
import pathlib
import signal

from demo import commands
from demo import directory as directories

_PINS = pathlib.Path('/run/netns')

#: How the names of containers' namespaces begin.
CONTAINER = 'nc-'

_OF_AGENTS = ('qdhcp-', 'qrouter-')
_KINDS = (CONTAINER, *_OF_AGENTS)

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


def remove_of_agents(directory: directories.Directory) -> None:
    """Remove those of Neutron's agents, and end what runs in them."""
    for name in listed(directory):
        if name.startswith(_OF_AGENTS):
            for pid in commands.output(['ip', 'netns', 'pids', name]).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            commands.output(['ip', 'netns', 'delete', name])


def remove(directory: directories.Directory) -> list[str]:
    """Remove them, and return their names."""
    found = listed(directory)
    for name in found:
        commands.output(['ip', 'netns', 'delete', name])
    return found
