import dataclasses
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from novacontainer.runtime.store import containers
from novacontainer.runtime.store import database
from novacontainer.runtime.store import endpoints
from novacontainer.runtime.store import images
from novacontainer.runtime.store import networks
from tests.unit.runtime.store import test_containers
from tests.unit.runtime.store import test_networks

SHOP, OTHER = test_networks.SHOP, test_networks.OTHER
ONE, TWO = (test_containers.container(number) for number in (1, 2))


def endpoint(ident, container, network, **given):
    return networking.Endpoint(ident * 64, container.id, network.id, **given)


FIRST = endpoint('1', ONE, SHOP, settings={'Aliases': ['x']})
SECOND = endpoint(
    '2', ONE, OTHER, stage=networking.Stage.UP, interface='eth0', mac='02',
    ipv4='10.9.0.2', ipv6='fd00::2', default_route=True,
    ports=(networking.Port(80, 'tcp', '', 8080),))
THIRD = endpoint('3', TWO, SHOP)


class EndpointsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = database.Database(
            pathlib.Path(directory.name, 'db.sqlite'))
        self.addCleanup(self.database.close)
        with self.database.transaction() as connection:
            images.add(connection, test_containers.IMAGE, b'{}',
                       test_networks.NOW, ())
            for container in (ONE, TWO):
                containers.insert(connection, container)
            for network in (SHOP, OTHER):
                networks.insert(connection, network)
            for one in (FIRST, SECOND, THIRD):
                endpoints.insert(connection, one)

    def read(self, function, *values):
        with self.database.reading() as connection:
            return [one.endpoint for one in function(connection, *values)]

    def write(self, function, *values):
        with self.database.transaction() as connection:
            return function(connection, *values)

    def test_found_again(self):
        self.assertEqual([FIRST, SECOND],
                         self.read(endpoints.of_container, ONE.id))
        self.assertEqual([FIRST, THIRD],
                         self.read(endpoints.of_network, SHOP.id))
        self.assertEqual([SECOND], self.read(endpoints.up))
        self.assertEqual([FIRST, SECOND, THIRD],
                         self.read(endpoints.select))
        with self.database.reading() as connection:
            one, = endpoints.of_container(connection, TWO.id)
        self.assertEqual((SHOP, TWO.name),
                         (one.network, one.container_name))

    def test_save_and_delete(self):
        changed = dataclasses.replace(
            SECOND, id=FIRST.id, network_id=SHOP.id, settings={})
        self.write(endpoints.save, changed)
        self.assertEqual([changed, SECOND],
                         self.read(endpoints.of_container, ONE.id))
        self.write(endpoints.delete, FIRST.id)
        self.assertEqual([SECOND],
                         self.read(endpoints.of_container, ONE.id))

    def test_they_go_with_the_container(self):
        self.write(containers.delete, ONE.id)
        self.assertEqual([THIRD], self.read(endpoints.select))

    def test_not_on_a_network_that_goes(self):
        self.write(networks.mark_going, SHOP.id)
        self.assertEqual([SECOND], self.read(endpoints.select))
        self.assertRaises(exception.Conflict, self.write, endpoints.insert,
                          FIRST)
        self.write(networks.delete, SHOP.id)
        self.assertRaises(exception.Conflict, self.write, endpoints.insert,
                          FIRST)
