import os
import pathlib
import sqlite3
import threading
import time
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.store import database
from novacontainer.runtime.store import migrations

STEPS = [(1, ('CREATE TABLE t (x INTEGER PRIMARY KEY)',)),
         (2, ('INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)'))]


class TestDatabase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir()).path
        self.path = pathlib.Path(folder) / 'x.sqlite'
        self.steps = self.useFixture(fixtures.MockPatchObject(
            migrations, 'steps', return_value=STEPS)).mock

    def open(self):
        opened = database.Database(self.path)
        self.addCleanup(opened.close)
        return opened

    def rows(self, opened):
        with opened.reading() as connection:
            return [row['x'] for row in
                    connection.execute('SELECT x FROM t ORDER BY x')]

    def test_steps_are_applied_once(self):
        self.open().close()
        self.assertEqual([1, 2], self.rows(self.open()))

    def test_later_steps_are_added(self):
        self.steps.return_value = STEPS[:1]
        self.open().close()
        self.steps.return_value = STEPS
        self.assertEqual([1, 2], self.rows(self.open()))

    def test_a_failing_step_leaves_the_one_before(self):
        broken = [STEPS[0], (2, ('INSERT INTO t VALUES (7)', 'nonsense'))]
        self.steps.return_value = broken
        self.assertRaises(sqlite3.OperationalError, self.open)
        self.steps.return_value = STEPS
        self.assertEqual([1, 2], self.rows(self.open()))

    def test_newer_schema(self):
        self.open().close()
        self.steps.return_value = STEPS[:1]
        error = self.assertRaises(exception.Internal, self.open)
        self.assertEqual('database.too_new', error.code)

    def test_all_or_nothing(self):
        opened = self.open()

        def fail():
            with opened.transaction() as connection:
                connection.execute('INSERT INTO t VALUES (3)')
                raise KeyError
        self.assertRaises(KeyError, fail)
        self.assertEqual([1, 2], self.rows(opened))

    def test_pragmas(self):
        with self.open().reading() as connection:
            found = [connection.execute(f'PRAGMA {name}').fetchone()[0]
                     for name in ('journal_mode', 'synchronous',
                                  'foreign_keys')]
        self.assertEqual(['wal', 2, 1], found)

    def test_a_reader_does_not_wait_for_a_writer(self):
        opened = self.open()
        found = []
        with opened.transaction() as connection:
            connection.execute('INSERT INTO t VALUES (3)')
            reader = threading.Thread(
                target=lambda: found.append(self.rows(opened)))
            reader.start()
            reader.join(10)
        self.assertEqual([[1, 2]], found)

    def test_writers_take_turns(self):
        opened = self.open()

        def write(start):
            for number in range(start, start + 20):
                with opened.transaction() as connection:
                    connection.execute('INSERT INTO t VALUES (?)', (number,))
        threads = [threading.Thread(target=write, args=(start,))
                   for start in (100, 200, 300)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(62, len(self.rows(opened)))

    def test_closed(self):
        opened = self.open()
        opened.close()
        found = []

        def use():
            try:
                self.rows(opened)
            except exception.Unavailable as error:
                found.append(error.code)
        thread = threading.Thread(target=use)
        thread.start()
        thread.join(10)
        self.assertEqual(['daemon.stopping'], found)

    def test_closed_in_the_middle(self):
        """The one who closes waits; the process would crash otherwise."""
        opened = self.open()
        begun, go_on, closed = (threading.Event() for _ in range(3))
        seen = []

        def use():
            with opened.reading() as connection:
                begun.set()
                go_on.wait(20)
                seen.append(closed.is_set())
                seen.extend(row['x'] for row in
                            connection.execute('SELECT x FROM t'))

        def close():
            opened.close()
            closed.set()

        threads = [threading.Thread(target=use)]
        threads[0].start()
        self.assertTrue(begun.wait(20))
        threads.append(threading.Thread(target=close))
        threads[1].start()
        while not opened._closed:
            time.sleep(0.001)
        go_on.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual([False, 1, 2], seen)
        self.assertTrue(closed.is_set())
        self.assertRaises(exception.Unavailable, self.rows, opened)

    def test_full_disk(self):
        opened = self.open()

        def fill():
            with opened.transaction() as connection:
                limit = connection.execute(
                    'PRAGMA page_count').fetchone()[0]
                connection.execute(f'PRAGMA max_page_count = {limit}')
                for number in range(1_000_000):
                    connection.execute('INSERT INTO t VALUES (?)',
                                       (number + 10,))
        error = self.assertRaises(exception.Unavailable, fill)
        self.assertEqual('storage.full', error.code)
        self.assertEqual([1, 2], self.rows(opened))


class TestMigrations(base.BaseTestCase):

    def test_numbers_have_no_gap(self):
        numbers = [number for number, _ in migrations.steps()]
        self.assertEqual(list(range(1, len(numbers) + 1)), numbers)

    def test_other_modules_are_no_steps(self):
        names = [mock.Mock(), mock.Mock()]
        names[0].name, names[1].name = 'm0001_images', 'notes'
        with mock.patch('pkgutil.iter_modules', return_value=names):
            self.assertEqual([1], [number for number, _ in
                                   migrations.steps()])


class TestDamage(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir()).path
        self.path = pathlib.Path(folder) / 'x.sqlite'

    def test_not_a_database(self):
        self.path.write_bytes(b'garbage' * 1000)
        error = self.assertRaises(exception.Internal, database.Database,
                                  self.path)
        self.assertEqual('database.damaged', error.code)
        self.assertIn(str(self.path), error.message)

    def test_pages_that_are_lost(self):
        opened = database.Database(self.path)
        with opened.reading() as connection:
            page = connection.execute(
                'SELECT rootpage FROM sqlite_schema WHERE name = ?',
                ('images',)).fetchone()[0]
        opened.close()
        with open(self.path, 'r+b') as file:
            file.seek((page - 1) * 4096)
            file.write(b'\xff' * 4096)
        opened = database.Database(self.path)
        self.addCleanup(opened.close)

        def ask():
            with opened.reading() as connection:
                connection.execute('SELECT * FROM images').fetchall()

        error = self.assertRaises(exception.Internal, ask)
        self.assertEqual('database.damaged', error.code)

    def test_no_room_to_keep(self):
        with mock.patch('novacontainer.runtime.host.filesystem.allocate',
                        side_effect=OSError(95, 'not supported')):
            opened = database.Database(self.path)
        self.addCleanup(opened.close)
        with opened.transaction() as connection:
            connection.execute('CREATE TABLE more (x)')


class TestSecrecy(base.BaseTestCase):

    def test_only_its_owner_may_read(self):
        self.addCleanup(os.umask, os.umask(0o022))
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        opened = database.Database(folder / 'x.sqlite')
        self.addCleanup(opened.close)
        self.assertEqual(
            {'x.sqlite': 0o600, 'x.sqlite-wal': 0o600, 'x.sqlite-shm': 0o600},
            {path.name: path.stat().st_mode & 0o777
             for path in folder.iterdir()})
