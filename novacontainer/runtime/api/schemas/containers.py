"""What the bodies about containers may hold.

Called by: ``api.routes.containers``, ``api.routes.images``.  Calls:
``schemas.body``, ``schemas.networks``.

Types only: whether a value makes sense on this host is the service's
question.  Members that are not named here pass, as they do in Docker.
"""

from collections.abc import Iterable

from novacontainer.runtime.api.schemas import body
from novacontainer.runtime.api.schemas import networks
from novacontainer.runtime import models

#: No NUL: the kernel's strings end there.
_TEXT: body.Schema = {'type': 'string', 'pattern': r'^[^\x00]*\Z'}
_FLAG: body.Schema = {'type': 'boolean'}
_INTEGER: body.Schema = {
    'type': 'integer',
    'minimum': -(2**63),
    'maximum': 2**63 - 1,
}
_TEXTS: body.Schema = {'type': 'array', 'items': _TEXT}
_OBJECT: body.Schema = {'type': 'object'}
_SET: body.Schema = {
    'type': 'object',
    'propertyNames': _TEXT,
    'additionalProperties': _OBJECT,
}
_MAP: body.Schema = {
    'type': 'object',
    'propertyNames': _TEXT,
    'additionalProperties': _TEXT,
}
#: A shell line or a list of words (Docker's strslice).
_COMMAND: body.Schema = {**_TEXT, 'type': ['string', 'array'], 'items': _TEXT}


def _all(kind: body.Schema, *names: str) -> body.Schema:
    return dict.fromkeys(names, kind)


def _object(**members: body.Schema) -> body.Schema:
    return {'type': 'object', 'properties': members}


def _list(**members: body.Schema) -> body.Schema:
    return {'type': 'array', 'items': _object(**members)}


_CONFIG = {
    **_all(
        _TEXT,
        'Hostname',
        'Domainname',
        'User',
        'Image',
        'WorkingDir',
        'MacAddress',
        'Runtime',
        'StopSignal',
    ),
    **_all(
        _FLAG,
        'AttachStdin',
        'AttachStdout',
        'AttachStderr',
        'Tty',
        'OpenStdin',
        'StdinOnce',
        'ArgsEscaped',
        'NetworkDisabled',
    ),
    **_all(_TEXTS, 'Env', 'OnBuild', 'Shell'),
    **_all(_COMMAND, 'Cmd', 'Entrypoint'),
    **_all(_SET, 'ExposedPorts', 'Volumes'),
    'Healthcheck': {
        'type': 'object',
        'properties': {
            'Test': _TEXTS,
            **_all(
                _INTEGER,
                'Interval',
                'Timeout',
                'StartPeriod',
                'StartInterval',
                'Retries',
            ),
        },
    },
    'Labels': _MAP,
    'StopTimeout': _INTEGER,
}

_HOST_CONFIG = {
    **_all(
        _TEXT,
        'Cgroup',
        'CgroupParent',
        'CgroupnsMode',
        'ContainerIDFile',
        'CpusetCpus',
        'CpusetMems',
        'ImageVolumeMode',
        'IpcMode',
        'Isolation',
        'NetworkMode',
        'PidMode',
        'Runtime',
        'UTSMode',
        'UsernsMode',
        'VolumeDriver',
    ),
    **_all(
        _FLAG,
        'AutoRemove',
        'Init',
        'OomKillDisable',
        'Privileged',
        'PublishAllPorts',
        'ReadonlyRootfs',
    ),
    **_all(
        _INTEGER,
        'BlkioWeight',
        'CpuCount',
        'CpuPercent',
        'CpuPeriod',
        'CpuQuota',
        'CpuRealtimePeriod',
        'CpuRealtimeRuntime',
        'CpuShares',
        'IOMaximumBandwidth',
        'IOMaximumIOps',
        'KernelMemory',
        'KernelMemoryTCP',
        'Memory',
        'MemoryReservation',
        'MemorySwap',
        'MemorySwappiness',
        'NanoCpus',
        'OomScoreAdj',
        'PidsLimit',
        'ShmSize',
    ),
    **_all(
        _TEXTS,
        'Binds',
        'CapAdd',
        'CapDrop',
        'DeviceCgroupRules',
        'Dns',
        'DnsOptions',
        'DnsSearch',
        'ExtraHosts',
        'GroupAdd',
        'Links',
        'MaskedPaths',
        'ReadonlyPaths',
        'SecurityOpt',
        'VolumesFrom',
    ),
    **_all(_MAP, 'Annotations', 'StorageOpt', 'Sysctls', 'Tmpfs'),
    **_all(
        _list(Path=_TEXT, Rate=_INTEGER),
        'BlkioDeviceReadBps',
        'BlkioDeviceReadIOps',
        'BlkioDeviceWriteBps',
        'BlkioDeviceWriteIOps',
    ),
    'BlkioWeightDevice': _list(Path=_TEXT, Weight=_INTEGER),
    'DeviceRequests': _list(
        Driver=_TEXT,
        Count=_INTEGER,
        DeviceIDs=_TEXTS,
        Capabilities={'type': 'array', 'items': _TEXTS},
        Options=_MAP,
    ),
    'ConsoleSize': {'type': 'array', 'items': _INTEGER},
    'Devices': {
        'type': 'array',
        'items': {
            'type': 'object',
            'properties': _all(
                _TEXT, 'PathOnHost', 'PathInContainer', 'CgroupPermissions'
            ),
        },
    },
    'LogConfig': {
        'type': 'object',
        'properties': {'Type': _TEXT, 'Config': _MAP},
    },
    'Mounts': {
        'type': 'array',
        'items': {
            'type': 'object',
            'properties': {
                **_all(_TEXT, 'Type', 'Source', 'Target', 'Consistency'),
                'ReadOnly': _FLAG,
                'BindOptions': _object(
                    Propagation=_TEXT,
                    NonRecursive=_FLAG,
                    CreateMountpoint=_FLAG,
                    ReadOnlyNonRecursive=_FLAG,
                    ReadOnlyForceRecursive=_FLAG,
                ),
                'VolumeOptions': _object(
                    NoCopy=_FLAG,
                    Labels=_MAP,
                    DriverConfig=_object(Name=_TEXT, Options=_MAP),
                    Subpath=_TEXT,
                ),
                'TmpfsOptions': _object(SizeBytes=_INTEGER, Mode=_INTEGER),
            },
        },
    },
    'PortBindings': {
        'type': 'object',
        'propertyNames': _TEXT,
        'additionalProperties': {
            'type': 'array',
            'items': {
                'type': 'object',
                'properties': _all(_TEXT, 'HostIp', 'HostPort'),
            },
        },
    },
    'RestartPolicy': {
        'type': 'object',
        'properties': {'Name': _TEXT, 'MaximumRetryCount': _INTEGER},
    },
    'Ulimits': {
        'type': 'array',
        'items': {
            'type': 'object',
            'properties': {'Name': _TEXT, **_all(_INTEGER, 'Soft', 'Hard')},
        },
    },
}

#: ``POST /containers/create`` (API 1.44, ContainerCreate).
CREATE = body.validator(
    {
        'type': 'object',
        'properties': {
            **_CONFIG,
            'HostConfig': {'type': 'object', 'properties': _HOST_CONFIG},
            'NetworkingConfig': {
                'type': 'object',
                'properties': {
                    'EndpointsConfig': {
                        'type': 'object',
                        'propertyNames': _TEXT,
                        'additionalProperties': networks.ENDPOINT,
                    },
                },
            },
        },
    }
)

#: ``POST /commit`` (API 1.44, ImageCommit): a Config of the new image.
COMMIT = body.validator({'type': 'object', 'properties': _CONFIG})


#: A block device to be plugged in, an extension.
DEVICE = body.validator({
    **_HOST_CONFIG['Devices']['items'],
    'required': ['PathOnHost'],
})


#: Members of a HostConfig that are about its resources (API 1.44,
#: Resources), and so may stand in an update.
_RESOURCES = (
    'BlkioDeviceReadBps', 'BlkioDeviceReadIOps', 'BlkioDeviceWriteBps',
    'BlkioDeviceWriteIOps', 'BlkioWeight', 'BlkioWeightDevice',
    'CgroupParent', 'CpuCount', 'CpuPercent', 'CpuPeriod', 'CpuQuota',
    'CpuRealtimePeriod', 'CpuRealtimeRuntime', 'CpuShares', 'CpusetCpus',
    'CpusetMems', 'DeviceCgroupRules', 'DeviceRequests', 'Devices',
    'IOMaximumBandwidth', 'IOMaximumIOps', 'Init', 'KernelMemory',
    'KernelMemoryTCP', 'Memory', 'MemoryReservation', 'MemorySwap',
    'MemorySwappiness', 'NanoCpus', 'OomKillDisable', 'PidsLimit',
    'Ulimits')

#: ``POST /containers/…/update`` (API 1.44, ContainerUpdate).
UPDATE = body.validator({
    'type': 'object',
    'properties': {
        name: _HOST_CONFIG[name]
        # StorageOpt is an extension.
        for name in (*_RESOURCES, 'RestartPolicy', 'StorageOpt')
    },
})


def create(raw: bytes) -> models.Json:
    """Parse a create body; commands come out as lists."""
    document = _in_case(
        body.parse(raw, CREATE), (*_CONFIG, 'HostConfig', 'NetworkingConfig')
    )
    if isinstance(document.get('HostConfig'), dict):
        document['HostConfig'] = _in_case(document['HostConfig'], _HOST_CONFIG)
    document = _with_lists(body.check(_settled(document), CREATE))
    for asked in document.get('HostConfig', {}).get('Devices', ()):
        # Ours to say; a client may send back what it was shown.
        asked.pop('Plugged', None)
    return document


def _in_case(document: models.Json, names: Iterable[str]) -> models.Json:
    """Write known members in their own case, which Go does not heed."""
    known = {name.lower(): name for name in names}
    return {
        known.get(key.lower(), key): value for key, value in document.items()
    }


def _settled(document: models.Json) -> models.Json:
    """Put members to where they belong.

    Those of a HostConfig were a Config's once, and clients still send them
    so; some write the query's ``name`` into the body too.
    """
    strays = {
        key: value
        for key, value in document.items()
        if key in _HOST_CONFIG and key not in _CONFIG
    }
    if not strays and 'name' not in document:
        return document
    return {
        **{
            key: value
            for key, value in document.items()
            if key not in strays and key != 'name'
        },
        'HostConfig': {
            **{key: value for key, value in strays.items() if value},
            **document.get('HostConfig', {}),
        },
    }


def update(raw: bytes) -> models.Json:
    """Parse the body of an update."""
    return body.parse(raw, UPDATE)


def device(raw: bytes) -> models.Json:
    """Parse the body that names a device to be plugged in."""
    return body.parse(raw, DEVICE)


def commit(raw: bytes) -> models.Json | None:
    """Parse a commit body; None when it says nothing."""
    if raw.strip() in (b'', b'null'):
        return None
    return _with_lists(body.parse(raw, COMMIT)) or None


def _with_lists(document: models.Json) -> models.Json:
    for name in ('Cmd', 'Entrypoint'):
        if isinstance(document.get(name), str):
            document[name] = [document[name]]
    return document
