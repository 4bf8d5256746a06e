"""What the page is told, chosen member by member.

Called by ``web.status``.  Pure: the API's documents in, the page's out.
Nothing is passed on that is not named here; environment variables never are,
because people put passwords there.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from novacontainer.client import transport
from novacontainer.web import usage

#: Documents of the API.
Json = transport.Json

_NEVER = '0001-01-01T00:00:00Z'
#: Docker's way to write "no limit" of processes.
_NO_LIMIT = 2**63


def host(info: Json, period_s: float) -> Json:
    """Describe the host and its daemon."""
    return {
        'name': info.get('Name') or '',
        'version': info.get('ServerVersion') or '',
        'system': info.get('OperatingSystem') or '',
        'kernel': info.get('KernelVersion') or '',
        'engine': info.get('DefaultRuntime') or '',
        'storage': info.get('Driver') or '',
        'cgroups': info.get('CgroupVersion') or '',
        'cpus': info.get('NCPU') or 0,
        'memory_bytes': info.get('MemTotal') or 0,
        'images': info.get('Images') or 0,
        'warnings': list(info.get('Warnings') or ()),
        'period_s': period_s,
    }


def limits(document: Json) -> Json:
    """Show what a container may use; None stands for no limit.

    :param document: of one container (``ContainerInspectResponse``).
    """
    config = document.get('HostConfig') or {}
    processes = config.get('PidsLimit') or 0
    return {
        'memory_bytes': config.get('Memory') or None,
        'cpus': _cpus(config),
        'processes': processes if 0 < processes < _NO_LIMIT else None,
        'disk': (config.get('StorageOpt') or {}).get('size'),
        'cpuset': config.get('CpusetCpus') or None,
    }


def _cpus(config: Json) -> float | None:
    """Cpus as a number, whichever way the limit was given."""
    if config.get('NanoCpus'):
        return int(config['NanoCpus']) / 1e9
    quota = config.get('CpuQuota') or 0
    # Without a period the kernel's own of 0.1 s holds.
    return quota / (config.get('CpuPeriod') or 100_000) if quota > 0 else None


def summary(document: Json, its_limits: Json,
            past: Sequence[usage.Point]) -> Json:
    """Show one container of the list (``ContainerSummary``)."""
    names = document.get('Names') or ['']
    return {
        'id': document['Id'],
        'name': names[0].removeprefix('/'),
        'image': document.get('Image') or '',
        'command': document.get('Command') or '',
        'state': document.get('State') or '',
        'status': document.get('Status') or '',
        'created_s': document.get('Created') or 0,
        'ports': [_port(port) for port in document.get('Ports') or ()],
        'limits': its_limits,
        'usage': point(past[-1]) if past else None,
    }


def _port(port: Json) -> str:
    inside = f'{port.get("PrivatePort")}/{port.get("Type")}'
    if not port.get('PublicPort'):
        return inside
    address = str(port.get('IP') or '')
    if ':' in address:
        address = f'[{address}]'
    return f'{address}:{port["PublicPort"]} → {inside}'


def point(one: usage.Point) -> Json:
    """Show a sample."""
    return {
        'time_s': one.time_s,
        'cpus': one.cpus,
        'memory_bytes': one.memory_bytes,
        'memory_limit_bytes': one.memory_limit_bytes,
        'processes': one.processes,
    }


def container(document: Json) -> Json:
    """Show one container (``ContainerInspectResponse``)."""
    config = document.get('Config') or {}
    options = document.get('HostConfig') or {}
    state = document.get('State') or {}
    policy = options.get('RestartPolicy') or {}
    return {
        'id': document['Id'],
        'name': document['Name'].removeprefix('/'),
        'image': config.get('Image') or '',
        'image_id': document.get('Image') or '',
        'command': [*(config.get('Entrypoint') or ()),
                    *(config.get('Cmd') or ())],
        'state': state.get('Status') or '',
        'health': (state.get('Health') or {}).get('Status'),
        'pid': state.get('Pid') or None,
        'exit_code': state.get('ExitCode') or 0,
        'oom_killed': bool(state.get('OOMKilled')),
        'error': state.get('Error') or '',
        'created': document.get('Created') or '',
        'started': _moment(state.get('StartedAt')),
        'finished': _moment(state.get('FinishedAt')),
        'restarts': document.get('RestartCount') or 0,
        'restart_policy': policy.get('Name') or 'no',
        'user': config.get('User') or '',
        'working_dir': config.get('WorkingDir') or '/',
        'hostname': config.get('Hostname') or '',
        'tty': bool(config.get('Tty')),
        'privileged': bool(options.get('Privileged')),
        'read_only': bool(options.get('ReadonlyRootfs')),
        # How many, so that nobody takes the silence for their absence.
        'variables': len(config.get('Env') or ()),
        'labels': dict(config.get('Labels') or {}),
        'limits': limits(document),
        'network': _network(document),
        'mounts': [_mount(one) for one in document.get('Mounts') or ()],
    }


def _moment(text: str | None) -> str | None:
    return None if text in (None, '', _NEVER) else text


def _network(document: Json) -> Json:
    settings = document.get('NetworkSettings') or {}
    networks = settings.get('Networks') or {}
    ports = []
    for inside, bindings in sorted((settings.get('Ports') or {}).items()):
        number, _, kind = inside.partition('/')
        ports += [_port({'PrivatePort': number, 'Type': kind,
                         'IP': binding.get('HostIp'),
                         'PublicPort': binding.get('HostPort')})
                  for binding in bindings or [{}]]
    return {
        'mode': (document.get('HostConfig') or {}).get('NetworkMode') or '',
        'namespace': settings.get('SandboxKey') or '',
        'addresses': {
            name: [address for address in (
                network.get('IPAddress'), network.get('GlobalIPv6Address'))
                if address]
            for name, network in networks.items()},
        'ports': ports,
    }


def _mount(mount: Json) -> Json:
    return {
        'type': mount.get('Type') or '',
        'source': mount.get('Name') or mount.get('Source') or '',
        'destination': mount.get('Destination') or '',
        'read_only': not mount.get('RW', True),
    }


def image(document: Json, users: Mapping[str, int]) -> Json:
    """Show one image (``ImageSummary``).

    :param users: how many containers are made of each image, by its id.
    """
    return {
        'id': document['Id'],
        'names': list(document.get('RepoTags') or ()),
        'created_s': document.get('Created') or 0,
        'size_bytes': document.get('Size') or 0,
        'containers': users.get(document['Id'], 0),
    }


#: Attributes of an event that say more of it; the others are labels.
_DETAILS = (
    'exitCode', 'signal', 'execID', 'oldName', 'comment', 'container',
    'destination', 'driver')


def event(document: Json) -> Json:
    """Show one event (``EventMessage``), without the actor's labels."""
    actor = document.get('Actor') or {}
    attributes = actor.get('Attributes') or {}
    return {
        'time_ns': str(document.get('timeNano') or 0),
        'time_s': (document.get('timeNano') or 0) / 1e9,
        'type': document.get('Type') or '',
        'action': document.get('Action') or '',
        'id': actor.get('ID') or '',
        'name': attributes.get('name') or '',
        'image': attributes.get('image') or '',
        'details': {key: attributes[key] for key in _DETAILS
                    if key in attributes},
    }
