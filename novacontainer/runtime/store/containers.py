"""Container records: rows to :class:`models.Container` and back.

Called by the services, inside ``Database.transaction()`` (writes) or
``Database.reading()``.  Calls sqlite through the connection it is given.
"""

from collections.abc import Mapping, Sequence
import dataclasses
import datetime
import json
import sqlite3
from typing import Any

from novacontainer.runtime import exception
from novacontainer.runtime import models

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_COLUMNS = (
    'id', 'name', 'image_id', 'image_name', 'config', 'host_config',
    'host_base', 'borrowed_base', 'id_size', 'created_us', 'status', 'pid',
    'conmon_pid', 'conmon_started', 'exit_code', 'oom_killed', 'error',
    'restart_count', 'started_us', 'finished_us', 'stopped_by_hand')
_ALL = (*_COLUMNS, 'mounts')

#: What changes in a container's life; the other columns never do.
_STATE = _COLUMNS[_COLUMNS.index('status'):]

#: What clients may change of a container, see :func:`alter`.
_ALTERABLE = ('name', 'host_config')

# The column names are ours; values are always bound.
_INSERT = (f'INSERT INTO containers ({", ".join(_ALL)}) '  # noqa: S608
           f'VALUES ({", ".join(":" + name for name in _ALL)})')
_UPDATE = ('UPDATE containers SET '  # noqa: S608
           f'{", ".join(f"{name} = :{name}" for name in _STATE)} '
           'WHERE id = :id')
_ALTER = ('UPDATE containers SET '  # noqa: S608
          f'{", ".join(f"{name} = :{name}" for name in _ALTERABLE)} '
          'WHERE id = :id')
_SELECT = 'SELECT * FROM containers'


@dataclasses.dataclass(frozen=True, slots=True)
class Criteria:
    """Which containers :func:`select` returns; empty means any.

    :param labels: (key, value) pairs of which every one must be there; a
        value of None takes any value.
    :param limit: the newest so many; 0: all.
    """

    statuses: tuple[models.Status, ...] = ()
    image_ids: tuple[str, ...] = ()
    labels: tuple[tuple[str, str | None], ...] = ()
    limit: int = 0


def insert(connection: sqlite3.Connection,
           container: models.Container) -> None:
    """Add a record.

    :raises Conflict: the name is taken.
    :raises NotFound: the image has been removed meanwhile, or the container
        whose ids this one is to have.
    """
    holder = find_by_name(connection, container.name)
    if holder is not None:
        raise name_in_use(container.name, holder.id)
    if container.borrows_ids:
        _check_owner(connection, container)
    try:
        connection.execute(_INSERT, _to_row(container))
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorname != 'SQLITE_CONSTRAINT_FOREIGNKEY':
            raise
        raise exception.NotFound(
            f'No such image: {container.image_name}',
            'image.not_found') from error
    labels = container.config.get('Labels') or {}
    connection.executemany(
        'INSERT INTO container_labels (container_id, key, value) '
        'VALUES (?, ?, ?)',
        [(container.id, key, value) for key, value in labels.items()])


def _check_owner(connection: sqlite3.Connection,
                 container: models.Container) -> None:
    """Refuse ids whose owner is gone, or is going."""
    row = _to_row(container)
    owner = connection.execute(
        'SELECT 1 FROM containers WHERE host_base = ? '
        'AND status NOT IN (?, ?)',
        (row['borrowed_base'], models.Status.REMOVING.value,
         models.Status.DEAD.value)).fetchone()
    if owner is None:
        raise exception.NotFound(
            'The container whose root is to be mounted is being removed.',
            'container.not_found')


def name_in_use(name: str, holder_id: str) -> exception.Conflict:
    """Return the fault of asking for a name that a container has."""
    return exception.Conflict(
        f'Conflict. The container name "/{name}" is already in use by '
        f'container "{holder_id}". You have to remove (or rename) that '
        'container to be able to reuse that name.', 'container.name_in_use')


def update(connection: sqlite3.Connection,
           container: models.Container) -> None:
    """Write the state of a container; its configuration never changes."""
    connection.execute(_UPDATE, _to_row(container))


def alter(connection: sqlite3.Connection,
          container: models.Container) -> None:
    """Write a container's name and limits.

    :raises Conflict: another one has the name.
    """
    holder = find_by_name(connection, container.name)
    if holder is not None and holder.id != container.id:
        raise name_in_use(container.name, holder.id)
    connection.execute(_ALTER, _to_row(container))


def delete(connection: sqlite3.Connection, container_id: str) -> None:
    """Forget a container; its id range and name are free from then on."""
    connection.execute('DELETE FROM containers WHERE id = ?',
                       (container_id,))


def find(connection: sqlite3.Connection,
         container_id: str) -> models.Container | None:
    """Return the container with exactly this id."""
    return _one(connection, 'id = ?', container_id)


def find_by_name(connection: sqlite3.Connection,
                 name: str) -> models.Container | None:
    """Return the container with exactly this name (no leading slash)."""
    return _one(connection, 'name = ?', name)


def find_by_prefix(connection: sqlite3.Connection,
                   prefix: str) -> list[models.Container]:
    """Return up to two containers whose id begins with ``prefix``.

    Two is enough to know that the prefix is ambiguous.
    """
    rows = connection.execute(
        f'{_SELECT} WHERE id >= ? AND id < ? LIMIT 2',
        (prefix, prefix + '~'))
    return [_from_row(row) for row in rows]


def select(connection: sqlite3.Connection,
           criteria: Criteria) -> list[models.Container]:
    """Return the containers that match, newest first."""
    clauses: list[str] = []
    values: list[str | int] = []
    for column, allowed in (('status', criteria.statuses),
                            ('image_id', criteria.image_ids)):
        if allowed:
            marks = ', '.join('?' * len(allowed))
            clauses.append(f'{column} IN ({marks})')
            values.extend(allowed)
    for key, value in criteria.labels:
        clause = 'SELECT container_id FROM container_labels WHERE key = ?'
        values.append(key)
        if value is not None:
            clause += ' AND value = ?'
            values.append(value)
        clauses.append(f'id IN ({clause})')
    query = _SELECT
    if clauses:
        query += ' WHERE ' + ' AND '.join(clauses)
    query += ' ORDER BY created_us DESC, id'
    if criteria.limit > 0:
        query += ' LIMIT ?'
        values.append(criteria.limit)
    return [_from_row(row) for row in connection.execute(query, values)]


def unplanned(connection: sqlite3.Connection) -> list[models.Container]:
    """Return those that were made before there were records of mounts."""
    return [_from_row(row) for row
            in connection.execute(f'{_SELECT} WHERE mounts IS NULL')]


def plan(connection: sqlite3.Connection, container: models.Container) -> None:
    """Write what a container has mounted."""
    connection.execute('UPDATE containers SET mounts = ? WHERE id = ?',
                       (_to_row(container)['mounts'], container.id))


def using_image(connection: sqlite3.Connection,
                image_id: str) -> list[str]:
    """Return the ids of the containers made from an image."""
    return [row['id'] for row in connection.execute(
        'SELECT id FROM containers WHERE image_id = ?', (image_id,))]


def host_bases(connection: sqlite3.Connection) -> list[int]:
    """Return the first host id of every range in use."""
    return [row['host_base'] for row in connection.execute(
        'SELECT host_base FROM containers WHERE host_base IS NOT NULL')]


def borrowers(connection: sqlite3.Connection,
              id_map: models.IdMap) -> list[str]:
    """Return the names of the containers that have another one's ids."""
    return [row['name'] for row in connection.execute(
        'SELECT name FROM containers WHERE borrowed_base = ?',
        (id_map.host_base,))]


def counts(connection: sqlite3.Connection) -> Mapping[models.Status, int]:
    """Return how many containers are in each state that occurs."""
    return {models.Status(row['status']): row['number']
            for row in connection.execute(
                'SELECT status, count(*) AS number FROM containers '
                'GROUP BY status')}


def with_process(connection: sqlite3.Connection) -> Sequence[str]:
    """Return the ids of the containers that have a process."""
    return [row['id'] for row in connection.execute(
        'SELECT id FROM containers WHERE conmon_pid != 0')]


def ids(connection: sqlite3.Connection) -> Sequence[str]:
    """Return the id of every container."""
    return [row['id'] for row in connection.execute(
        'SELECT id FROM containers')]


def _one(connection: sqlite3.Connection, clause: str,
         value: str) -> models.Container | None:
    row = connection.execute(
        f'{_SELECT} WHERE {clause}', (value,)).fetchone()
    return None if row is None else _from_row(row)


def _to_row(container: models.Container) -> dict[str, str | int | None]:
    id_map = container.id_map
    return {
        'id': container.id,
        'name': container.name,
        'image_id': container.image_id,
        'image_name': container.image_name,
        'config': json.dumps(container.config),
        'host_config': json.dumps(container.host_config),
        'host_base': (id_map.host_base
                      if id_map and not container.borrows_ids else None),
        'borrowed_base': (id_map.host_base
                          if id_map and container.borrows_ids else None),
        'id_size': id_map.size if id_map else None,
        'created_us': _to_us(container.created),
        'status': container.status.value,
        'pid': container.pid,
        'conmon_pid': container.conmon_pid,
        'conmon_started': container.conmon_started,
        'exit_code': container.exit_code,
        'oom_killed': int(container.oom_killed),
        'error': container.error,
        'restart_count': container.restart_count,
        'started_us': _to_us(container.started),
        'finished_us': _to_us(container.finished),
        'stopped_by_hand': int(container.stopped_by_hand),
        'mounts': json.dumps(
            [dataclasses.asdict(point) for point in container.mounts]),
    }


def _from_row(row: sqlite3.Row) -> models.Container:
    id_map = None
    base = row['host_base']
    if base is None:
        base = row['borrowed_base']
    if base is not None:
        id_map = models.IdMap(base, row['id_size'])
    return models.Container(
        id=row['id'],
        name=row['name'],
        image_id=row['image_id'],
        image_name=row['image_name'],
        config=json.loads(row['config']),
        host_config=json.loads(row['host_config']),
        id_map=id_map,
        created=_EPOCH + datetime.timedelta(
            microseconds=row['created_us']),
        status=models.Status(row['status']),
        pid=row['pid'],
        conmon_pid=row['conmon_pid'],
        conmon_started=row['conmon_started'],
        exit_code=row['exit_code'],
        oom_killed=bool(row['oom_killed']),
        error=row['error'],
        restart_count=row['restart_count'],
        started=_from_us(row['started_us']),
        finished=_from_us(row['finished_us']),
        stopped_by_hand=bool(row['stopped_by_hand']),
        mounts=tuple(_mount_point(found) for found
                     in json.loads(row['mounts'] or '[]')),
        borrows_ids=row['borrowed_base'] is not None,
    )


def _mount_point(found: Mapping[str, Any]) -> models.MountPoint:
    return models.MountPoint(**{**found, 'words': tuple(found['words'])})


def _to_us(moment: datetime.datetime | None) -> int | None:
    if moment is None:
        return None
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1)


def _from_us(moment_us: int | None) -> datetime.datetime | None:
    if moment_us is None:
        return None
    return _EPOCH + datetime.timedelta(microseconds=moment_us)
