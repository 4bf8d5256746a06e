from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.service import world


class FarewellTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.service = self.world.containers
        # They do not care for SIGTERM.
        self.service._lifecycle._stop_timeout_s = 0.1

    def test_all_end_and_none_starts_again(self):
        ids = [self.world.start(), self.world.start()]
        self.service.pause(ids[1])
        self.service.farewell.say()
        for container_id in ids:
            found = self.world.get(container_id)
            self.assertEqual(models.Status.EXITED, found.status)
            # Else a policy of unless-stopped would not count.
            self.assertFalse(found.stopped_by_hand)
            self.assertFalse(self.service._restarts.is_pending(container_id))

    def test_nothing_runs(self):
        self.world.create()
        self.service.farewell.say()

    def test_one_that_does_not_end_keeps_none_from_it(self):
        log = self.useFixture(fixtures.FakeLogger())
        stuck, other = self.world.start(), self.world.start()
        real = self.service._lifecycle.end

        def end(container):
            if container.id == stuck:
                raise exception.Internal('It waits for the kernel.')
            real(container)

        with mock.patch.object(self.service.farewell, '_end', end):
            self.service.farewell.say()
        self.assertEqual(models.Status.EXITED, self.world.get(other).status)
        self.assertIn('goes down with the host: It waits for the kernel.',
                      log.output)

    def test_one_that_ended_by_itself(self):
        self.world.start()
        for kind in (exception.NotModified, exception.NotFound):
            log = self.useFixture(fixtures.FakeLogger())
            with mock.patch.object(self.service.farewell, '_end',
                                   side_effect=kind('gone')):
                self.service.farewell.say()
            self.assertNotIn('goes down with', log.output)
