"""What a container's state allows, and what comes of what happens to it.

Called by the services of the lifecycle.  Pure: a record in, a record or an
error out, in the words of Docker where clients know them.

::

    create ─► created ─init─► created, pid ─start─► running ◄─► paused
                 ▲                 │                   │           │
                 └─ init undone ───┘                   ▼           │
                          exited ◄─────────────────── exit ◄───────┘
    any ─remove─► removing ─► (gone), or dead when files could not go
"""

import dataclasses
import datetime
import enum

from novacontainer.runtime import exception
from novacontainer.runtime import models

#: Exit codes of a container that could not be started (Docker's, after
#: the shell's).
START_FAILED = 128
COMMAND_NOT_EXECUTABLE = 126
COMMAND_NOT_FOUND = 127
#: Ended by SIGKILL (128 + 9), or as good as.
KILLED = 137
#: How it ended is not known; Docker says so after a reboot of the host.
UNKNOWN = 255

_START_CODES = {
    'container.command_not_found': COMMAND_NOT_FOUND,
    'container.command_not_executable': COMMAND_NOT_EXECUTABLE,
}

LIVE = frozenset((models.Status.RUNNING, models.Status.PAUSED))
_GOING = frozenset((models.Status.REMOVING, models.Status.DEAD))


class Wish(enum.StrEnum):
    """What a client may ask of a container."""

    INIT = 'initialise'
    START = 'start'
    STOP = 'stop'
    KILL = 'kill'
    PAUSE = 'pause'
    UNPAUSE = 'unpause'


def is_live(container: models.Container) -> bool:
    """Say whether its process has been started and has not ended."""
    return container.status in LIVE


def is_held(container: models.Container) -> bool:
    """Say whether it is initialised: its process exists but waits."""
    return container.pid > 0 and container.status is models.Status.CREATED


def check(container: models.Container, wish: Wish) -> None:
    """Refuse what the container's state does not allow.

    :raises NotModified: it already is as asked.
    :raises Conflict: the state stands in the way.
    """
    if container.status in _GOING:
        raise _conflict(
            f'Container {container.id} is marked for removal and cannot be '
            f'used: {wish} failed', 'container.being_removed')
    if wish in (Wish.INIT, Wish.START):
        _check_start(container, wish)
    elif wish is Wish.STOP:
        if not is_live(container):
            raise exception.NotModified(
                f'Container {container.id} is not running',
                'container.already_stopped')
    elif not is_live(container):
        raise _conflict(f'Container {container.id} is not running',
                        'container.not_running')
    _check_pause(container, wish)


def check_present(container: models.Container, verb: str) -> None:
    """Refuse what cannot be done with a container that is going.

    :param verb: what cannot be done: ``commit``.
    :raises Conflict: it is being removed.
    """
    if container.status in _GOING:
        raise _conflict(
            f'You cannot {verb} container {container.id} which is '
            f'{container.status}', 'container.being_removed')


def check_attach(container: models.Container) -> None:
    """Refuse to attach to what is frozen or going.

    :raises Conflict: it is paused or being removed.
    """
    if container.status in _GOING:
        raise _conflict(
            f'Container {container.id} is marked for removal and cannot be '
            'attached to', 'container.being_removed')
    if container.status is models.Status.PAUSED:
        raise _conflict(
            f'Container {container.id} is paused, unpause the container '
            'before attach', 'container.paused')


def check_exec(container: models.Container) -> None:
    """Refuse a further process where none can run.

    :raises Conflict: the container does not run, or is paused.
    """
    if not is_live(container):
        raise _conflict(f'Container {container.id} is not running',
                        'container.not_running')
    if container.status is models.Status.PAUSED:
        raise _conflict(
            f'Container {container.id} is paused, unpause the container '
            'before exec', 'container.paused')


def check_restarting(container: models.Container) -> None:
    """Refuse to remove what waits to be started again, unless by force.

    :raises Conflict: it does.
    """
    if container.status is models.Status.RESTARTING:
        raise _conflict(
            f'You cannot remove a restarting container {container.id}. Stop '
            'the container before attempting removal or force remove',
            'container.running')


def check_remove(container: models.Container, force: bool) -> None:
    """Refuse to remove what runs, unless by force.

    :raises Conflict: it runs or is paused.
    """
    if force or not is_live(container):
        return
    if container.status is models.Status.PAUSED:
        raise _conflict(
            f'You cannot remove a paused container {container.id}. Unpause '
            'and then stop the container before attempting removal or '
            'force remove', 'container.paused')
    raise _conflict(
        f'You cannot remove a running container {container.id}. Stop the '
        'container before attempting removal or force remove',
        'container.running')


def held(container: models.Container,
         created: models.Created) -> models.Container:
    """Return the record of a container that has been initialised."""
    return dataclasses.replace(
        container, status=models.Status.CREATED, pid=created.pid,
        conmon_pid=created.conmon_pid,
        conmon_started=created.conmon_started, error='')


def started(container: models.Container, now: datetime.datetime,
            again: bool = False) -> models.Container:
    """Return the record of a container whose process has been let go.

    :param again: by its restart policy, not by a person.
    """
    return dataclasses.replace(
        container, status=models.Status.RUNNING, started=now,
        exit_code=0, oom_killed=False, error='', stopped_by_hand=False,
        restart_count=container.restart_count + 1 if again else 0)


def not_started(container: models.Container,
                fault: exception.RuntimeFault) -> models.Container:
    """Return the record of a container that could not be started."""
    return dataclasses.replace(
        released(container), error=fault.message,
        exit_code=_START_CODES.get(fault.code, START_FAILED))


def released(container: models.Container) -> models.Container:
    """Return the record of a container that no longer has a process.

    It is back where it was before it was initialised.
    """
    rest = models.Status.EXITED if container.started else \
        models.Status.CREATED
    return dataclasses.replace(
        container, status=rest, pid=0, conmon_pid=0, conmon_started=0)


def exited(container: models.Container, now: datetime.datetime, code: int,
           oom_killed: bool = False, error: str = '') -> models.Container:
    """Return the record of a container whose process has ended."""
    return dataclasses.replace(
        released(container), status=models.Status.EXITED, finished=now,
        exit_code=code, oom_killed=oom_killed, error=error)


def _check_start(container: models.Container, wish: Wish) -> None:
    if container.status is models.Status.PAUSED:
        raise _conflict(
            f'cannot {wish} a paused container, try unpause instead',
            'container.paused')
    if is_live(container) or (wish is Wish.INIT and is_held(container)):
        raise exception.NotModified(
            f'Container {container.id} is already running',
            'container.already_started')


def _check_pause(container: models.Container, wish: Wish) -> None:
    paused = container.status is models.Status.PAUSED
    if wish is Wish.PAUSE and paused:
        raise _conflict(f'Container {container.id} is already paused',
                        'container.paused')
    if wish is Wish.UNPAUSE and not paused:
        raise _conflict(f'Container {container.id} is not paused',
                        'container.not_paused')


def _conflict(message: str, code: str) -> exception.Conflict:
    return exception.Conflict(message, code)
