import dataclasses
import datetime
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from novacontainer.runtime.store import database
from novacontainer.runtime.store import networks

NOW = datetime.datetime(2026, 11, 20, 23, 39, 0, 123456, datetime.UTC)
SHOP = networking.Network(
    'ab' * 32, 'shop', 'bridge', NOW, internal=True, ipv6=True,
    attachable=True, subnets=(networking.Subnet(
        '10.9.0.0/24', '10.9.0.1', '10.9.0.0/25', {'a': '10.9.0.2'}, True),),
    labels={'k': 'v'}, options={'o': 'p'})
OTHER = networking.Network('ac' * 32, 'other', 'bridge', NOW)


class NetworksTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = database.Database(
            pathlib.Path(directory.name, 'db.sqlite'))
        self.addCleanup(self.database.close)
        with self.database.transaction() as connection:
            networks.insert(connection, SHOP)
            networks.insert(connection, OTHER)

    def read(self, function, *values):
        with self.database.reading() as connection:
            return function(connection, *values)

    def write(self, function, *values):
        with self.database.transaction() as connection:
            return function(connection, *values)

    def test_found_again(self):
        self.assertEqual(SHOP, self.read(networks.find, SHOP.id))
        self.assertEqual(SHOP, self.read(networks.get, SHOP.id))
        self.assertEqual(SHOP, self.read(networks.find_by_name, 'shop'))
        self.assertIsNone(self.read(networks.find, 'shop'))
        self.assertEqual([OTHER, SHOP], self.read(networks.select))
        self.assertEqual([SHOP], self.read(networks.find_by_prefix, 'ab'))
        self.assertEqual(2, len(self.read(networks.find_by_prefix, 'a')))
        error = self.assertRaises(
            exception.NotFound, self.read, networks.get, 'x')
        self.assertEqual('network x not found', error.message)

    def test_names_are_taken_once(self):
        self.assertRaises(
            exception.Conflict, self.write, networks.insert,
            dataclasses.replace(SHOP, id='f' * 64))

    def test_redefine(self):
        other = dataclasses.replace(
            SHOP, subnets=(), options={}, ipv6=False)
        self.write(networks.redefine, other)
        self.assertEqual(other, self.read(networks.find, SHOP.id))

    def test_removal(self):
        self.write(networks.mark_going, SHOP.id)
        self.assertTrue(self.read(networks.find, SHOP.id).going)
        self.write(networks.delete, SHOP.id)
        self.assertEqual([OTHER], self.read(networks.select))
