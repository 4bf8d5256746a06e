"""Endpoint records: rows to :class:`networking.Endpoint` and back.

Called by ``service.endpoints``, ``service.networks`` and
``service.registry``, inside ``Database.transaction()`` (writes) or
``Database.reading()``.  Calls sqlite through the connection it is given.
"""

import dataclasses
import json
import sqlite3

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from novacontainer.runtime.store import networks


def insert(connection: sqlite3.Connection,
           endpoint: networking.Endpoint) -> None:
    """Add a record.

    :raises Conflict: the network has been removed meanwhile.
    """
    going = connection.execute(
        'SELECT going FROM networks WHERE id = ?',
        (endpoint.network_id,)).fetchone()
    if going is None or going['going']:
        raise exception.Conflict(
            f'network {endpoint.network_id} was removed meanwhile',
            'network.removed')
    connection.execute(
        'INSERT INTO endpoints (id, container_id, network_id, settings, '
        'stage, interface, mac, ipv4, ipv6, default_route, ports) '
        'VALUES (:id, :container_id, :network_id, :settings, :stage, '
        ':interface, :mac, :ipv4, :ipv6, :default_route, :ports)',
        _to_row(endpoint))


def save(connection: sqlite3.Connection,
         endpoint: networking.Endpoint) -> None:
    """Write what has changed."""
    connection.execute(
        'UPDATE endpoints SET settings = :settings, stage = :stage, '
        'interface = :interface, mac = :mac, ipv4 = :ipv4, ipv6 = :ipv6, '
        'default_route = :default_route, ports = :ports WHERE id = :id',
        _to_row(endpoint))


def delete(connection: sqlite3.Connection, endpoint_id: str) -> None:
    """Forget an endpoint."""
    connection.execute(
        'DELETE FROM endpoints WHERE id = ?', (endpoint_id,))


def of_container(connection: sqlite3.Connection,
                 container_id: str) -> list[networking.Connection]:
    """Return a container's connections, in the order of their making."""
    return _select(connection, 'container_id = ?', container_id)


def of_network(connection: sqlite3.Connection,
               network_id: str) -> list[networking.Connection]:
    """Return a network's connections, in the order of their making."""
    return _select(connection, 'network_id = ?', network_id)


def up(connection: sqlite3.Connection) -> list[networking.Connection]:
    """Return every connection whose interface is there, or may be."""
    return _select(connection, 'stage != ?', 0)


def select(connection: sqlite3.Connection) -> list[networking.Connection]:
    """Return all connections, in the order of their making."""
    return _select(connection, 'number > ?', 0)


def _select(connection: sqlite3.Connection, clause: str,
            value: str | int) -> list[networking.Connection]:
    rows = connection.execute(
        'SELECT endpoints.*, containers.name AS container_name, '  # noqa: S608
        "containers.config ->> '$.Hostname' AS hostname, "
        "containers.config ->> '$.Domainname' AS domainname "
        'FROM endpoints JOIN containers ON containers.id = container_id '
        f'WHERE {clause} ORDER BY number', (value,)).fetchall()
    known = {ident: networks.get(connection, ident)
             for ident in {row['network_id'] for row in rows}}
    return [networking.Connection(
        _from_row(row), known[row['network_id']], row['container_name'],
        row['hostname'] or '', row['domainname'] or '') for row in rows]


def _to_row(endpoint: networking.Endpoint) -> dict[str, str | int]:
    return {
        'id': endpoint.id,
        'container_id': endpoint.container_id,
        'network_id': endpoint.network_id,
        'settings': json.dumps(dict(endpoint.settings)),
        'stage': int(endpoint.stage),
        'interface': endpoint.interface,
        'mac': endpoint.mac,
        'ipv4': endpoint.ipv4,
        'ipv6': endpoint.ipv6,
        'default_route': int(endpoint.default_route),
        'ports': json.dumps([
            dataclasses.asdict(port) for port in endpoint.ports]),
    }


def _from_row(row: sqlite3.Row) -> networking.Endpoint:
    return networking.Endpoint(
        id=row['id'],
        container_id=row['container_id'],
        network_id=row['network_id'],
        settings=json.loads(row['settings']),
        stage=networking.Stage(row['stage']),
        interface=row['interface'],
        mac=row['mac'],
        ipv4=row['ipv4'],
        ipv6=row['ipv6'],
        default_route=bool(row['default_route']),
        ports=tuple(networking.Port(**one)
                    for one in json.loads(row['ports'])),
    )
