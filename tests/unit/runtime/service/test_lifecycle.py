import concurrent.futures
import os
import random
import threading
import time
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import lifecycle
from tests.unit.runtime.service import world

CREATED, RUNNING, PAUSED, EXITED = (
    models.Status.CREATED, models.Status.RUNNING, models.Status.PAUSED,
    models.Status.EXITED)


class LifecycleCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    @property
    def service(self):
        return self.world.containers


class TestStart(LifecycleCase):

    def test_start_and_end(self):
        container_id = self.world.create('exit 3')
        ended = self.service.exit_future(container_id, 'next-exit')
        self.service.start(container_id)
        self.assertEqual(3, ended.result(20))
        found = self.world.get(container_id)
        self.assertEqual((EXITED, 3, 0), (
            found.status, found.exit_code, found.pid))
        self.assertEqual(['create', 'start', 'die'],
                         self.world.actions(container_id))
        died = self.world.events[-1].attributes
        self.assertEqual(('3', '0'), (died['exitCode'],
                                      died['execDuration']))
        self.assertEqual([], self.world.traces(container_id))
        self.assertEqual({container_id}, self.world.sandboxes.pinned())

    def test_running(self):
        container_id = self.world.start()
        found = self.world.get(container_id)
        self.assertEqual(RUNNING, found.status)
        self.assertGreater(found.conmon_pid, 0)
        self.assertIsNotNone(found.started)
        for verb in (self.service.start, self.service.init):
            error = self.assertRaises(
                exception.NotModified, verb, container_id)
            self.assertEqual('container.already_started', error.code)

    def test_init_then_start(self):
        container_id = self.world.create()
        self.service.init(container_id)
        held = self.world.get(container_id)
        self.assertEqual(CREATED, held.status)
        self.assertGreater(held.pid, 0)
        self.service.start(container_id)
        self.assertEqual(held.pid, self.world.get(container_id).pid)
        self.assertEqual(['create', 'init', 'start'],
                         self.world.actions(container_id))

    def test_a_held_process_that_was_killed_is_replaced(self):
        container_id = self.world.create()
        self.service.init(container_id)
        held = self.world.get(container_id)
        # As when conmon has not ended yet, or its end is not yet noticed.
        self.world.engine.state.exits[container_id] = 137
        self.service.start(container_id)
        found = self.world.get(container_id)
        self.assertEqual(RUNNING, found.status)
        self.assertNotEqual(held.pid, found.pid)

    def test_start_again(self):
        container_id = self.world.create('exit 3')
        for _ in range(2):
            ended = self.service.exit_future(container_id, 'next-exit')
            self.service.start(container_id)
            ended.result(20)
        self.assertEqual(EXITED, self.world.get(container_id).status)

    def check_failed(self, container_id, fault, exit_code):
        error = self.assertRaises(
            type(fault), self.service.start, container_id)
        found = self.world.get(container_id)
        self.assertEqual((CREATED, exit_code, error.message, 0), (
            found.status, found.exit_code, found.error, found.pid))
        self.assertEqual([], self.world.traces(container_id))

    def test_every_step_that_fails_is_undone(self):
        fault = exception.Internal('it broke')
        for where, verb in ((self.world.sandboxes, 'ensure'),
                            (self.world.storage, 'mount'),
                            (self.world.engine, 'create'),
                            (self.world.engine, 'start')):
            container_id = self.world.create()
            where.faults[verb] = fault
            self.check_failed(container_id, fault, 128)
            made_sandbox = container_id in self.world.sandboxes.pinned()
            self.assertFalse(made_sandbox, verb)
            # It was the host's fault: the next time it works.
            self.service.start(container_id)
            self.assertEqual('', self.world.get(container_id).error)

    def test_the_record_cannot_be_written(self):
        for prepare in (lambda container_id: None, self.service.init):
            container_id = self.world.create()
            prepare(container_id)
            full = exception.Unavailable('no space', 'storage.full')
            save = self.service._registry.save
            answers = [full]

            def failing(container, save=save, answers=answers):
                if answers:
                    raise answers.pop()
                save(container)

            with fixtures.MockPatchObject(
                    self.service._registry, 'save', failing):
                self.check_failed(container_id, full, 128)

    def test_a_disk_that_is_full(self):
        container_id = self.world.create()
        with fixtures.MockPatch(
                'novacontainer.runtime.service.etcfiles.write',
                side_effect=OSError(28, 'No space left on device')):
            self.check_failed(
                container_id, exception.Unavailable('x'), 128)

    def test_command_faults_have_dockers_codes(self):
        for command, exit_code in (('nowhere', 127), ('/etc/passwd', 126)):
            container_id = self.world.create(Entrypoint=[command])
            self.check_failed(
                container_id, exception.InvalidRequest('x'), exit_code)

    def test_unknown_user(self):
        container_id = self.world.create(User='elvis')
        self.check_failed(container_id, exception.InvalidRequest('x'), 128)

    def test_a_failure_after_a_run_leaves_it_exited(self):
        container_id = self.world.create('exit 3')
        ended = self.service.exit_future(container_id, 'next-exit')
        self.service.start(container_id)
        ended.result(20)
        self.world.engine.faults['create'] = exception.Internal('it broke')
        self.assertRaises(
            exception.Internal, self.service.start, container_id)
        self.assertEqual(EXITED, self.world.get(container_id).status)
        # The sandbox was not this start's to undo.
        self.assertIn(container_id, self.world.sandboxes.pinned())

    def test_an_undo_that_fails_does_not_hide_why(self):
        container_id = self.world.create()
        self.world.engine.faults['create'] = exception.Internal('first')
        self.world.storage.faults['unmount'] = exception.Internal('second')
        error = self.assertRaises(
            exception.Internal, self.service.start, container_id)
        self.assertEqual('first', error.message)
        self.service.start(container_id)

    def test_the_monitor_is_gone_at_once(self):
        container_id = self.world.create()
        with fixtures.MockPatch(
                'novacontainer.runtime.host.processes.open_pidfd',
                return_value=None):
            error = self.assertRaises(
                exception.Internal, self.service.start, container_id)
        self.assertEqual('engine.monitor_lost', error.code)
        self.assertEqual([], self.world.traces(container_id))

    def test_auto_remove(self):
        container_id = self.world.create(
            'exit 3', host_config={'AutoRemove': True})
        removed = self.service.exit_future(container_id, 'removed')
        self.service.start(container_id)
        self.assertEqual(3, removed.result(20))
        self.assertRaises(
            exception.NotFound, self.service.get, container_id)
        failing = self.world.create(
            Entrypoint=['nowhere'], host_config={'AutoRemove': True})
        self.assertRaises(
            exception.InvalidRequest, self.service.start, failing)
        self.assertRaises(exception.NotFound, self.service.get, failing)

    def test_auto_remove_spares_what_is_restarted(self):
        container_id = self.world.start(host_config={'AutoRemove': True})
        for _ in range(3):
            self.service.restart(container_id, timeout_s=0)
            self.assertEqual(RUNNING, self.world.get(container_id).status)
        removed = self.service.exit_future(container_id, 'removed')
        self.service.kill(container_id, 'KILL')
        self.assertEqual(137, removed.result(20))

    def test_auto_remove_after_a_restart_that_fails(self):
        container_id = self.world.start(host_config={'AutoRemove': True})
        self.assertRaises(
            exception.InvalidRequest, self.service.restart, container_id,
            timeout_s=0, signal='NONSENSE')
        self.assertEqual(RUNNING, self.world.get(container_id).status)
        with mock.patch.object(
                self.world.engine, 'start',
                side_effect=exception.Internal('broken')):
            self.assertRaises(
                exception.Internal, self.service.restart, container_id,
                timeout_s=0)
        self.assertRaises(
            exception.NotFound, self.service.get, container_id)

    def test_auto_remove_that_fails_does_not_hide_why(self):
        failing = self.world.create(
            Entrypoint=['nowhere'], host_config={'AutoRemove': True})
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.InvalidRequest, self.service.start, failing)
        self.assertEqual(models.Status.DEAD, self.world.get(failing).status)


class TestStop(LifecycleCase):

    def test_by_signal(self):
        container_id = self.world.start('trap "exit 9" TERM')
        self.service.stop(container_id, timeout_s=None, signal=None)
        self.assertEqual(9, self.world.get(container_id).exit_code)
        self.assertEqual(
            ['create', 'start', 'kill', 'die', 'stop'],
            self.world.actions(container_id))

    def test_by_force(self):
        container_id = self.world.start()
        began = time.monotonic()
        self.service.stop(container_id, timeout_s=1, signal=None)
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertEqual(137, self.world.get(container_id).exit_code)

    def test_timeouts(self):
        waited = []

        def happens(ended, timeout_s):
            waited.append(timeout_s)
            return False

        for given, own, expected in (
                (None, None, 5), (None, 7, 7), (2, 7, 2), (-1, 7, None),
                (None, -1, None)):
            container_id = self.world.start(StopTimeout=own)
            with fixtures.MockPatchObject(lifecycle, '_happens', happens):
                self.assertRaises(
                    exception.Internal, self.service.stop, container_id,
                    timeout_s=given, signal=None)
            self.assertEqual(expected, waited[-2])
        self.assertEqual(lifecycle.KILL_PATIENCE_S, waited[-1])

    def test_signals(self):
        for given, own, expected in (
                (None, None, 15), (None, 'SIGINT', 2), ('USR1', 'INT', 10)):
            container_id = self.world.start(StopSignal=own)
            self.service.stop(container_id, timeout_s=0, signal=given)
            kills = [call for call in self.world.engine.calls
                     if call[:2] == ('kill', container_id)]
            self.assertEqual(expected, kills[0][2])
        self.assertRaises(
            exception.InvalidRequest, self.service.stop,
            self.world.start(), timeout_s=0, signal='NOSUCH')

    def test_what_does_not_run(self):
        container_id = self.world.create()
        for prepare in (lambda: None,
                        lambda: self.service.init(container_id)):
            prepare()
            error = self.assertRaises(
                exception.NotModified, self.service.stop, container_id,
                timeout_s=0, signal=None)
            self.assertEqual('container.already_stopped', error.code)

    def test_it_ends_just_before_the_signal(self):
        container_id = self.world.start()
        kill = self.world.engine.kill

        def late(*args):
            self.world.engine.finish(container_id, 4)
            kill(*args)

        with fixtures.MockPatchObject(self.world.engine, 'kill', late):
            self.service.stop(container_id, timeout_s=5, signal=None)
        self.assertEqual(4, self.world.get(container_id).exit_code)

    def test_the_wait_holds_no_lock(self):
        container_id = self.world.start()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            stop = pool.submit(self.service.stop, container_id,
                               timeout_s=60, signal=None)
            while ('kill', container_id, 15, False) not in (
                    self.world.engine.calls):
                time.sleep(0.001)
            self.service.pause(container_id)
            self.service.unpause(container_id)
            self.service.kill(container_id, 'KILL')
            stop.result(20)

    def test_the_daemon_is_told_to_end_meanwhile(self):
        container_id = self.world.start()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            stop = pool.submit(self.service.stop, container_id,
                               timeout_s=-1, signal=None)
            while not len(self.service._waiters):
                time.sleep(0.001)
            self.service.interrupt()
            error = self.assertRaises(
                exception.Unavailable, stop.result, 20)
        self.assertEqual('daemon.stopping', error.code)
        self.assertEqual(RUNNING, self.world.get(container_id).status)

    def test_nobody_is_left_waiting(self):
        container_id = self.world.start()
        self.service.stop(container_id, timeout_s=0, signal=None)
        self.assertEqual(0, len(self.service._waiters))


class TestKill(LifecycleCase):

    def test_kill_returns_when_the_end_is_recorded(self):
        container_id = self.world.start()
        self.service.kill(container_id, 'SIGKILL')
        self.assertEqual(137, self.world.get(container_id).exit_code)
        kill = self.world.events[-2]
        self.assertEqual(('kill', '9'), (
            kill.action, kill.attributes['signal']))

    def test_other_signals_do_not_wait(self):
        container_id = self.world.start()
        self.service.kill(container_id, '1')
        self.assertEqual(RUNNING, self.world.get(container_id).status)

    def test_a_paused_container_is_resumed_to_get_it(self):
        container_id = self.world.start('trap "exit 9" TERM')
        self.service.pause(container_id)
        self.service.kill(container_id, 'TERM')
        self.assertEqual(9, self.world.wait(container_id).exit_code)

    def test_refusals(self):
        container_id = self.world.create()
        error = self.assertRaises(
            exception.Conflict, self.service.kill, container_id, 'KILL')
        self.assertEqual(
            f'Container {container_id} is not running', error.message)
        self.assertRaises(exception.InvalidRequest, self.service.kill,
                          self.world.start(), '0')
        self.assertRaises(
            exception.NotFound, self.service.kill, 'nothing', 'KILL')


class TestRestartAndPause(LifecycleCase):

    def test_restart(self):
        container_id = self.world.start()
        before = self.world.get(container_id).pid
        self.service.restart(container_id, timeout_s=0)
        after = self.world.get(container_id)
        self.assertEqual(RUNNING, after.status)
        self.assertNotEqual(before, after.pid)
        self.assertEqual('restart', self.world.actions(container_id)[-1])

    def test_restart_with_a_signal(self):
        container_id = self.world.start()
        self.service.restart(container_id, timeout_s=0, signal='INT')
        self.assertIn('2', [event.attributes.get('signal')
                            for event in self.world.events])
        self.assertRaises(
            exception.InvalidRequest, self.service.restart, container_id,
            timeout_s=0, signal='NONSENSE')

    def test_restart_of_what_does_not_run_starts_it(self):
        container_id = self.world.create()
        self.service.restart(container_id, timeout_s=0)
        self.assertEqual(RUNNING, self.world.get(container_id).status)

    def test_pause(self):
        container_id = self.world.start()
        self.service.pause(container_id)
        self.assertEqual(PAUSED, self.world.get(container_id).status)
        for verb, code in ((self.service.pause, 'container.paused'),
                           (self.service.start, 'container.paused'),
                           (self.service.init, 'container.paused')):
            error = self.assertRaises(
                exception.Conflict, verb, container_id)
            self.assertEqual(code, error.code)
        self.service.unpause(container_id)
        error = self.assertRaises(
            exception.Conflict, self.service.unpause, container_id)
        self.assertEqual('container.not_paused', error.code)
        self.assertEqual(['create', 'start', 'pause', 'unpause'],
                         self.world.actions(container_id))

    def test_pause_and_give_memory_back(self):
        container_id = self.world.start()
        self.service.pause(container_id, reclaim=True)
        self.assertEqual([('reclaim', container_id)], [
            call for call in self.world.engine.calls
            if call[0] == 'reclaim'])

    def test_memory_that_cannot_be_given_back(self):
        container_id = self.world.start()
        self.world.engine.faults['reclaim'] = exception.NotSupported('old')
        self.service.pause(container_id, reclaim=True)
        self.assertEqual(PAUSED, self.world.get(container_id).status)

    def test_pause_of_what_does_not_run(self):
        container_id = self.world.create()
        for verb in (self.service.pause, self.service.unpause):
            error = self.assertRaises(
                exception.Conflict, verb, container_id)
            self.assertEqual('container.not_running', error.code)

    def test_pause_that_fails_changes_nothing(self):
        container_id = self.world.start()
        self.world.engine.faults['pause'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.service.pause, container_id)
        self.assertEqual(RUNNING, self.world.get(container_id).status)


class TestStress(LifecycleCase):

    moves = (
        lambda self, name: self.world.create(name=name),
        lambda self, name: self.service.init(name),
        lambda self, name: self.service.start(name),
        lambda self, name: self.service.start(name),
        lambda self, name: self.service.stop(
            name, timeout_s=0, signal=None),
        lambda self, name: self.service.kill(name, 'KILL'),
        lambda self, name: self.service.restart(name, timeout_s=0),
        lambda self, name: self.service.pause(name),
        lambda self, name: self.service.unpause(name),
        lambda self, name: self.service.remove(
            name, force=False, volumes=False),
        lambda self, name: self.service.remove(
            name, force=True, volumes=False),
        lambda self, name: self.end(name))

    def end(self, name):
        """Let a process end by itself, if it has been started."""
        container_id = self.service.get(name).id
        process = self.world.engine.state.containers.get(container_id)
        if process is not None and process.started:
            self.world.engine.finish(container_id, 5)

    def test_many_threads_on_a_few_containers(self):
        """No deadlock, no leak, and an end that is consistent."""
        names = [f'c{number}' for number in range(3)]
        descriptors = len(os.listdir('/proc/self/fd'))
        expected = (exception.Conflict, exception.NotFound,
                    exception.NotModified)
        faults = []
        deadline = time.monotonic() + 3

        def play(seed):
            chance = random.Random(seed)
            while time.monotonic() < deadline:
                try:
                    chance.choice(self.moves)(self, chance.choice(names))
                except expected:
                    pass
                except Exception as error:  # noqa: BLE001  kept, and told
                    faults.append(repr(error))

        threads = [threading.Thread(target=play, args=(seed,))
                   for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual([], [t for t in threads if t.is_alive()])
        self.assertEqual([], faults)
        for container in self.service.list(all=True, limit=0, filters={}):
            self.service.remove(container.id, force=True, volumes=False)
        self.assertEqual([], self.world.files())
        self.assertEqual({}, self.world.engine.monitors)
        # The last end may be looked at just now, to find nothing to do.
        deadline = time.monotonic() + 20
        while len(self.service._lifecycle._locks):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(0, len(self.service._waiters))
        self.assertEqual(0, len(self.service._monitor))
        self.assertLess(len(os.listdir('/proc/self/fd')), descriptors + 100)
