from oslotest import base

from novacontainer.runtime import exception
from tests.unit.runtime.service import world


class RootMountsCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.service = self.world.containers
        self.broken = self.world.create(name='broken')

    def mount(self, source='broken', **fields):
        return {'Mounts': [{'Type': 'root', 'Source': source,
                            'Target': '/mnt', **fields}]}

    def rescue(self, **host_config):
        return self.world.create(
            name='rescue', HostConfig={**self.mount(), **host_config})

    def remove(self, name):
        self.service.remove(name, force=True, volumes=True)

    def binds(self, container_id):
        spec = self.world.engine.state.containers[container_id].bundle.spec
        return [mount for mount in spec['mounts']
                if mount['destination'] == '/mnt']

    def test_same_ids_and_the_root_itself(self):
        rescue = self.rescue()
        found = self.world.get(rescue)
        self.assertEqual(self.world.get('broken').id_map, found.id_map)
        self.assertEqual(
            self.broken, found.host_config['Mounts'][0]['Source'])
        self.service.start(rescue)
        bind, = self.binds(rescue)
        self.assertEqual('bind', bind['type'])
        self.assertTrue(bind['source'].endswith(f'{self.broken}/merged'))
        self.assertIn('rw', bind['options'])
        self.assertIn(self.broken, self.world.storage.mounted())
        self.remove('rescue')
        self.assertNotIn(self.broken, self.world.storage.mounted())

    def test_the_owner_goes_last(self):
        rescue = self.rescue()
        error = self.assertRaises(
            exception.Conflict, self.remove, 'broken')
        self.assertEqual('container.root_in_use', error.code)
        # Names change.
        self.service.alterations.rename('broken', 'kept')
        self.service.start(rescue)
        self.world.restart()
        self.assertTrue(self.world.get(rescue).borrows_ids)
        self.service = self.world.containers
        self.assertRaises(exception.Conflict, self.remove, 'kept')
        self.remove('rescue')
        self.remove('kept')

    def test_ids_are_given_back_once(self):
        id_map = self.world.get('broken').id_map
        self.rescue()
        self.remove('rescue')
        other = self.world.get(self.world.create(name='other'))
        self.assertNotEqual(id_map, other.id_map)
        self.remove('broken')
        again = self.world.get(self.world.create(name='again'))
        self.assertEqual(id_map, again.id_map)

    def test_one_that_runs_stays_mounted(self):
        self.service.start(self.broken)
        self.service.start(self.rescue())
        self.remove('rescue')
        self.assertIn(self.broken, self.world.storage.mounted())

    def test_read_only(self):
        rescue = self.world.create(
            name='rescue', HostConfig=self.mount(ReadOnly=True))
        self.service.start(rescue)
        self.assertIn('ro', self.binds(rescue)[0]['options'])

    def test_refusals(self):
        twice = {'Mounts': [*self.mount()['Mounts'],
                            {**self.mount()['Mounts'][0], 'Target': '/b'}]}
        host = {**self.mount(), 'UsernsMode': 'host'}
        for host_config, kind in (
                (self.mount('nobody'), exception.NotFound),
                (self.mount(Target='/'), exception.InvalidRequest),
                (twice, exception.InvalidRequest),
                (host, exception.RuntimeFault)):
            self.assertRaises(kind, self.world.create, name='rescue',
                              HostConfig=host_config)

    def test_what_is_being_removed(self):
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(exception.Internal, self.remove, 'broken')
        self.assertRaises(exception.NotFound, self.rescue)
