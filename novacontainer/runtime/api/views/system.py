"""The daemon and its host as the Docker Engine API 1.44 shows them.

Called by: ``api.routes.system``.  Calls: ``views.times``.
"""

from collections.abc import Mapping
import datetime
import platform

from novacontainer.runtime.api import services
from novacontainer.runtime.api import version as api_version
from novacontainer.runtime.api.views import times
from novacontainer.runtime import models

#: Beside those that every answer has.
PING_HEADERS = {
    # Empty: we do not build, so the CLI must not choose a builder.
    'Builder-Version': '',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    'Pragma': 'no-cache',
}

#: uname(2)'s machine → Go's name for it, which Docker's clients compare.
_GO_ARCHITECTURES = {
    'x86_64': 'amd64',
    'aarch64': 'arm64',
    'armv7l': 'arm',
    'i686': '386',
}


def version(facts: services.HostFacts) -> models.Json:
    """Show versions (``SystemVersion``)."""
    architecture = _GO_ARCHITECTURES.get(facts.machine, facts.machine)
    return {
        'Platform': {'Name': 'Novacontainer'},
        'Components': [
            _component(
                'Engine',
                facts.version,
                ApiVersion=api_version.API_VERSION,
                MinAPIVersion=api_version.MIN_API_VERSION,
                Arch=architecture,
                BuildTime='',
                Experimental='false',
                GitCommit='',
                GoVersion='',
                KernelVersion=facts.kernel_version,
                Os='linux',
            ),
            _component(facts.engine, facts.engine_version),
            _component('conmon', facts.conmon_version),
            _component('Python', platform.python_version()),
        ],
        'Version': facts.version,
        'ApiVersion': api_version.API_VERSION,
        'MinAPIVersion': api_version.MIN_API_VERSION,
        'GitCommit': '',
        'GoVersion': '',
        'Os': 'linux',
        'Arch': architecture,
        'KernelVersion': facts.kernel_version,
        'BuildTime': '',
    }


def info(
    facts: services.HostFacts,
    containers: Mapping[models.Status, int],
    images: int,
) -> models.Json:
    """Show the host (``SystemInfo``).

    :param containers: how many there are in each state that occurs.
    """
    total = sum(containers.values())
    running = containers.get(models.Status.RUNNING, 0)
    paused = containers.get(models.Status.PAUSED, 0)
    return {
        'ID': facts.id,
        'Containers': total,
        'ContainersRunning': running,
        'ContainersPaused': paused,
        'ContainersStopped': total - running - paused,
        'Images': images,
        'Name': facts.hostname,
        'ServerVersion': facts.version,
        'SystemTime': times.rfc3339(datetime.datetime.now(datetime.UTC)),
        'KernelVersion': facts.kernel_version,
        'OperatingSystem': facts.operating_system,
        'OSVersion': facts.operating_system_version,
        'OSType': 'linux',
        'Architecture': facts.machine,
        'NCPU': facts.cpus,
        'MemTotal': facts.memory_bytes,
        'DockerRootDir': facts.data_root,
        'Driver': facts.storage,
        'DriverStatus': [list(pair) for pair in facts.storage_status],
        'Lxcfs': facts.lxcfs,
        'Warnings': list(facts.warnings) or None,
        **_limits(facts),
        **_engine(facts),
        **_ABSENT,
    }


def _component(name: str, number: str, **details: str) -> models.Json:
    return {'Name': name, 'Version': number, 'Details': details or None}


def _limits(facts: services.HostFacts) -> models.Json:
    cpu = 'cpu' in facts.limits
    return {
        'MemoryLimit': 'memory' in facts.limits,
        'SwapLimit': 'swap' in facts.limits,
        'CpuCfsPeriod': cpu,
        'CpuCfsQuota': cpu,
        'CPUShares': cpu,
        'CPUSet': 'cpuset' in facts.limits,
        'PidsLimit': 'pids' in facts.limits,
        'OomKillDisable': False,
        'IPv4Forwarding': facts.ipv4_forwarding,
        'BridgeNfIptables': facts.bridge_nf_iptables,
        'BridgeNfIp6tables': facts.bridge_nf_ip6tables,
    }


def _engine(facts: services.HostFacts) -> models.Json:
    commit = {'ID': facts.engine_version, 'Expected': facts.engine_version}
    return {
        'Runtimes': {facts.engine: {'path': facts.engine_path}},
        'DefaultRuntime': facts.engine,
        'RuncCommit': commit,
        'ContainerdCommit': {'ID': '', 'Expected': ''},
        'InitCommit': {'ID': '', 'Expected': ''},
        'InitBinary': '',
        'CgroupDriver': 'cgroupfs',
        'CgroupVersion': str(facts.cgroup_version),
        'LoggingDriver': 'json-file',
        'LiveRestoreEnabled': True,
        'SecurityOptions': [
            'name=seccomp,profile=builtin',
            'name=userns',
            'name=cgroupns',
        ],
        'Plugins': {
            'Volume': ['local'],
            'Network': ['bridge', 'host', 'null'],
            'Authorization': None,
            'Log': ['json-file', 'local', 'none'],
        },
    }


#: Members that clients expect, about things which we do not have.
_ABSENT: models.Json = {
    'Debug': False,
    'NFd': -1,
    'NGoroutines': 0,
    'NEventsListener': -1,
    'SystemStatus': None,
    'IndexServerAddress': '',
    'RegistryConfig': {
        'AllowNondistributableArtifactsCIDRs': None,
        'AllowNondistributableArtifactsHostnames': None,
        'InsecureRegistryCIDRs': [],
        'IndexConfigs': {},
        'Mirrors': None,
    },
    'GenericResources': None,
    'HttpProxy': '',
    'HttpsProxy': '',
    'NoProxy': '',
    'Labels': [],
    'ExperimentalBuild': False,
    'Swarm': {
        'NodeID': '',
        'NodeAddr': '',
        'LocalNodeState': 'inactive',
        'ControlAvailable': False,
        'Error': '',
        'RemoteManagers': None,
    },
    'Isolation': '',
    'ProductLicense': '',
    'DefaultAddressPools': None,
    'CDISpecDirs': [],
}
