import os
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.service import world


class CreationTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    def test_create(self):
        container_id, warnings = self.world.containers.create(
            {'Image': 'web', 'Labels': {'a': 'b'}}, '/shop')
        found = self.world.get('shop')
        self.assertEqual(
            (container_id, 'shop', world.IMAGE_ID, 'web',
             models.Status.CREATED, models.IdMap(65536), []),
            (found.id, found.name, found.image_id, found.image_name,
             found.status, found.id_map, warnings))
        self.assertEqual(['true'], found.config['Cmd'])
        event = self.world.events[0]
        self.assertEqual(
            ('create', container_id,
             {'a': 'b', 'image': 'web', 'name': 'shop'}),
            (event.action, event.actor_id, event.attributes))

    def test_platform(self):
        self.world.containers.create({'Image': 'web'}, 'one', 'linux')
        self.assertRaises(
            exception.NotFound, self.world.containers.create,
            {'Image': 'web'}, 'two', 'windows/amd64')

    def test_each_has_ids_of_its_own(self):
        bases = {self.world.get(self.world.create()).id_map.host_base
                 for _ in range(3)}
        self.assertEqual({65536, 131072, 196608}, bases)

    def test_ids_are_given_back(self):
        first = self.world.create()
        self.world.containers.remove(first, force=False, volumes=False)
        self.assertEqual(
            65536, self.world.get(self.world.create()).id_map.host_base)

    def test_ids_in_use_are_known_after_a_restart(self):
        self.world.create()
        self.world.restart()
        self.assertEqual(
            131072, self.world.get(self.world.create()).id_map.host_base)

    def test_ids_are_used_up(self):
        for _ in range(50):
            self.world.create()
        error = self.assertRaises(exception.Unavailable, self.world.create)
        self.assertEqual('container.no_id_range', error.code)

    def test_host_user_namespace(self):
        self.world.restart(allow_host_userns=True)
        container_id = self.world.create(
            host_config={'UsernsMode': 'host'})
        self.assertIsNone(self.world.get(container_id).id_map)
        self.world.containers.start(container_id)
        self.world.containers.remove(
            container_id, force=True, volumes=False)
        self.assertEqual([], self.world.files())

    def test_a_name_in_use(self):
        holder = self.world.create(name='shop')
        files = self.world.files()
        error = self.assertRaises(
            exception.Conflict, self.world.create, name='shop')
        self.assertIn(f'in use by container "{holder}"', error.message)
        self.assertEqual(files, self.world.files())

    def test_a_name_that_is_taken_at_the_last_moment(self):
        self.world.create(name='shop')
        files = self.world.files()
        with mock.patch.object(
                self.world.containers._registry, 'name_holder',
                return_value=None):
            self.assertRaises(
                exception.Conflict, self.world.create, name='shop')
        self.assertEqual(files, self.world.files())
        self.assertEqual(131072, self.world.get(
            self.world.create()).id_map.host_base)

    def test_a_random_name_avoids_those_in_use(self):
        self.world.create(name='one_star_1')
        with mock.patch(
                'novacontainer.runtime.service.names.random_name',
                side_effect=['one_star_1', 'two_star_2']):
            self.assertEqual(
                'two_star_2', self.world.get(self.world.create()).name)
        with mock.patch(
                'novacontainer.runtime.service.names.random_name',
                return_value='one_star_1'):
            self.assertRegex(
                self.world.get(self.world.create()).name,
                r'\A[0-9a-f]{12}\Z')

    def check_nothing_made(self, kind, **given):
        self.assertRaises(kind, self.world.create, **given)
        self.assertEqual([], self.world.files())
        self.assertEqual([], self.world.events)
        self.assertEqual([], self.world.containers.list(
            all=True, limit=0, filters={}))
        with self.world.database.reading() as connection:
            self.assertEqual([], connection.execute(
                'SELECT * FROM container_labels').fetchall())

    def test_refusals_leave_nothing(self):
        for kind, given in (
                (exception.NotFound, {'Image': 'nothing'}),
                (exception.InvalidRequest, {'Image': ''}),
                (exception.InvalidRequest, {'name': 'a b'}),
                (exception.InvalidRequest, {'WorkingDir': 'x'}),
                (exception.InvalidRequest, {'host_config': {
                    'Binds': ['/no/such/thing:/x']}}),
                (exception.Forbidden, {'host_config': {
                    'Privileged': True}}),
                (exception.NotSupported, {'host_config': {
                    'StorageOpt': {'size': '1G'}}}),
                (exception.Forbidden, {'host_config': {
                    'UsernsMode': 'host'}})):
            self.check_nothing_made(kind, **given)
        self.assertEqual(65536, self.world.get(
            self.world.create()).id_map.host_base)

    def test_volumes(self):
        self.world.images.image = world.image(Volumes={'/from/image': {}})
        container_id = self.world.create(
            Volumes={'/own': {}}, host_config={'Binds': ['data:/d:ro']})
        found = self.world.get(container_id)
        self.assertEqual(
            ['/d', '/own', '/from/image'],
            [point.target for point in found.mounts])
        for point in found.mounts:
            volume = self.world.volumes.get(point.source)
            self.assertEqual((container_id,), volume.users)
            self.assertEqual(point.anonymous, bool(volume.labels))
        self.assertEqual(
            [(container_id, sorted(p.source for p in found.mounts))],
            self.world.copyup.asked)
        # As one sees them happen.
        self.assertEqual(['volume'] * 3 + ['container'], [
            event.type for event in self.world.events])
        self.world.create(host_config={'Binds': ['data:/d']})
        self.assertEqual(1, len(self.world.copyup.asked[-1][1]))

    def test_volumes_go_when_the_rest_fails(self):
        given = {'host_config': {'Binds': ['/nameless', 'new:/n']}}
        self.world.copyup.fault = exception.Unavailable('full')
        self.check_nothing_made(exception.Unavailable, **given)
        self.world.copyup.fault = None
        self.world.storage.faults['prepare'] = exception.Unavailable('full')
        self.check_nothing_made(exception.Unavailable, **given)
        self.assertEqual([], self.world.volumes.list({}))
        self.assertEqual(
            [], os.listdir(self.world.root / 'data/volumes'))

    def test_an_image_without_a_command(self):
        self.world.images.image = world.image(Cmd=None)
        error = self.assertRaises(
            exception.InvalidRequest, self.world.containers.create,
            {'Image': 'web'}, None)
        self.assertEqual('container.no_command', error.code)

    def test_the_disk_is_full(self):
        with mock.patch('pathlib.Path.mkdir',
                        side_effect=OSError(28, 'No space left')):
            error = self.assertRaises(
                exception.Unavailable, self.world.create)
        self.assertEqual('storage.full', error.code)
        self.world.storage.faults['prepare'] = exception.Unavailable('full')
        self.check_nothing_made(exception.Unavailable)

    def test_the_image_goes_meanwhile(self):
        with self.world.database.transaction() as connection:
            connection.execute('DELETE FROM images')
        self.check_nothing_made(exception.NotFound, Labels={'a': 'b'})
