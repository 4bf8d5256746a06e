"""The runtime's records: one sqlite file, one connection per thread.

Called by the store's record modules and by services, which bound their
transactions with it; calls ``store.migrations``.
"""

from collections.abc import Iterator
import contextlib
import pathlib
import sqlite3
import threading
import weakref

from novacontainer.runtime import exception
from novacontainer.runtime.store import migrations

#: How long a writer waits for another one before it gives up.
_BUSY_TIMEOUT_S = 30.0


class _Connection(sqlite3.Connection):
    """A connection that can be weakly referenced; the base cannot."""


class Database:
    """Transactions over the records.

    WAL keeps readers and the writer out of each other's way, FULL makes a
    committed transaction survive a power failure
    (https://www.sqlite.org/pragma.html#pragma_synchronous).

    :param path: file; made, with its schema, when it is missing.
    :raises Internal: the file was written by a newer version.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: weakref.WeakSet[_Connection] = (
            weakref.WeakSet())
        self._lock = threading.Lock()
        self._closed = False
        self._migrate()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Bound a transaction that may write; all of it or nothing holds.

        It takes the write lock at once, so what it reads stays true until
        it commits.  It can't be nested within a thread.

        :raises Unavailable: no space left on the disk, or being closed.
        """
        with self._bounded('BEGIN IMMEDIATE') as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Bound a consistent view; it never waits for a writer."""
        with self._bounded('BEGIN DEFERRED') as connection:
            yield connection

    def close(self) -> None:
        """Close every thread's connection; later transactions fail."""
        with self._lock:
            self._closed = True
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    @contextlib.contextmanager
    def _bounded(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        try:
            connection.execute(begin)
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.rollback()
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise exception.Unavailable(
                    f'no space left on the disk of {self._path}',
                    'storage.full') from error
            raise

    def _connection(self) -> sqlite3.Connection:
        connection: _Connection | None = getattr(
            self._local, 'connection', None)
        if connection is None:
            # Another thread only ever closes it, see close().
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None,
                check_same_thread=False, factory=_Connection)
            connection.row_factory = sqlite3.Row
            connection.execute('PRAGMA journal_mode = WAL')
            connection.execute('PRAGMA synchronous = FULL')
            connection.execute('PRAGMA foreign_keys = ON')
            self._local.connection = connection
        with self._lock:
            if self._closed:
                connection.close()
                raise exception.Unavailable(
                    'the daemon is shutting down', 'daemon.stopping')
            self._connections.add(connection)
        return connection

    def _migrate(self) -> None:
        steps = migrations.steps()
        newest = steps[-1][0] if steps else 0
        for number, statements in steps:
            with self.transaction() as connection:
                version = connection.execute(
                    'PRAGMA user_version').fetchone()[0]
                if version > newest:
                    raise exception.Internal(
                        f'{self._path} is of schema {version}, but this '
                        f'version knows only up to {newest}; install the '
                        'newer one again', 'database.too_new')
                if version < number:
                    for statement in statements:
                        connection.execute(statement)
                    connection.execute(f'PRAGMA user_version = {number}')
