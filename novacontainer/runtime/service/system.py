"""Facts about this host and daemon, for ``/info`` and ``/version``.

Called by: ``api.routes.system``.  Calls: nothing; it reads /proc and /sys.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import importlib.metadata
import os
import pathlib
import platform
import uuid

_PROC = pathlib.Path('/proc')
_CGROUPS = pathlib.Path('/sys/fs/cgroup')

#: Limits that we set, and so report on.
_CONTROLLERS = ('memory', 'cpu', 'cpuset', 'pids')

_LXCFS_DEAD = (
    'WARNING: lxcfs has died: containers that started before cannot read '
    'what it showed in /proc; start it, and then them again'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What is so; the names say what, ``memory_bytes`` is the host's RAM.

    :param id: stable for one data root on one machine.
    :param machine: as uname(2) says it.
    :param limits: those of memory, swap, cpu, cpuset, pids that this
        kernel enforces.
    :param lxcfs: ``live``, ``dead``, ``absent`` or ``off``.
    :param warnings: sentences for an operator.
    """

    id: str
    version: str
    hostname: str
    kernel_version: str
    operating_system: str
    operating_system_version: str
    machine: str
    cpus: int
    memory_bytes: int
    data_root: str
    storage: str
    storage_status: Sequence[tuple[str, str]]
    engine: str
    engine_path: str
    engine_version: str
    conmon_version: str
    cgroup_version: int
    limits: frozenset[str]
    ipv4_forwarding: bool
    bridge_nf_iptables: bool
    bridge_nf_ip6tables: bool
    lxcfs: str
    warnings: Sequence[str]


class SystemService:
    """Knows what the composition root chose, reads the rest when asked.

    :param storage_status: tells what there is to know of the storage
        driver, as (name, value) pairs.
    :param cgroup_version: 1 or 2; a hybrid host counts as 1.
    :param lxcfs: tells how that is.
    """

    def __init__(
        self,
        *,
        data_root: pathlib.Path,
        storage: str,
        storage_status: Callable[[], Sequence[tuple[str, str]]],
        engine: str,
        engine_path: str,
        engine_version: str,
        conmon_version: str,
        cgroup_version: int,
        lxcfs: Callable[[], str],
    ) -> None:
        self._data_root = data_root
        self._storage = storage
        self._storage_status = storage_status
        self._engine = engine
        self._engine_path = engine_path
        self._engine_version = engine_version
        self._conmon_version = conmon_version
        self._cgroup_version = cgroup_version
        self._lxcfs = lxcfs

    @property
    def storage(self) -> str:
        """Name of the storage driver."""
        return self._storage

    def facts(self) -> Facts:
        """Read the facts as they are now; takes about a millisecond."""
        release = _os_release()
        limits = _limits(self._cgroup_version)
        lxcfs = self._lxcfs()
        return Facts(
            id=_identity(self._data_root),
            version=_version(),
            hostname=platform.node(),
            kernel_version=platform.release(),
            operating_system=release.get('PRETTY_NAME', 'Linux'),
            operating_system_version=release.get('VERSION_ID', ''),
            machine=platform.machine(),
            cpus=len(os.sched_getaffinity(0)),
            memory_bytes=_memory_bytes(),
            data_root=str(self._data_root),
            storage=self._storage,
            storage_status=self._storage_status(),
            engine=self._engine,
            engine_path=self._engine_path,
            engine_version=self._engine_version,
            conmon_version=self._conmon_version,
            cgroup_version=self._cgroup_version,
            limits=limits,
            ipv4_forwarding=_switch('net/ipv4/ip_forward'),
            bridge_nf_iptables=_switch('net/bridge/bridge-nf-call-iptables'),
            bridge_nf_ip6tables=_switch(
                'net/bridge/bridge-nf-call-ip6tables'
            ),
            lxcfs=lxcfs,
            warnings=(
                *(
                    f'WARNING: No {name} limit support'
                    for name in (*_CONTROLLERS, 'swap')
                    if name not in limits
                ),
                *((_LXCFS_DEAD,) if lxcfs == 'dead' else ()),
            ),
        )


def _identity(data_root: pathlib.Path) -> str:
    machine = _read(pathlib.Path('/etc/machine-id')).strip()
    place = f'{machine or platform.node()}{data_root}'
    return str(uuid.uuid5(uuid.NAMESPACE_URL, place))


def _version() -> str:
    try:
        return importlib.metadata.version('novacontainer')
    except importlib.metadata.PackageNotFoundError:
        # Run from a source tree that nobody installed.
        return '0.0.0.dev0'


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _memory_bytes() -> int:
    for line in _read(_PROC / 'meminfo').splitlines():
        if line.startswith('MemTotal:'):
            return int(line.split()[1]) * 1024
    return 0


def _limits(cgroup_version: int) -> frozenset[str]:
    if cgroup_version == 2:
        present = set(_read(_CGROUPS / 'cgroup.controllers').split())
        swap = any(_CGROUPS.glob('*/memory.swap.max'))
    else:
        present = _mounted_controllers()
        swap = (_CGROUPS / 'memory/memory.memsw.limit_in_bytes').exists()
    found = present & set(_CONTROLLERS)
    return frozenset(found | {'swap'} if swap else found)


def _mounted_controllers() -> set[str]:
    """Read which v1 controllers are mounted (cgroups(7), /proc/cgroups)."""
    found = set()
    for line in _read(_PROC / 'cgroups').splitlines():
        name, *numbers = line.split()
        if numbers[-1:] == ['1'] and numbers[0] != '0':
            found.add(name)
    return found


def _switch(name: str) -> bool:
    return _read(_PROC / 'sys' / name).strip() == '1'


def _read(path: pathlib.Path) -> str:
    """Read a file of the kernel; '' where this kernel has none."""
    try:
        return path.read_text()
    except OSError:
        return ''
