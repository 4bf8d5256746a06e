import shutil
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.service import world


class RecoveryTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    def crash(self):
        """Be a daemon that was killed, and one that comes after it."""
        self.world.restart()
        return self.world.report

    def test_nothing_to_do(self):
        self.world.create()
        report = self.crash()
        self.assertEqual(
            '0 still run, 0 ended meanwhile, 0 half-started undone, 0 '
            'removals finished, 0 orphans removed, 0 failed', str(report))

    def test_running_held_and_paused(self):
        ids = [self.world.start(), self.world.start(), self.world.create()]
        self.world.containers.pause(ids[1])
        self.world.containers.init(ids[2])
        before = [self.world.get(one) for one in ids]
        self.assertEqual(3, self.crash().running)
        self.assertEqual(before, [self.world.get(one) for one in ids])
        for one in ids[:2]:
            self.world.engine.finish(one, 4)
            self.assertEqual(4, self.world.wait(one).exit_code)
        self.world.containers.start(ids[2])

    def test_ended_meanwhile(self):
        container_id = self.world.start()
        self.world.containers.close()
        self.world.engine.finish(container_id, 6)
        self.world.open()
        self.assertEqual(1, self.world.report.ended)
        self.assertEqual(6, self.world.get(container_id).exit_code)

    def test_auto_remove(self):
        container_id = self.world.start(host_config={'AutoRemove': True})
        self.world.containers.close()
        self.world.engine.finish(container_id, 6)
        self.world.open()
        self.assertEqual([], self.world.files())

    def test_held_ended_meanwhile(self):
        container_id = self.world.create()
        self.world.containers.init(container_id)
        self.world.containers.close()
        self.world.engine.lose_monitor(container_id)
        self.world.open()
        found = self.world.get(container_id)
        self.assertEqual((models.Status.CREATED, 0),
                         (found.status, found.pid))
        self.assertIn('conmon', found.error)

    def test_the_host_was_restarted(self):
        container_id = self.world.start()
        self.world.containers.close()
        self.world.engine.lose_all()
        self.world.engine.state.containers.clear()
        self.world.storage._mounted.clear()
        shutil.rmtree(self.world.root / 'run')
        self.world.open()
        found = self.world.get(container_id)
        self.assertEqual((models.Status.EXITED, 255),
                         (found.status, found.exit_code))
        self.assertIn('restarted', found.error)
        self.world.containers.start(container_id)

    def test_a_start_that_was_never_answered(self):
        container_id = self.world.create()
        record = self.world.get(container_id)
        self.world.containers.start(container_id)
        # As if the daemon had died before the record was written.
        self.world.containers._registry.save(record)
        self.assertEqual(1, self.crash().undone)
        self.assertEqual(record, self.world.get(container_id))
        self.assertEqual([], self.world.traces(container_id))

    def test_a_start_of_a_held_one_that_was_never_answered(self):
        container_id = self.world.create()
        self.world.containers.init(container_id)
        record = self.world.get(container_id)
        self.world.containers.start(container_id)
        # As if the daemon had died before the record was written.
        self.world.containers._registry.save(record)
        self.assertEqual(1, self.crash().running)
        found = self.world.get(container_id)
        self.assertEqual((models.Status.RUNNING, record.pid),
                         (found.status, found.pid))
        self.assertIsNotNone(found.started)
        self.world.engine.finish(container_id, 4)
        self.assertEqual(4, self.world.wait(container_id).exit_code)

    def test_a_mount_without_a_bundle(self):
        container_id = self.world.create()
        self.world.storage.mount(container_id, (), None)
        self.assertEqual(1, self.crash().undone)
        self.assertEqual([], list(self.world.storage.mounted()))

    def test_removals_are_finished(self):
        container_id = self.world.create()
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, container_id,
            force=False, volumes=False)
        self.assertEqual(1, self.crash().removed)
        self.assertEqual([], self.world.files())

    def test_orphans(self):
        for number, make in enumerate((
                self.world.containers._places.make_home,
                self.world.containers._places.make_bundle)):
            orphan = f'{number}' * 64
            make(orphan)
            self.world.storage.prepare(orphan, [], None, 0)
            (self.world.root / 'pins' / orphan).touch()
        mounted = 'c' * 64
        self.world.storage.mount(mounted, (), None)
        self.assertEqual(3, self.crash().orphans)
        self.assertEqual([], self.world.files())

    def test_what_fails_does_not_stop_the_rest(self):
        dead, running = self.world.create(), self.world.start()
        orphan = 'd' * 64
        self.world.containers._places.make_home(orphan)
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, dead,
            force=False, volumes=False)
        with mock.patch.object(
                self.world.storage, 'remove',
                side_effect=exception.Internal('stuck')):
            report = self.crash()
        self.assertEqual((2, 1, 0),
                         (report.failed, report.running, report.orphans))
        self.assertEqual(models.Status.RUNNING,
                         self.world.get(running).status)
        report = self.crash()
        self.assertEqual((0, 1, 1),
                         (report.failed, report.removed, report.orphans))
