import datetime
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime import models
from novacontainer.runtime.store import containers
from novacontainer.runtime.store import database
from novacontainer.runtime.store import healths
from novacontainer.runtime.store import images

MOMENT = datetime.datetime(2026, 1, 1, 0, 0, 1, 5, tzinfo=datetime.UTC)


class HealthsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = database.Database(
            pathlib.Path(directory.name) / 'db.sqlite')
        self.addCleanup(self.database.close)
        with self.database.transaction() as connection:
            images.add(connection, 'i', b'{}', MOMENT, ())
            containers.insert(connection, models.Container(
                'c', 'n', 'i', 'i', {}, {}, None, MOMENT))

    def put(self, container_id, health):
        with self.database.transaction() as connection:
            healths.put(connection, container_id, health)

    def found(self):
        with self.database.reading() as connection:
            return healths.all_of(connection)

    def test_the_last_one_is_kept(self):
        self.put('c', models.Health('starting'))
        health = models.Health('unhealthy', 2, (
            models.Probe(MOMENT, MOMENT, -1, 'änd\n'),))
        self.put('c', health)
        self.assertEqual({'c': health}, self.found())

    def test_without_a_container(self):
        self.put('gone', models.Health('starting'))
        self.assertEqual({}, self.found())

    def test_goes_with_its_container(self):
        self.put('c', models.Health('starting'))
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM containers WHERE id = 'c'")
        self.assertEqual({}, self.found())
