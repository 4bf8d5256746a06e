"""What instances leave behind on the host: nothing, or a list.

Called by ``scenario``: an :func:`inventory` before the first instance and
one after the last, and :func:`difference` says what is left.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import json
import pathlib

from demo import cgroups
from demo import cinder
from demo import commands
from demo import directory as directories
from demo import mounts
from demo import namespaces
from demo import runtime
from demo import switch

# Directories of the runtime that outlive instances: images are kept.
_LASTING = ('blobs', 'layers')

# What the driver and os-vif call their ends.
_INTERFACES = ('tap', 'qbr', 'qvb', 'qvo')

#: kind → what there is of it.
Inventory = Mapping[str, frozenset[str]]


def inventory(directory: directories.Directory) -> Inventory:
    """Everything on this host that an instance could leave behind."""
    found = {
        'containers': {container['Id']
                       for container in runtime.containers(directory)},
        'mounts': set(mounts.listed(directory.root)),
        'network namespaces': {
            name for name in namespaces.listed(directory)
            if name.startswith(namespaces.CONTAINER)},
        'interfaces': _interfaces(),
        'switch ports': of_instances(switch.ports_of_bridge(directory)),
        'cgroups': cgroups.listed(),
        'container processes': _monitors(directory),
        'loop devices of volumes': set(cinder.devices(directory)),
        'files of the runtime': _files(directory),
        'files in /tmp': set(map(str, privsep_sockets())),
    }
    return {kind: frozenset(names) for kind, names in found.items()}


def difference(before: Inventory, after: Inventory) -> list[str]:
    """What is in the second and was not in the first, one line each."""
    return [f'{kind}: {name}' for kind in after
            for name in sorted(after[kind] - before[kind])]


def of_instances(interfaces: Iterable[str]) -> set[str]:
    """Those of some interfaces that an instance may be plugged into.

    Others come and go meanwhile: Neutron's L3 agent plugs its "qr-" and
    "qg-" anew whenever it has to process a router once more.
    """
    return {name for name in interfaces if name.startswith(_INTERFACES)}


def privsep_sockets() -> set[pathlib.Path]:
    """Sockets of oslo.privsep's; one goes as soon as its helper is there."""
    return set(pathlib.Path('/tmp').glob('tmp*/privsep.sock'))


def _interfaces() -> set[str]:
    """Interfaces of instances in the host's own namespace."""
    links = json.loads(commands.output(['ip', '-json', 'link', 'show']))
    return of_instances(link['ifname'] for link in links)


def _monitors(directory: directories.Directory) -> set[str]:
    """Runtimes and monitors with a path of ours in their command line."""
    found = set()
    wanted = str(directory.runtime_run).encode()
    for process in pathlib.Path('/proc').iterdir():
        if process.name.isdigit():
            try:
                words = (process / 'cmdline').read_bytes().split(b'\0')
            except (FileNotFoundError, ProcessLookupError):
                continue
            if words[0].rpartition(b'/')[2] in (b'conmon', b'crun', b'runc') \
                    and any(wanted in word for word in words):
                found.add(f'{process.name} {words[0].decode()}')
    return found


def _files(directory: directories.Directory) -> set[str]:
    """What lies in the directories of the runtime, images aside."""
    places = [*directory.runtime_run.iterdir(),
              *directory.runtime_data.iterdir()]
    return {str(path) for place in places
            if place.is_dir() and place.name not in _LASTING
            for path in place.iterdir()}
