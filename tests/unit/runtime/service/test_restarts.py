import dataclasses
import datetime
import threading
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import restarts
from tests.unit.runtime.service import world

EXITED = models.Status.EXITED
RESTARTING = models.Status.RESTARTING
RUNNING = models.Status.RUNNING


def policy(name, count=0):
    """Make what a create body says of it."""
    return {'RestartPolicy': {'Name': name, 'MaximumRetryCount': count}}


class RestartCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.service = self.world.containers

    def fail(self, container_id, code=3):
        """Let the process end."""
        ended = self.service.exit_future(container_id, 'next-exit')
        self.world.engine.finish(container_id, code)
        ended.result(20)

    def again(self, container_id, count=1):
        """Wait until it was started again."""
        self.world.wait(container_id, RUNNING)
        container = self.world.get(container_id)
        while container.restart_count < count:
            self.world.wait(container_id, RUNNING)
            container = self.world.get(container_id)
        return container


class PolicyTest(RestartCase):

    def test_always(self):
        container_id = self.world.start(host_config=policy('always'))
        self.fail(container_id, 0)
        self.assertEqual(1, self.again(container_id).restart_count)
        self.world.events_until('start', container_id, 2)
        self.assertEqual(
            ['die', 'start'], self.world.actions(container_id)[-2:])

    def test_on_failure(self):
        container_id = self.world.start(host_config=policy('on-failure', 1))
        self.fail(container_id)
        self.again(container_id)
        self.fail(container_id)
        self.world.wait(container_id, EXITED)
        self.assertFalse(self.service._restarts.is_pending(container_id))
        # A person's start counts anew.
        self.service.start(container_id)
        self.assertEqual(0, self.world.get(container_id).restart_count)
        self.fail(container_id, 0)
        self.world.wait(container_id, EXITED)
        self.assertFalse(self.service._restarts.is_pending(container_id))

    def test_no_policy(self):
        container_id = self.world.start()
        self.fail(container_id)
        self.world.wait(container_id, EXITED)
        self.assertFalse(self.service._restarts.is_pending(container_id))

    def test_nonsense(self):
        for given in (policy('sometimes'), policy('always', 2),
                      policy('on-failure', -1), policy('no', 1),
                      {**policy('always'), 'AutoRemove': True}):
            self.assertRaises(exception.InvalidRequest, self.world.create,
                              host_config=given)


class PersonTest(RestartCase):

    def setUp(self):
        super().setUp()
        # Long enough for a person to come in between.
        self.useFixture(fixtures.MockPatchObject(
            restarts, 'DELAY_MIN_S', 300.0))
        self.useFixture(fixtures.MockPatchObject(
            restarts, 'DELAY_MAX_S', 300.0))

    def waiting(self, name='always'):
        """Return a container that waits to be started again."""
        container_id = self.world.start(host_config=policy(name))
        self.fail(container_id)
        self.world.wait(container_id, RESTARTING)
        return container_id

    def test_it_is_shown(self):
        container_id = self.waiting()
        self.assertEqual([RESTARTING], [
            one.status for one in self.service.list(
                all=True, limit=0, filters={})])
        self.assertEqual(EXITED, self.service._registry.find(
            container_id).status)

    def test_stop_and_kill_while_it_waits(self):
        for end in (lambda name: self.service.stop(
                        name, timeout_s=0, signal=None),
                    lambda name: self.service.kill(name, 'KILL')):
            container_id = self.waiting()
            end(container_id)
            container = self.service.get(container_id)
            self.assertEqual((EXITED, True), (
                container.status, container.stopped_by_hand))

    def test_start_while_it_waits(self):
        container_id = self.waiting()
        self.service.start(container_id)
        container = self.service.get(container_id)
        self.assertEqual((RUNNING, 0),
                         (container.status, container.restart_count))

    def test_remove_while_it_waits(self):
        container_id = self.waiting()
        self.assertRaises(
            exception.Conflict, self.service.remove, container_id,
            force=False, volumes=False)
        self.service.remove(container_id, force=True, volumes=False)
        self.assertRaises(exception.NotFound, self.service.get, container_id)

    def test_what_is_stopped_stays(self):
        for end in (lambda name: self.service.stop(
                        name, timeout_s=0, signal=None),
                    lambda name: self.service.kill(name, 'KILL')):
            container_id = self.world.start(host_config=policy('always'))
            end(container_id)
            self.assertEqual(EXITED, self.service.get(container_id).status)

    def test_restart_does_not_count(self):
        container_id = self.world.start(host_config=policy('always'))
        self.service.restart(container_id, timeout_s=0)
        container = self.service.get(container_id)
        self.assertEqual((RUNNING, 0, False), (
            container.status, container.restart_count,
            container.stopped_by_hand))


class DaemonTest(RestartCase):

    def stopped(self, name):
        container_id = self.world.start(host_config=policy(name))
        self.service.stop(container_id, timeout_s=0, signal=None)
        return container_id

    def test_what_a_person_stopped(self):
        always = self.stopped('always')
        others = [self.stopped(name)
                  for name in ('unless-stopped', 'on-failure')]
        self.world.restart()
        self.world.wait(always, RUNNING)
        for container_id in others:
            self.assertEqual(EXITED, self.world.get(container_id).status)

    def test_what_ended_while_no_daemon_was_there(self):
        container_id = self.world.start(host_config=policy('on-failure'))
        created = self.world.create(host_config=policy('always'))
        self.service.close()
        self.world.engine.finish(container_id, 1)
        self.world.open()
        self.world.wait(container_id, RUNNING)
        self.assertEqual(models.Status.CREATED,
                         self.world.get(created).status)


class DelayTest(base.BaseTestCase):
    """Timers that never fire."""

    def setUp(self):
        super().setUp()
        self.timer = self.useFixture(fixtures.MockPatchObject(
            threading, 'Timer')).mock
        self.registry = mock.Mock()
        self.start = mock.Mock()
        self.restarts = restarts.Restarts(self.registry, self.start)
        now = datetime.datetime.now(datetime.UTC)
        self.container = models.Container(
            'c1', 'name', 'i', 'i', {}, policy('always'), None, now,
            status=EXITED, exit_code=1, started=now, finished=now)

    def delays(self):
        return [call.args[0] for call in self.timer.call_args_list]

    def test_it_doubles_up_to_a_minute(self):
        for _ in range(12):
            self.restarts.ended(self.container)
        self.assertEqual([0.1, 0.2, 0.4], self.delays()[:3])
        self.assertEqual([60.0, 60.0], self.delays()[-2:])

    def test_it_begins_anew_after_a_sound_run(self):
        for _ in range(5):
            self.restarts.ended(self.container)
        self.restarts.ended(dataclasses.replace(
            self.container, started=self.container.finished
            - datetime.timedelta(seconds=11)))
        self.assertEqual(0.1, self.delays()[-1])

    def test_nothing_once_closed(self):
        self.restarts.close()
        self.restarts.ended(self.container)
        self.assertFalse(self.restarts.is_pending('c1'))
        self.timer.return_value.start.assert_not_called()
