from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.service import world


class RemovalTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    def remove(self, container_id, force=False):
        self.world.containers.remove(
            container_id, force=force, volumes=False)

    def check_gone(self, container_id):
        self.assertRaises(
            exception.NotFound, self.world.get, container_id)
        self.assertEqual([], self.world.files())
        self.assertEqual([], self.world.traces(container_id))

    def test_created_held_and_exited(self):
        for prepare in (lambda _: None, self.world.containers.init,
                        self.world.containers.start):
            container_id = self.world.create('exit 0')
            prepare(container_id)
            if prepare == self.world.containers.start:
                self.world.wait(container_id)
            self.remove(container_id)
            self.check_gone(container_id)
            self.assertEqual('destroy', self.world.actions(
                container_id)[-1])

    def test_volumes(self):
        given = {'host_config': {'Binds': ['/nameless', 'named:/n']}}

        def names():
            return [one.name for one in self.world.volumes.list({})]

        self.remove(self.world.create(**given))
        self.assertEqual(2, len(names()))
        self.world.containers.remove(
            self.world.create(**given), force=False, volumes=True)
        self.assertEqual(2, len(names()))
        container_id = self.world.create('exit 0', host_config={
            **given['host_config'], 'AutoRemove': True})
        self.assertEqual(3, len(names()))
        self.world.containers.start(container_id)
        self.world.events_until('destroy', container_id)
        self.assertEqual(2, len(names()))

    def test_volumes_that_others_have(self):
        first = self.world.create(host_config={'Binds': ['/nameless']})
        second = self.world.create(host_config={'VolumesFrom': [first]})
        name, = [one.name for one in self.world.volumes.list({})]
        for container_id, left in ((first, 1), (second, 0)):
            self.world.containers.remove(
                container_id, force=False, volumes=True)
            self.assertEqual(left, len(self.world.volumes.list({})))
        self.assertEqual(['create', 'destroy'], self.world.actions(name))

    def test_a_removal_with_volumes_that_was_cut_short(self):
        container_id = self.world.create(
            host_config={'Binds': ['/nameless', 'named:/n']})
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, container_id,
            force=False, volumes=True)
        self.assertEqual(2, len(self.world.volumes.list({})))
        self.world.restart()
        self.assertEqual(['named'], [
            one.name for one in self.world.volumes.list({})])

    def test_running(self):
        container_id = self.world.start()
        error = self.assertRaises(
            exception.Conflict, self.remove, container_id)
        self.assertEqual(
            f'You cannot remove a running container {container_id}. Stop '
            'the container before attempting removal or force remove',
            error.message)
        self.assertEqual(models.Status.RUNNING,
                         self.world.get(container_id).status)
        self.remove(container_id, force=True)
        self.check_gone(container_id)
        self.assertEqual(
            ['create', 'start', 'kill', 'die', 'destroy'],
            self.world.actions(container_id))

    def test_paused(self):
        container_id = self.world.start()
        self.world.containers.pause(container_id)
        error = self.assertRaises(
            exception.Conflict, self.remove, container_id)
        self.assertEqual('container.paused', error.code)
        self.remove(container_id, force=True)
        self.check_gone(container_id)

    def test_everyone_who_waits_is_told(self):
        container_id = self.world.start()
        futures = [self.world.containers.exit_future(container_id, one)
                   for one in ('not-running', 'next-exit', 'removed')]
        self.remove(container_id, force=True)
        self.assertEqual([137] * 3, [one.result(1) for one in futures])

    def test_a_failure_can_be_repeated(self):
        for where, verb in (('storage', 'remove'), ('storage', 'unmount')):
            container_id = self.world.create()
            getattr(self.world, where).faults[verb] = exception.Internal(
                'stuck')
            self.assertRaises(exception.Internal, self.remove, container_id)
            found = self.world.get(container_id)
            self.assertEqual((models.Status.DEAD, 'stuck'),
                             (found.status, found.error))
            self.assertNotIn('destroy', self.world.actions(container_id))
            self.assertRaises(
                exception.Conflict, self.world.containers.start,
                container_id)
            self.remove(container_id)
            self.check_gone(container_id)

    def test_an_engine_that_cannot_kill(self):
        container_id = self.world.start()
        self.world.engine.faults['delete'] = exception.Internal('stuck')
        with mock.patch.object(
                self.world.engine, 'delete',
                side_effect=exception.Internal('stuck')):
            self.assertRaises(exception.Internal, self.remove,
                              container_id, True)
        self.assertEqual(models.Status.DEAD,
                         self.world.get(container_id).status)
        self.world.engine.faults.clear()
        self.remove(container_id, force=True)
        self.check_gone(container_id)

    def test_a_disk_that_fails(self):
        container_id = self.world.create()
        with mock.patch('shutil.rmtree', side_effect=OSError(5, 'bad')):
            self.assertRaises(exception.Internal, self.remove, container_id)
        self.remove(container_id)
        self.check_gone(container_id)

    def test_twice(self):
        container_id = self.world.create()
        self.remove(container_id)
        self.assertRaises(exception.NotFound, self.remove, container_id)

    def test_removed_while_it_waits_for_the_lock(self):
        container_id = self.world.create()
        stale = self.world.get(container_id)
        self.remove(container_id)
        self.assertRaises(
            exception.NotFound, self.world.containers._removal.remove,
            stale, force=False)
        self.world.containers._removal.remove_automatically(stale)
