"""A container's Config and HostConfig with every member that 1.44 has.

Called by: ``views.containers``.  Calls: nothing.

The store keeps what was asked; Docker's clients expect the rest to be there
with its default.
"""

from novacontainer.runtime import models

_CONFIG: models.Json = {
    'Hostname': '',
    'Domainname': '',
    'User': '',
    'AttachStdin': False,
    'AttachStdout': False,
    'AttachStderr': False,
    'Tty': False,
    'OpenStdin': False,
    'StdinOnce': False,
    'Env': [],
    'Cmd': None,
    'Image': '',
    'Volumes': None,
    'WorkingDir': '',
    'Entrypoint': None,
    'OnBuild': None,
    'Labels': {},
}

_HOST_CONFIG: models.Json = {
    'Binds': None,
    'ContainerIDFile': '',
    'LogConfig': {'Type': 'json-file', 'Config': {}},
    'NetworkMode': 'none',
    'PortBindings': {},
    'RestartPolicy': {'Name': 'no', 'MaximumRetryCount': 0},
    'AutoRemove': False,
    'VolumeDriver': '',
    'VolumesFrom': None,
    'ConsoleSize': [0, 0],
    'CapAdd': None,
    'CapDrop': None,
    'CgroupnsMode': 'private',
    'Dns': [],
    'DnsOptions': [],
    'DnsSearch': [],
    'ExtraHosts': None,
    'GroupAdd': None,
    'IpcMode': 'private',
    'Cgroup': '',
    'Links': None,
    'OomScoreAdj': 0,
    'PidMode': '',
    'Privileged': False,
    'PublishAllPorts': False,
    'ReadonlyRootfs': False,
    'SecurityOpt': None,
    'UTSMode': '',
    'UsernsMode': '',
    'ShmSize': 64 * 1024 * 1024,
    'Runtime': '',
    'Isolation': '',
    'CpuShares': 0,
    'Memory': 0,
    'NanoCpus': 0,
    'CgroupParent': '',
    'BlkioWeight': 0,
    'BlkioWeightDevice': [],
    'BlkioDeviceReadBps': [],
    'BlkioDeviceWriteBps': [],
    'BlkioDeviceReadIOps': [],
    'BlkioDeviceWriteIOps': [],
    'CpuPeriod': 0,
    'CpuQuota': 0,
    'CpuRealtimePeriod': 0,
    'CpuRealtimeRuntime': 0,
    'CpusetCpus': '',
    'CpusetMems': '',
    'Devices': [],
    'DeviceCgroupRules': None,
    'DeviceRequests': None,
    'MemoryReservation': 0,
    'MemorySwap': 0,
    'MemorySwappiness': None,
    'OomKillDisable': False,
    'PidsLimit': None,
    'Ulimits': [],
    'CpuCount': 0,
    'CpuPercent': 0,
    'IOMaximumIOps': 0,
    'IOMaximumBandwidth': 0,
    'MaskedPaths': None,
    'ReadonlyPaths': None,
}


def config(given: models.Json) -> models.Json:
    """Fill up a Config; what Docker leaves out is not there."""
    return {
        key: value
        for key, value in {**_CONFIG, **given}.items()
        if key in _CONFIG or (value is not None and value is not False)
    }


def show(given: models.Json, name: str = '') -> models.Json:
    """Fill up a HostConfig.

    :param name: of the container, for its links.
    """
    shown = {**_HOST_CONFIG, **given}
    if given.get('Links'):
        shown['Links'] = [_link(text, name) for text in given['Links']]
    if shown['LogConfig'].get('Type') == 'k8s-file':
        # By this name clients know logs that they can read through us: the
        # SDK's run() returns no output of a container with others.
        shown['LogConfig'] = {**shown['LogConfig'], 'Type': 'json-file'}
    return shown


def _link(text: str, name: str) -> str:
    """Show a link as Docker does: ``/db:/web/alias``."""
    other, _, alias = text.removeprefix('/').partition(':')
    return f'/{other}:/{name}/{(alias or other).rpartition("/")[2]}'


def network_mode(given: models.Json) -> str:
    """Return the network mode."""
    return str(given.get('NetworkMode') or _HOST_CONFIG['NetworkMode'])
