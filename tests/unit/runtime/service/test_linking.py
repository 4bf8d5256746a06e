from oslotest import base

from novacontainer.runtime import exception
from tests.unit.runtime.service import world


class LinksTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.db = self.world.create(
            name='db', host_config={'NetworkMode': 'bridge'},
            Env=['USER=me', 'PATH=/bin'],
            ExposedPorts={'5432/tcp': {}, '53/udp': {}})

    def create(self, *links, mode='bridge'):
        return self.world.create(name='web', host_config={
            'NetworkMode': mode, 'Links': list(links)})

    def test_what_is_told(self):
        self.world.containers.start(self.db)
        links = self.world.containers._links
        found = links.environment(self.world.get(
            self.create('db:da-ta')))
        address = self.world.containers.connections.of(
            self.world.get(self.db))[0].endpoint.ipv4
        for entry in ('DA_TA_NAME=/web/da-ta',
                      f'DA_TA_PORT=udp://{address}:53',
                      f'DA_TA_PORT_5432_TCP=tcp://{address}:5432',
                      f'DA_TA_PORT_5432_TCP_ADDR={address}',
                      'DA_TA_PORT_5432_TCP_PORT=5432',
                      'DA_TA_PORT_5432_TCP_PROTO=tcp',
                      'DA_TA_ENV_USER=me'):
            self.assertIn(entry, found)
        self.assertNotIn('DA_TA_ENV_PATH=/bin', found)
        self.world.containers.start('web')

    def test_the_other_one_must_be_there(self):
        error = self.assertRaises(exception.InvalidRequest, self.create,
                                  'nobody:x')
        self.assertIn('could not get container for nobody', error.message)

    def test_the_other_one_must_run(self):
        self.create('db')
        error = self.assertRaises(
            exception.Conflict, self.world.containers.start, 'web')
        self.assertIn('non running container: /db AS /web/db',
                      error.message)

    def test_not_on_another_network(self):
        self.world.networks.create({'Name': 'shop'})
        ident = self.create('db', mode='shop')
        self.world.containers.start(ident)
        self.assertEqual((), self.world.containers._links.environment(
            self.world.get(ident)))
