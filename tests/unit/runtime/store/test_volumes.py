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
from novacontainer.runtime.store import volumes
from tests.unit.runtime.store import test_containers

NOW = datetime.datetime(2026, 11, 20, 23, 39, 0, 123456, datetime.UTC)
ONE, TWO = (test_containers.container(number) for number in (1, 2))


class VolumesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = database.Database(
            pathlib.Path(directory.name, 'db.sqlite'))
        self.addCleanup(self.database.close)
        with self.database.transaction() as connection:
            images.add(connection, test_containers.IMAGE, b'{}', NOW, ())
            containers.insert(connection, ONE)
            containers.insert(connection, TWO)

    def change(self, function, *args):
        with self.database.transaction() as connection:
            return function(connection, *args)

    def find(self, name):
        with self.database.reading() as connection:
            return volumes.find(connection, name)

    def insert(self, *names):
        for name in names:
            self.change(volumes.insert, models.Volume(name, NOW))

    def names(self):
        with self.database.reading() as connection:
            return [one.name for one in volumes.select(connection)]

    def test_what_goes_in_comes_out(self):
        made = models.Volume('data', NOW, {'a': 'b'}, {'type': 'tmpfs'},
                             True)
        self.change(volumes.insert, made)
        self.assertEqual(made, self.find('data'))
        self.assertIsNone(self.find('other'))
        self.insert('a1')
        self.assertEqual(['a1', 'data'], self.names())
        self.assertRaises(sqlite3.IntegrityError, self.insert, 'data')

    def test_users(self):
        self.insert('data', 'other')
        self.change(volumes.refer, TWO.id, ['data'])
        self.change(volumes.refer, ONE.id, ['data', 'other'])
        self.assertEqual({ONE.id, TWO.id}, set(self.find('data').users))
        self.change(volumes.release, ONE.id)
        self.assertEqual(((TWO.id,), ()), (
            self.find('data').users, self.find('other').users))

    def test_delete(self):
        self.insert('data')
        self.change(volumes.refer, ONE.id, ['data'])
        error = self.assertRaises(
            exception.Conflict, self.change, volumes.delete, 'data')
        self.assertEqual(
            f'remove data: volume is in use - [{ONE.id}]', error.message)
        self.change(containers.delete, ONE.id)
        self.change(volumes.delete, 'data')
        error = self.assertRaises(
            exception.NotFound, self.change, volumes.delete, 'data')
        self.assertEqual('get data: no such volume', error.message)

    def test_a_volume_that_has_gone_cannot_be_had(self):
        error = self.assertRaises(exception.Conflict, self.change,
                                  volumes.refer, ONE.id, ['gone'])
        self.assertEqual('volume.removed', error.code)

    def test_those_that_go_with_a_container(self):
        self.insert('shared', 'single', 'stays')
        names = ['shared', 'single', 'stays']
        self.change(volumes.refer, ONE.id, names)
        self.change(volumes.refer, TWO.id, ['shared'])
        self.change(volumes.doom, ONE.id, ['shared', 'single'])
        self.assertEqual(['single'], self.change(volumes.release, ONE.id))
        self.assertEqual(['shared', 'stays'], self.names())
        self.assertEqual([], self.change(volumes.release, TWO.id))
