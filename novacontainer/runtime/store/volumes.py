"""Volume records: rows to :class:`models.Volume` and back.

Called by ``service.volumes`` and ``service.registry``, inside
``Database.transaction()`` (writes) or ``Database.reading()``.  Calls sqlite
through the connection it is given.

A container's row in ``container_volumes`` keeps its volumes from being
removed, and goes with the container's record.
"""

from collections.abc import Iterable, Sequence
import datetime
import json
import sqlite3

from novacontainer.runtime import exception
from novacontainer.runtime import models

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_SELECT = (
    'SELECT volumes.*, json_group_array(container_id) '
    'FILTER (WHERE container_id IS NOT NULL) AS users '
    'FROM volumes LEFT JOIN container_volumes ON volume = name ')
_GROUPED = 'GROUP BY name ORDER BY name'


def insert(connection: sqlite3.Connection, volume: models.Volume) -> None:
    """Add a record; the name must be free."""
    connection.execute(
        'INSERT INTO volumes (name, created_us, labels, options, '
        'by_root) VALUES (?, ?, ?, ?, ?)',
        (volume.name,
         (volume.created - _EPOCH) // datetime.timedelta(microseconds=1),
         json.dumps(dict(volume.labels)), json.dumps(dict(volume.options)),
         int(volume.by_root)))


def find(connection: sqlite3.Connection, name: str) -> models.Volume | None:
    """Return the volume with exactly this name."""
    row = connection.execute(
        f'{_SELECT} WHERE name = ? {_GROUPED}', (name,)).fetchone()
    return None if row is None else _from_row(row)


def select(connection: sqlite3.Connection) -> list[models.Volume]:
    """Return all volumes, sorted by name."""
    return [_from_row(row) for row
            in connection.execute(_SELECT + _GROUPED)]


def delete(connection: sqlite3.Connection, name: str) -> None:
    """Forget a volume.

    :raises NotFound: there is none.
    :raises Conflict: containers have it; names them.
    """
    volume = find(connection, name)
    if volume is None:
        raise not_found(name)
    if volume.users:
        raise exception.Conflict(
            f'remove {name}: volume is in use - [{", ".join(volume.users)}]',
            'volume.in_use')
    connection.execute('DELETE FROM volumes WHERE name = ?', (name,))


def not_found(name: str) -> exception.NotFound:
    """Return the fault of asking for a volume that is not there."""
    return exception.NotFound(
        f'get {name}: no such volume', 'volume.not_found')


def refer(connection: sqlite3.Connection, container_id: str,
          names: Iterable[str]) -> None:
    """Note that a container has volumes.

    :raises Conflict: one of them has been removed meanwhile.
    """
    try:
        connection.executemany(
            'INSERT OR IGNORE INTO container_volumes (container_id, volume) '
            'VALUES (?, ?)', [(container_id, name) for name in names])
    except sqlite3.IntegrityError as error:
        raise exception.Conflict(
            'a volume of the container was removed while it was created; '
            'try again', 'volume.removed') from error


def doom(connection: sqlite3.Connection, container_id: str,
         names: Iterable[str]) -> None:
    """Have volumes of a container go with it, if nobody else has them."""
    connection.executemany(
        'UPDATE container_volumes SET goes = 1 '
        'WHERE container_id = ? AND volume = ?',
        [(container_id, name) for name in names])


def release(connection: sqlite3.Connection,
            container_id: str) -> Sequence[str]:
    """Take a container's volumes from it; forget those that go with it.

    :return: the names of the forgotten.
    """
    doomed = connection.execute(
        'SELECT volume FROM container_volumes '
        'WHERE container_id = ? AND goes', (container_id,)).fetchall()
    connection.execute('DELETE FROM container_volumes '
                       'WHERE container_id = ?', (container_id,))
    gone = []
    for row in doomed:
        removed = connection.execute(
            'DELETE FROM volumes WHERE name = ? AND NOT EXISTS '
            '(SELECT * FROM container_volumes WHERE volume = name)',
            (row['volume'],))
        if removed.rowcount:
            gone.append(row['volume'])
    return gone


def _from_row(row: sqlite3.Row) -> models.Volume:
    return models.Volume(
        name=row['name'],
        created=_EPOCH + datetime.timedelta(microseconds=row['created_us']),
        labels=json.loads(row['labels']),
        options=json.loads(row['options']),
        by_root=bool(row['by_root']),
        users=tuple(json.loads(row['users'])),
    )
