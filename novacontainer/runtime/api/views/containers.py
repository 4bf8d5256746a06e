"""Containers as the Docker Engine API 1.44 shows them.

Called by: ``api.routes.containers``.  Calls: ``views.times``,
``views.hostconfig``, ``views.networks``.
"""

from collections.abc import Sequence
import dataclasses
import datetime

from novacontainer.runtime.api.views import hostconfig
from novacontainer.runtime.api.views import networks
from novacontainer.runtime.api.views import times
from novacontainer.runtime import models
from novacontainer.runtime import networking

_ALIVE = frozenset(
    {
        models.Status.RUNNING,
        models.Status.PAUSED,
        models.Status.RESTARTING,
    }
)


#: How ``docker ps`` tells a health.
_HEALTHS = {
    'starting': 'health: starting',
    'healthy': 'healthy',
    'unhealthy': 'unhealthy',
}


@dataclasses.dataclass(frozen=True, slots=True)
class Surroundings:
    """What an inspection shows beside the record itself.

    :param sandbox_key: path of the network namespace's pin.
    :param sizes: bytes of the writable layer and of the whole root file
        system; None when they were not asked for.
    :param exec_ids: of its execs that are remembered.
    :param health: what its health checks found; None: it has none.
    :param mounts: as ``views.mounts`` shows them.
    :param connections: to networks.
    """

    storage: str
    sandbox_key: str
    places: models.Places
    sizes: tuple[int, int] | None = None
    exec_ids: Sequence[str] = ()
    health: models.Health | None = None
    mounts: Sequence[models.Json] = ()
    connections: Sequence[networking.Connection] = ()


def inspect(
    container: models.Container, around: Surroundings
) -> models.Json:
    """Show one container (``ContainerInspectResponse``)."""
    command = _command(container)
    files = around.places.files
    shown: models.Json = {
        'Id': container.id,
        'Created': times.rfc3339(container.created),
        'Path': command[0] if command else '',
        'Args': command[1:],
        'State': state(container, around.health),
        'Image': container.image_id,
        'ResolvConfPath': files.get('resolv.conf', ''),
        'HostnamePath': files.get('hostname', ''),
        'HostsPath': files.get('hosts', ''),
        'LogPath': str(around.places.log or ''),
        'Name': _slashed(container.name),
        'RestartCount': container.restart_count,
        'Driver': around.storage,
        'Platform': 'linux',
        'MountLabel': '',
        'ProcessLabel': '',
        'AppArmorProfile': '',
        'ExecIDs': list(around.exec_ids) or None,
        'HostConfig': hostconfig.show(
            container.host_config, container.name
        ),
        'GraphDriver': {
            'Name': around.storage,
            'Data': dict(around.places.layers),
        },
        'Mounts': list(around.mounts),
        'Config': hostconfig.config(container.config),
        'NetworkSettings': networks.settings(
            container, around.connections, around.sandbox_key
        ),
    }
    if around.sizes is not None:
        shown['SizeRw'], shown['SizeRootFs'] = around.sizes
    return shown


def state(
    container: models.Container, found: models.Health | None = None
) -> models.Json:
    """Show a container's state (``ContainerState``).

    A container that was initialised but not started is ``created`` with a
    Pid: its held process.
    """
    shown: models.Json = {
        'Status': str(container.status),
        'Running': container.status in _ALIVE,
        'Paused': container.status is models.Status.PAUSED,
        'Restarting': container.status is models.Status.RESTARTING,
        'OOMKilled': container.oom_killed,
        'Dead': container.status is models.Status.DEAD,
        'Pid': container.pid,
        'ExitCode': container.exit_code,
        'Error': container.error,
        'StartedAt': times.rfc3339(container.started),
        'FinishedAt': times.rfc3339(container.finished),
    }
    if found is not None:
        shown['Health'] = health(found)
    return shown


def health(found: models.Health) -> models.Json:
    """Show what health checks found (``Health``)."""
    return {
        'Status': found.status,
        'FailingStreak': found.failing_streak,
        'Log': [
            {
                'Start': times.rfc3339(probe.start),
                'End': times.rfc3339(probe.end),
                'ExitCode': probe.exit_code,
                'Output': probe.output,
            }
            for probe in found.log
        ],
    }


def summary(
    container: models.Container,
    now: datetime.datetime,
    sizes: tuple[int, int] | None = None,
    found: models.Health | None = None,
    mounts: Sequence[models.Json] = (),
    connections: Sequence[networking.Connection] = (),
) -> models.Json:
    """Show one line of ``docker ps`` (``ContainerSummary``)."""
    shown: models.Json = {
        'Id': container.id,
        'Names': [_slashed(container.name)],
        'Image': container.image_name or container.image_id,
        'ImageID': container.image_id,
        'Command': _command_line(container),
        'Created': int(container.created.timestamp()),
        'Ports': networks.port_list(container, connections),
        'Labels': container.config.get('Labels') or {},
        'State': str(container.status),
        'Status': status_text(container, now, found),
        'HostConfig': {
            'NetworkMode': hostconfig.network_mode(container.host_config)
        },
        'NetworkSettings': {
            'Networks': networks.networks(container, connections)
        },
        'Mounts': list(mounts),
    }
    if sizes is not None:
        shown['SizeRw'], shown['SizeRootFs'] = sizes
    return shown


def status_text(
    container: models.Container,
    now: datetime.datetime,
    found: models.Health | None = None,
) -> str:
    """Tell the state as a person reads it: ``Up 2 hours (Paused)``."""
    code = container.exit_code
    match container.status:
        case models.Status.RUNNING:
            up = f'Up {_since(container.started, now)}'
            return f'{up} ({_HEALTHS[found.status]})' if found else up
        case models.Status.PAUSED:
            return f'Up {_since(container.started, now)} (Paused)'
        case models.Status.RESTARTING:
            ago = _since(container.finished, now)
            return f'Restarting ({code}) {ago} ago'
        case models.Status.EXITED:
            return f'Exited ({code}) {_since(container.finished, now)} ago'
        case models.Status.REMOVING:
            return 'Removal In Progress'
        case models.Status.DEAD:
            return 'Dead'
    return 'Created'


def _since(
    moment: datetime.datetime | None, now: datetime.datetime
) -> str:
    return times.duration((now - (moment or now)).total_seconds())


def _slashed(name: str) -> str:
    return '/' + name.removeprefix('/')


def _command(container: models.Container) -> list[str]:
    config = container.config
    return [*(config.get('Entrypoint') or []), *(config.get('Cmd') or [])]


def _command_line(container: models.Container) -> str:
    """Write the command as Docker does: arguments with spaces quoted."""
    command = _command(container)
    return ' '.join(
        f"'{word}'" if number and ' ' in word else word
        for number, word in enumerate(command)
    )
