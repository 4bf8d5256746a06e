"""The runtime's records: one sqlite file, one connection per thread.

Called by the store's record modules and by services, which bound their
transactions with it; calls ``store.migrations``.
"""

from collections.abc import Iterator
import contextlib
import logging
import os
import pathlib
import sqlite3
import threading
import typing
import weakref

from novacontainer.runtime import exception
from novacontainer.runtime.host import filesystem
from novacontainer.runtime.store import migrations

LOG = logging.getLogger(__name__)

#: How long a writer waits for another one before it gives up.
_BUSY_TIMEOUT_S = 30.0
#: Room on the disk for changes, but little of a small disk.
_RESERVE_BYTES = 4 << 20
_RESERVE_PART = 32
_PAGE_BYTES = 4096
#: How sqlite says that the disk is full (https://www.sqlite.org/rescode.html).
_FULL = ('SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE')
_DAMAGED = ('SQLITE_CORRUPT', 'SQLITE_NOTADB')


class _Connection(sqlite3.Connection):
    """A thread's connection, which another thread closes in the end.

    Nobody else may close it while ``in_use`` is held: the process would
    crash.  A subclass can be weakly referenced, the base cannot.
    """

    def __init__(self, *args: typing.Any, **kwargs: typing.Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_use = threading.RLock()


class Database:
    """Transactions over the records.

    WAL keeps readers and the writer out of each other's way, FULL makes a
    committed transaction survive a power failure
    (https://www.sqlite.org/pragma.html#pragma_synchronous).

    Only root may read it: environments of containers hold secrets.

    On a full disk it still takes small changes, because it has room of its
    own: a container's end must be recorded, and a removal, which makes
    room, begins with a record.

    :param path: file; made, with its schema, when it is missing.
    :raises Internal: the file was written by a newer version, or is damaged.
    :raises Unavailable: the disk is full.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: weakref.WeakSet[_Connection] = (
            weakref.WeakSet())
        self._lock = threading.Lock()
        self._closed = False
        self._room_bytes = _room_bytes(path.parent)
        try:
            self._migrate()
            self._reserve()
        except BaseException:
            self.close()
            raise

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
        """Let transactions end and close; later ones fail."""
        with self._lock:
            self._closed = True
            connections = list(self._connections)
        for connection in connections:
            with connection.in_use:
                connection.close()

    @contextlib.contextmanager
    def _bounded(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._connection() as connection:
            try:
                connection.execute(begin)
                yield connection
                connection.commit()
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what sqlite says of the disk and the file into faults."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            reason = getattr(error, 'sqlite_errorname', '')
            if reason in _FULL:
                raise exception.Unavailable(
                    f'no space left on the disk of {self._path}',
                    'storage.full') from error
            if reason.startswith(_DAMAGED):
                raise exception.Internal(
                    f'{self._path}, which records all images and '
                    f'containers, is damaged: {error}. Restore it from a '
                    'copy; or stop the daemon and move the whole directory '
                    'aside to begin anew', 'database.damaged') from error
            raise

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Keep this thread's connection open.

        :raises Unavailable: the database was closed.
        """
        connection: _Connection | None = getattr(
            self._local, 'connection', None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
        with connection.in_use:
            with self._lock:
                closed = self._closed
                self._connections.add(connection)
            if closed:
                connection.close()
                raise exception.Unavailable(
                    'the daemon is shutting down', 'daemon.stopping')
            yield connection

    def _connect(self) -> _Connection:
        # What sqlite makes beside it gets the same mode.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                         0o600))
        self._path.chmod(0o600)
        # Only close() uses it from another thread.
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None,
            check_same_thread=False, factory=_Connection)
        connection.row_factory = sqlite3.Row
        # The log begins anew before it outgrows its room.
        pages = self._room_bytes // _PAGE_BYTES // 2
        try:
            for setting in ('journal_mode = WAL', 'synchronous = FULL',
                            'foreign_keys = ON',
                            f'wal_autocheckpoint = {pages}'):
                connection.execute(f'PRAGMA {setting}')
        except BaseException:
            connection.close()
            raise
        return connection

    def _reserve(self) -> None:
        """Have the disk keep room for changes; without, go on all the same.

        sqlite writes a change to its log and later moves it to the file.
        There it takes pages that are free before it makes the file longer.
        """
        pages = self._room_bytes // _PAGE_BYTES
        try:
            with self.transaction() as connection:
                free = connection.execute(
                    'PRAGMA freelist_count').fetchone()[0]
                if free < pages:
                    connection.execute('CREATE TABLE room (x)')
                    connection.execute(
                        'INSERT INTO room VALUES (zeroblob(?))',
                        ((pages - free) * _PAGE_BYTES,))
                    connection.execute('DROP TABLE room')
            with self._translated():
                connection.execute('PRAGMA wal_checkpoint(RESTART)')
            filesystem.allocate(self._path, self._path.stat().st_size)
            filesystem.allocate(
                self._path.with_name(f'{self._path.name}-wal'),
                self._room_bytes)
        except (OSError, exception.Unavailable) as error:
            LOG.warning('No room for records could be kept on the disk, so '
                        'nothing can be removed once it is full: %s', error)

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


def _room_bytes(directory: pathlib.Path) -> int:
    disk = os.statvfs(directory)
    return min(_RESERVE_BYTES,
               disk.f_blocks * disk.f_frsize // _RESERVE_PART)
