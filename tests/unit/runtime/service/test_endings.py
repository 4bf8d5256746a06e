import time
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.service import world


class EndingsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    def test_the_monitor_is_lost(self):
        container_id = self.world.start()
        self.world.engine.lose_monitor(container_id)
        found = self.world.wait(container_id)
        # The fake engine kills what still runs, and so knows a code.
        self.assertEqual(137, found.exit_code)
        self.assertIsNone(self.world.engine.pid(container_id))

    def test_nobody_knows_the_code(self):
        container_id = self.world.start()
        with mock.patch.object(
                self.world.engine, 'exit_code', return_value=None):
            self.world.engine.lose_monitor(container_id)
            found = self.world.wait(container_id)
        self.assertEqual(137, found.exit_code)
        self.assertIn('conmon', found.error)

    def test_a_held_process_is_lost(self):
        container_id = self.world.create()
        self.world.containers.init(container_id)
        self.world.engine.lose_monitor(container_id)
        deadline = time.monotonic() + 20
        while self.world.get(container_id).pid:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        found = self.world.get(container_id)
        self.assertIn('conmon', found.error)
        self.assertEqual([], self.world.traces(container_id))
        self.assertNotIn('die', self.world.actions(container_id))

    def test_out_of_memory(self):
        container_id = self.world.start()
        with mock.patch('novacontainer.runtime.engine.cgroups.oom_killed',
                        return_value=True) as asked:
            ended = self.world.containers.exit_future(
                container_id, 'next-exit')
            self.world.engine.finish(container_id, 137)
            ended.result(20)
        found = self.world.get(container_id)
        asked.assert_called_once_with(f'/nc-unit/{container_id}')
        self.assertTrue(found.oom_killed)
        self.assertEqual(['create', 'start', 'oom', 'die'],
                         self.world.actions(container_id))

    def test_cleaning_that_fails_is_done_by_the_next_start(self):
        for where, verb in ((self.world.engine, 'delete'),
                            (self.world.storage, 'unmount')):
            container_id = self.world.start()
            where.faults[verb] = exception.Internal('stuck')
            self.world.engine.finish(container_id, 0)
            self.world.wait(container_id)
            self.assertNotEqual([], self.world.traces(container_id))
            self.world.containers.start(container_id)
            self.assertEqual(models.Status.RUNNING,
                             self.world.get(container_id).status)

    def test_an_end_of_an_earlier_run_is_not_mistaken(self):
        container_id = self.world.start()
        endings = self.world.containers._endings
        self.assertIsNone(endings.noticed(container_id))
        self.assertEqual(models.Status.RUNNING,
                         self.world.get(container_id).status)

    def test_an_end_of_nobody(self):
        endings = self.world.containers._endings
        self.assertIsNone(endings.noticed('f' * 64))
        self.assertIsNone(endings.noticed(self.world.create()))
