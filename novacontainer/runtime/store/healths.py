"""What health checks found: rows to :class:`models.Health` and back.

Called by ``service.health``, inside ``Database.transaction()`` (writes) or
``Database.reading()``.  Calls sqlite through the connection it is given.
"""

from collections.abc import Mapping
import datetime
import json
import sqlite3

from novacontainer.runtime import models


def put(connection: sqlite3.Connection, container_id: str,
        health: models.Health) -> None:
    """Write the health of a container, if that is still there."""
    log = json.dumps([
        (probe.start.isoformat(), probe.end.isoformat(), probe.exit_code,
         probe.output) for probe in health.log])
    connection.execute(
        'INSERT OR REPLACE INTO healths '
        '(container_id, status, failing_streak, log) '
        'SELECT id, ?, ?, ? FROM containers WHERE id = ?',
        (health.status, health.failing_streak, log, container_id))


def all_of(connection: sqlite3.Connection) -> Mapping[str, models.Health]:
    """Return all, by the containers' ids."""
    return {row['container_id']: models.Health(
        row['status'], row['failing_streak'],
        tuple(_probe(*entry) for entry in json.loads(row['log'])))
        for row in connection.execute('SELECT * FROM healths')}


def _probe(start: str, end: str, exit_code: int,
           output: str) -> models.Probe:
    return models.Probe(
        datetime.datetime.fromisoformat(start),
        datetime.datetime.fromisoformat(end), exit_code, output)
