import dataclasses
import datetime
import pathlib
import sqlite3
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.store import containers
from novacontainer.runtime.store import database
from novacontainer.runtime.store import images

NOW = datetime.datetime(2026, 11, 20, 23, 39, 0, 123456, datetime.UTC)
IMAGE = 'sha256:' + 'e' * 64


def container(number, **changes):
    made = models.Container(
        id=f'{number:064x}', name=f'c{number}', image_id=IMAGE,
        image_name='web:latest', config={'Cmd': ['a'], 'Labels': {}},
        host_config={'Memory': 1},
        id_map=models.IdMap(65536 * (number + 1)),
        created=NOW + datetime.timedelta(seconds=number))
    return dataclasses.replace(made, **changes)


class ContainersTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = database.Database(
            pathlib.Path(directory.name, 'db.sqlite'))
        self.addCleanup(self.database.close)
        with self.database.transaction() as connection:
            images.add(connection, IMAGE, b'{}', NOW, ())

    def insert(self, *made):
        with self.database.transaction() as connection:
            for one in made:
                containers.insert(connection, one)

    def read(self, function, *args):
        with self.database.reading() as connection:
            return function(connection, *args)

    def test_what_goes_in_comes_out(self):
        made = container(
            1, status=models.Status.RUNNING, pid=7, conmon_pid=6,
            conmon_started=99, exit_code=3, oom_killed=True, error='x',
            restart_count=2, started=NOW, finished=NOW)
        bare = container(2, id_map=None)
        self.insert(made, bare)
        self.assertEqual(made, self.read(containers.find, made.id))
        self.assertEqual(bare, self.read(containers.find_by_name, 'c2'))
        self.assertIsNone(self.read(containers.find, 'f' * 64))

    def test_a_name_is_taken_once(self):
        self.insert(container(1))
        error = self.assertRaises(
            exception.Conflict, self.insert, container(2, name='c1'))
        self.assertEqual(
            'Conflict. The container name "/c1" is already in use by '
            f'container "{1:064x}". You have to remove (or rename) that '
            'container to be able to reuse that name.', error.message)
        self.assertEqual('container.name_in_use', error.code)

    def test_an_id_range_is_taken_once(self):
        self.insert(container(1))
        self.assertRaises(
            sqlite3.IntegrityError, self.insert,
            container(2, id_map=container(1).id_map))

    def test_the_image_must_exist(self):
        error = self.assertRaises(
            exception.NotFound, self.insert, container(1, image_id='gone'))
        self.assertEqual('No such image: web:latest', error.message)

    def test_the_image_cannot_go_while_it_is_used(self):
        self.insert(container(1))
        self.assertRaises(sqlite3.IntegrityError, self._delete_image)
        self.assertEqual([container(1).id],
                         self.read(containers.using_image, IMAGE))

    def _delete_image(self):
        with self.database.transaction() as connection:
            connection.execute('DELETE FROM images')

    def test_update_changes_the_state_only(self):
        self.insert(container(1))
        changed = container(1, status=models.Status.EXITED, exit_code=5)
        with self.database.transaction() as connection:
            containers.update(
                connection, dataclasses.replace(changed, name='other'))
        self.assertEqual(changed, self.read(containers.find, changed.id))

    def test_delete_frees_name_and_range(self):
        self.insert(container(1, config={'Labels': {'k': 'v'}}))
        with self.database.transaction() as connection:
            containers.delete(connection, container(1).id)
        self.assertEqual([], self.read(containers.ids))
        self.insert(container(2, name='c1', id_map=container(1).id_map))
        self.assertEqual([container(1).id_map.host_base],
                         self.read(containers.host_bases))

    def test_prefix(self):
        first = container(1, id='ab' + '0' * 62)
        second = container(2, id='abf' + '0' * 61)
        self.insert(first, second)
        self.assertEqual([second],
                         self.read(containers.find_by_prefix, 'abf'))
        self.assertEqual(2, len(self.read(containers.find_by_prefix, 'ab')))
        self.assertEqual([], self.read(containers.find_by_prefix, 'b'))

    def select(self, **criteria):
        found = self.read(
            containers.select, containers.Criteria(**criteria))
        return [one.name for one in found]

    def test_select(self):
        self.insert(
            container(1, status=models.Status.RUNNING,
                      config={'Labels': {'a': '1', 'b': '1'}}),
            container(2, config={'Labels': {'a': '2'}}),
            container(3, config={}))
        self.assertEqual(['c3', 'c2', 'c1'], self.select())
        self.assertEqual(['c3', 'c2'], self.select(limit=2))
        self.assertEqual(
            ['c1'], self.select(statuses=(models.Status.RUNNING,)))
        self.assertEqual(['c2', 'c1'], self.select(labels=(('a', None),)))
        self.assertEqual(['c2'], self.select(labels=(('a', '2'),)))
        self.assertEqual(
            ['c1'], self.select(labels=(('a', None), ('b', '1'))))
        self.assertEqual([], self.select(image_ids=('sha256:0',)))
        self.assertEqual(3, len(self.select(image_ids=(IMAGE,))))

    def test_counts(self):
        self.insert(container(1), container(2),
                    container(3, status=models.Status.PAUSED))
        self.assertEqual(
            {models.Status.CREATED: 2, models.Status.PAUSED: 1},
            self.read(containers.counts))

    def test_lookups_use_an_index(self):
        for clause in ("id = 'x'", "name = 'x'", "id >= 'a' AND id < 'b'",
                       "image_id = 'x'", "status IN ('x')"):
            plan = self.read(
                lambda connection, clause=clause: connection.execute(
                    'EXPLAIN QUERY PLAN SELECT * FROM containers '
                    f'WHERE {clause}').fetchone()['detail'])
            self.assertIn('SEARCH', plan, clause)
