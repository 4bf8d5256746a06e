import time
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import health
from novacontainer.runtime.service import healthwatch
from tests.unit.runtime.service import world

MS = 10**6


def check(*words, **fields):
    """Make what a create body says of it."""
    return {'Test': ['CMD', 'sh', '-c', ' '.join(words)],
            'Interval': 5 * MS, **fields}


class HealthCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        # A loaded machine is no reason to check less often here.
        self.patch(healthwatch, 'REST', 0)

    def patch(self, target, name, value):
        patcher = mock.patch.object(target, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def health(self, container_id):
        """Return what is known now."""
        return self.world.containers.healths._get(container_id)

    def wait(self, container_id, status):
        """Wait until the container is so, and return all."""
        deadline = time.monotonic() + 30
        while True:
            found = self.health(container_id)
            if found is not None and found.status == status:
                return found
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.002)

    def statuses(self, container_id):
        """Return what events said of it."""
        return [action for action in self.world.actions(container_id)
                if action.startswith('health_status')]


class HealthsTest(HealthCase):

    def test_healthy(self):
        container_id = self.world.start(
            Healthcheck=check('echo fine; exit 0'))
        found = self.wait(container_id, 'healthy')
        self.assertEqual((0, 'fine\n'), (
            found.log[0].exit_code, found.log[0].output))
        deadline = time.monotonic() + 30
        while not self.statuses(container_id):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        self.assertEqual(['health_status: healthy'],
                         self.statuses(container_id))

    def test_at_once(self):
        container_id = self.world.start(Healthcheck={
            **check('exit 0'), 'Interval': 60 * 10**9})
        found = self.world.containers.healths.of(self.world.get(container_id))
        self.assertEqual('starting', found.status)

    def test_without_a_check(self):
        container_id = self.world.start()
        self.assertIsNone(self.health(container_id))

    def test_unhealthy_after_so_many_failures(self):
        container_id = self.world.start(
            Healthcheck=check('echo bad; exit 3', Retries=2))
        found = self.wait(container_id, 'unhealthy')
        self.assertGreaterEqual(found.failing_streak, 2)
        self.assertEqual({3}, {one.exit_code for one in found.log})
        deadline = time.monotonic() + 30
        while not self.statuses(container_id):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        self.assertEqual(['health_status: unhealthy'],
                         self.statuses(container_id))

    def test_what_does_not_start_is_a_failure(self):
        container_id = self.world.start(Healthcheck={
            'Test': ['CMD', '/no/such'], 'Interval': 5 * MS, 'Retries': 1})
        found = self.wait(container_id, 'unhealthy')
        self.assertEqual(-1, found.log[-1].exit_code)
        self.assertIn('/no/such', found.log[-1].output)

    def test_what_takes_too_long_is_killed(self):
        killed = []
        self.patch(healthwatch.signal, 'pidfd_send_signal',
                   lambda *args: killed.append(args))
        self.patch(healthwatch, '_KILL_PATIENCE_S', 0.01)
        container_id = self.world.start(Healthcheck=check(
            'echo slow; sleep 1000', Timeout=5 * MS, Retries=1))
        found = self.wait(container_id, 'unhealthy')
        self.assertEqual((-1, 'Health check exceeded timeout (0.005s): '
                              'slow\n'),
                         (found.log[-1].exit_code, found.log[-1].output))
        self.assertEqual(healthwatch.signal.SIGKILL, killed[0][1])

    def test_little_of_much_output_is_kept(self):
        container_id = self.world.start(Healthcheck=check(
            f'echo {"x" * 8000}; exit 0'))
        found = self.wait(container_id, 'healthy')
        self.assertEqual('x' * healthwatch.OUTPUT_BYTES + '...',
                         found.log[0].output)

    def test_end_and_start(self):
        container_id = self.world.start(Healthcheck=check('exit 0'))
        self.wait(container_id, 'healthy')
        self.world.containers.kill(container_id, 'KILL')
        self.wait(container_id, 'unhealthy')
        # What was under way ends, and nothing is run in it any more.
        deadline = time.monotonic() + 30
        before = None
        while before != (before := len(self.world.events)):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.world.containers.start(container_id)
        self.wait(container_id, 'healthy')

    def test_pause(self):
        container_id = self.world.start(Healthcheck=check('exit 0'))
        self.wait(container_id, 'healthy')
        self.world.containers.pause(container_id)
        self.wait(container_id, 'unhealthy')
        self.world.containers.unpause(container_id)
        self.wait(container_id, 'healthy')

    def test_removal(self):
        container_id = self.world.start(Healthcheck=check('exit 0'))
        self.wait(container_id, 'healthy')
        self.world.containers.remove(container_id, force=True, volumes=True)
        deadline = time.monotonic() + 30
        while self.health(container_id) is not None:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def test_another_daemon_goes_on(self):
        container_id = self.world.start(Healthcheck=check('exit 0'))
        ended = self.world.start(Healthcheck=check('exit 0'))
        for one in (container_id, ended):
            self.wait(one, 'healthy')
        self.world.containers.close()
        self.world.engine.finish(ended, 0)
        self.world.open()
        self.assertEqual('healthy', self.health(container_id).status)
        self.assertEqual('unhealthy', self.health(ended).status)
        known = self.health(container_id).log
        deadline = time.monotonic() + 30
        while self.health(container_id).log == known:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def test_a_full_disk_changes_nothing(self):
        with mock.patch.object(
                health.healths, 'put',
                side_effect=exception.Unavailable('no space left')):
            container_id = self.world.start(Healthcheck=check('exit 0'))
            self.wait(container_id, 'healthy')

    def test_filter(self):
        container_id = self.world.start(Healthcheck=check('exit 0'))
        other = self.world.start()
        self.wait(container_id, 'healthy')
        for word, expected in (('healthy', container_id), ('none', other)):
            self.assertEqual([expected], [
                one.id for one in self.world.containers.list(
                    all=False, limit=0, filters={'health': [word]})])
