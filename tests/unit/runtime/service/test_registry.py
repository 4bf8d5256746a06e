import json

from oslotest import base

from novacontainer.runtime import exception
from tests.unit.runtime.service import world


class MountsTest(base.BaseTestCase):

    def test_those_of_old_records(self):
        there = self.useFixture(world.World())
        container_id = there.create()
        config = {'Binds': ['/a:/b:ro', '/nameless'], 'Tmpfs': {'/t': ''}}
        with there.database.transaction() as connection:
            connection.execute(
                'UPDATE containers SET mounts = NULL, host_config = ?',
                (json.dumps(config),))
        self.assertEqual((), there.get(container_id).mounts)
        there.restart()
        self.assertEqual(['/b', '/t'], [
            one.target for one in there.get(container_id).mounts])


class RegistryTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.registry = self.world.containers._registry

    def test_current_is_the_newest_state(self):
        container_id = self.world.create()
        stale = self.registry.get(container_id)
        self.world.containers.start(container_id)
        self.assertGreater(self.registry.current(stale).pid, stale.pid)
        self.world.containers.remove(
            container_id, force=True, volumes=False)
        error = self.assertRaises(
            exception.NotFound, self.registry.current, stale)
        self.assertEqual('container.not_found', error.code)

    def test_holder_of_a_name(self):
        container_id = self.world.create(name='shop')
        self.assertEqual(container_id,
                         self.registry.name_holder('shop').id)
        self.assertIsNone(self.registry.name_holder('/shop'))

    def test_ranges_in_use(self):
        self.world.create()
        self.assertEqual([65536], self.registry.host_bases())
