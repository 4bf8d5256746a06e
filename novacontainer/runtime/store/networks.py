"""Network records: rows to :class:`networking.Network` and back.

Called by ``service.networks`` and ``service.endpoints``, inside
``Database.transaction()`` (writes) or ``Database.reading()``.  Calls sqlite
through the connection it is given.
"""

import dataclasses
import datetime
import json
import sqlite3

from novacontainer.runtime import exception
from novacontainer.runtime import networking

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def insert(connection: sqlite3.Connection,
           network: networking.Network) -> None:
    """Add a record.

    :raises Conflict: the name is taken.
    """
    if find_by_name(connection, network.name) is not None:
        raise exception.Conflict(
            f'network with name {network.name} already exists',
            'network.name_in_use')
    connection.execute(
        'INSERT INTO networks (id, name, driver, created_us, internal, '
        'ipv6, attachable, subnets, labels, options, going) '
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)',
        (network.id, network.name, network.driver,
         (network.created - _EPOCH) // datetime.timedelta(microseconds=1),
         int(network.internal), int(network.ipv6), int(network.attachable),
         _subnets(network), json.dumps(dict(network.labels)),
         json.dumps(dict(network.options))))


def redefine(connection: sqlite3.Connection,
             network: networking.Network) -> None:
    """Write subnets and options of a network anew."""
    connection.execute(
        'UPDATE networks SET subnets = ?, options = ?, ipv6 = ? '
        'WHERE id = ?',
        (_subnets(network), json.dumps(dict(network.options)),
         int(network.ipv6), network.id))


def find(connection: sqlite3.Connection,
         network_id: str) -> networking.Network | None:
    """Return the network with exactly this id."""
    return _one(connection, 'id = ?', network_id)


def get(connection: sqlite3.Connection,
        network_id: str) -> networking.Network:
    """Return the network with exactly this id, which must be there.

    :raises NotFound: it is not.
    """
    found = find(connection, network_id)
    if found is None:
        raise not_found(network_id)
    return found


def not_found(name: str) -> exception.NotFound:
    """Return the fault of asking for a network that is not there."""
    return exception.NotFound(
        f'network {name} not found', 'network.not_found')


def find_by_name(connection: sqlite3.Connection,
                 name: str) -> networking.Network | None:
    """Return the network with exactly this name."""
    return _one(connection, 'name = ?', name)


def find_by_prefix(connection: sqlite3.Connection,
                   digits: str) -> list[networking.Network]:
    """Return the networks whose id begins with hexadecimal digits."""
    # 'g' follows every hexadecimal digit.
    return [_from_row(row) for row in connection.execute(
        'SELECT * FROM networks WHERE id >= ? AND id < ?',
        (digits, digits + 'g'))]


def select(connection: sqlite3.Connection) -> list[networking.Network]:
    """Return all networks, oldest first."""
    return [_from_row(row) for row in connection.execute(
        'SELECT * FROM networks ORDER BY created_us, name')]


def mark_going(connection: sqlite3.Connection, network_id: str) -> None:
    """Note that a network is being removed; its endpoints go at once."""
    connection.execute(
        'UPDATE networks SET going = 1 WHERE id = ?', (network_id,))
    connection.execute(
        'DELETE FROM endpoints WHERE network_id = ?', (network_id,))


def delete(connection: sqlite3.Connection, network_id: str) -> None:
    """Forget a network."""
    connection.execute('DELETE FROM networks WHERE id = ?', (network_id,))


def _one(connection: sqlite3.Connection, clause: str,
         value: str) -> networking.Network | None:
    row = connection.execute(
        f'SELECT * FROM networks WHERE {clause}',  # noqa: S608
        (value,)).fetchone()
    return None if row is None else _from_row(row)


def _subnets(network: networking.Network) -> str:
    return json.dumps([
        dataclasses.asdict(subnet) for subnet in network.subnets])


def _from_row(row: sqlite3.Row) -> networking.Network:
    return networking.Network(
        id=row['id'],
        name=row['name'],
        driver=row['driver'],
        created=_EPOCH + datetime.timedelta(microseconds=row['created_us']),
        internal=bool(row['internal']),
        ipv6=bool(row['ipv6']),
        attachable=bool(row['attachable']),
        subnets=tuple(networking.Subnet(**one)
                      for one in json.loads(row['subnets'])),
        labels=json.loads(row['labels']),
        options=json.loads(row['options']),
        going=bool(row['going']),
    )
