from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.service import world


class ContainersTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.service = self.world.containers

    def test_names(self):
        container_id = self.world.create(name='shop')
        for name in (container_id, container_id[:12], container_id[:1],
                     'shop', '/shop'):
            self.assertEqual(container_id, self.service.get(name).id)
        for name in ('sho', 'SHOP', '', 'g' * 64, container_id + '0'):
            error = self.assertRaises(
                exception.NotFound, self.service.get, name)
            self.assertEqual(f'No such container: {name}', error.message)

    def test_a_name_goes_before_a_prefix(self):
        first = self.world.create()
        second = self.world.create(name=first[:4])
        self.assertEqual(second, self.service.get(first[:4]).id)

    def test_ambiguous(self):
        ids = [self.world.create() for _ in range(17)]
        # Of 17 ids two begin with the same digit.
        digits = [one[0] for one in ids]
        digit = next(d for d in digits if digits.count(d) > 1)
        error = self.assertRaises(
            exception.InvalidRequest, self.service.get, digit)
        self.assertEqual('container.ambiguous', error.code)

    def names(self, all=False, limit=0, **filters):
        return [one.name for one in self.service.list(
            all=all, limit=limit, filters=filters)]

    def test_list(self):
        self.world.create(name='one', Labels={'a': '1'})
        self.world.start(name='two', Labels={'a': '2'})
        self.world.start(name='three')
        self.assertEqual(['three', 'two'], self.names())
        self.assertEqual(['three', 'two', 'one'], self.names(all=True))
        self.assertEqual(['three'], self.names(limit=1))
        self.assertEqual(['two', 'one'], self.names(all=True, label=['a']))
        self.assertEqual(['two'], self.names(label=['a']))
        self.assertEqual(['one'], self.names(status=['created']))
        self.assertEqual(
            ['two', 'one'], self.names(all=True, before=['three']))
        self.assertEqual(3, len(self.names(all=True, ancestor=['web'])))
        self.assertEqual([], self.names(all=True, ancestor=['nothing']))
        self.assertEqual(
            {models.Status.CREATED: 1, models.Status.RUNNING: 2},
            self.service.counts())

    def test_wait(self):
        container_id = self.world.create('exit 3')
        for condition in ('', 'not-running'):
            self.assertEqual(0, self.service.exit_future(
                container_id, condition).result(0))
        next_exit = self.service.exit_future(container_id, 'next-exit')
        self.service.start(container_id)
        self.assertEqual(3, next_exit.result(20))
        self.world.wait(container_id)
        self.assertEqual(3, self.service.exit_future(
            container_id, 'not-running').result(0))
        self.assertRaises(exception.InvalidRequest, self.service.exit_future,
                          container_id, 'never')
        self.assertRaises(exception.NotFound, self.service.exit_future,
                          'nothing', 'removed')

    def test_wait_for_what_goes_in_between(self):
        container_id = self.world.create()
        record = self.service.get(container_id)
        self.service.remove(container_id, force=False, volumes=False)
        self.service._registry.get = lambda name: record
        self.assertEqual(0, self.service.exit_future(
            container_id, 'removed').result(0))

    def test_paths(self):
        container = self.service.get(self.world.create())
        self.assertEqual(
            str(self.world.sandboxes.paths(container).netns),
            self.service.sandbox_key(container))
        self.assertEqual(
            self.world.root / 'data/containers' / container.id / 'log',
            self.service.log_path(container))
        self.assertEqual(0, self.service.size_bytes(container))
        self.assertEqual([container.id],
                         self.service.using_image(world.IMAGE_ID))

    def test_nothing_is_known_of_what_does_not_exist(self):
        for call in (
                lambda: self.service.init('x'),
                lambda: self.service.start('x'),
                lambda: self.service.stop('x', timeout_s=1, signal=None),
                lambda: self.service.kill('x', 'KILL'),
                lambda: self.service.restart('x', timeout_s=1),
                lambda: self.service.pause('x'),
                lambda: self.service.unpause('x'),
                lambda: self.service.remove(
                    'x', force=True, volumes=False),
                lambda: self.service.commit(
                    'x', repo=None, tag=None, author='', message='',
                    pause=True, changes=(), config=None)):
            self.assertRaises(exception.NotFound, call)
