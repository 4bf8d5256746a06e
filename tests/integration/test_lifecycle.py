import os
import pathlib
import signal
import time

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from tests.integration import runtimes

FOREVER = 'trap "exit 9" TERM; echo up; while :; do sleep 0.05; done'


class LifecycleCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.runtime = self.useFixture(runtimes.Runtime())
        self.service = self.runtime.containers

    def status(self, container_id):
        return self.service.get(container_id).status

    def running(self, script=FOREVER, **body):
        container_id = self.runtime.create(script, **body)
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')
        return container_id


class TestLife(LifecycleCase):

    def test_run_to_the_end(self):
        container_id = self.runtime.create('echo out; echo err >&2; exit 3')
        ended = self.service.exit_future(container_id, 'next-exit')
        self.service.start(container_id)
        self.assertEqual(3, ended.result(20))
        found = self.service.get(container_id)
        self.assertEqual(models.Status.EXITED, found.status)
        self.assertEqual((3, 0, 0, '', False), (
            found.exit_code, found.pid, found.conmon_pid, found.error,
            found.oom_killed))
        self.assertLess(found.started, found.finished)
        self.assertEqual({'out', 'err'}, set(
            self.runtime.output(container_id).split()))
        self.assertEqual(['create', 'start', 'die'],
                         self.runtime.actions(container_id))
        # Nothing of a run is kept but the sandbox's pin.
        userns = str(self.runtime.run_root / 'userns' / container_id)
        self.assertEqual([userns], self.runtime.leftovers(container_id))

    def test_stop_by_signal(self):
        container_id = self.running()
        began = time.monotonic()
        self.service.stop(container_id, timeout_s=20, signal=None)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(9, self.service.get(container_id).exit_code)
        self.assertEqual(
            ['create', 'start', 'kill', 'die', 'stop'],
            self.runtime.actions(container_id))
        self.assertRaises(exception.NotModified, self.service.stop,
                          container_id, timeout_s=1, signal=None)

    def test_stop_by_force(self):
        container_id = self.running('trap "" TERM; echo up; sleep 1000')
        self.service.stop(container_id, timeout_s=0, signal=None)
        self.assertEqual(137, self.service.get(container_id).exit_code)

    def test_stop_with_a_signal_of_the_caller(self):
        container_id = self.running(
            'trap "exit 7" USR1; echo up; while :; do sleep 0.05; done')
        self.service.stop(container_id, timeout_s=20, signal='SIGUSR1')
        self.assertEqual(7, self.service.get(container_id).exit_code)

    def test_kill(self):
        container_id = self.running(
            'trap "echo got" HUP; echo up; while :; do sleep 0.05; done')
        self.service.kill(container_id, 'HUP')
        self.runtime.wait_output(container_id, 'got')
        self.service.kill(container_id, '9')
        self.assertEqual(models.Status.EXITED, self.status(container_id))
        error = self.assertRaises(
            exception.Conflict, self.service.kill, container_id, 'KILL')
        self.assertIn('is not running', error.message)

    def test_start_again_keeps_files_and_namespaces(self):
        container_id = self.runtime.create(
            'cat /kept 2>&1; echo kept > /kept; readlink /proc/self/ns/net; '
            'readlink /proc/self/ns/user')
        for _ in range(2):
            ended = self.service.exit_future(container_id, 'next-exit')
            self.service.start(container_id)
            self.assertEqual(0, ended.result(20))
        lines = self.runtime.output(container_id).splitlines()
        # cat: can't open; net; user; kept; net; user
        self.assertEqual('kept', lines[3])
        self.assertEqual(lines[1:3], lines[4:6])

    def test_restart(self):
        container_id = self.running()
        first = self.service.get(container_id)
        self.service.restart(container_id, timeout_s=5)
        second = self.service.get(container_id)
        self.assertEqual(models.Status.RUNNING, second.status)
        self.assertNotEqual(first.pid, second.pid)
        self.assertEqual('restart', self.runtime.actions(container_id)[-1])
        self.service.kill(container_id, 'KILL')
        self.service.restart(container_id, timeout_s=5)
        self.assertEqual(models.Status.RUNNING, self.status(container_id))

    def test_init_holds_the_process(self):
        container_id = self.runtime.create('echo ran')
        self.service.init(container_id)
        held = self.service.get(container_id)
        self.assertEqual(models.Status.CREATED, held.status)
        self.assertGreater(held.pid, 0)
        netns = os.stat(f'/proc/{held.pid}/ns/net').st_ino
        self.assertEqual(
            netns, os.stat(self.service.sandbox_key(held)).st_ino)
        self.assertEqual('', self.runtime.output(container_id))
        self.assertRaises(
            exception.NotModified, self.service.init, container_id)
        ended = self.service.exit_future(container_id, 'next-exit')
        self.service.start(container_id)
        self.assertEqual(0, ended.result(20))
        self.assertEqual('ran', self.runtime.output(container_id))

    def test_remove_what_was_only_initialised(self):
        container_id = self.runtime.create('echo ran')
        self.service.init(container_id)
        self.service.remove(container_id, force=False, volumes=False)
        self.assertRaises(
            exception.NotFound, self.service.get, container_id)
        self.assertEqual([], self.runtime.leftovers())

    def test_a_held_process_that_is_killed_can_be_started(self):
        container_id = self.runtime.create('echo ran')
        self.service.init(container_id)
        held = self.service.get(container_id)
        os.kill(held.conmon_pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while self.service.get(container_id).pid:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertIn('conmon', self.service.get(container_id).error)
        ended = self.service.exit_future(container_id, 'next-exit')
        self.service.start(container_id)
        self.assertEqual(0, ended.result(20))

    def test_pause(self):
        container_id = self.running('echo up; while :; do echo .; done')
        self.service.pause(container_id)
        self.assertEqual(models.Status.PAUSED, self.status(container_id))
        self.wait_for_silence(container_id)
        for method in (self.service.pause, self.service.start):
            self.assertRaises(exception.Conflict, method, container_id)
        self.service.unpause(container_id)
        self.assertRaises(
            exception.Conflict, self.service.unpause, container_id)
        self.service.pause(container_id)
        self.service.stop(container_id, timeout_s=0, signal=None)
        self.assertEqual(models.Status.EXITED, self.status(container_id))

    def wait_for_silence(self, container_id):
        """Wait until conmon has written what was said before."""
        log = self.service.log_path(self.service.get(container_id))
        deadline = time.monotonic() + 30
        size = None
        while size != log.stat().st_size:
            self.assertLess(time.monotonic(), deadline, 'it goes on')
            size = log.stat().st_size
            time.sleep(0.5)

    def test_remove(self):
        container_id = self.running()
        error = self.assertRaises(
            exception.Conflict, self.service.remove, container_id,
            force=False, volumes=False)
        self.assertIn('You cannot remove a running container',
                      error.message)
        removed = self.service.exit_future(container_id, 'removed')
        self.service.remove(container_id, force=True, volumes=False)
        self.assertEqual(137, removed.result(1))
        self.assertEqual(['create', 'start', 'kill', 'die', 'destroy'],
                         self.runtime.actions(container_id))
        self.assertEqual([], self.runtime.leftovers())

    def test_auto_remove(self):
        container_id = self.runtime.create(
            'exit 4', HostConfig={'AutoRemove': True})
        removed = self.service.exit_future(container_id, 'removed')
        self.service.start(container_id)
        self.assertEqual(4, removed.result(20))
        self.assertRaises(
            exception.NotFound, self.service.get, container_id)


class TestFailures(LifecycleCase):

    def fails(self, code, exit_code, *command, **body):
        container_id = self.runtime.create(*command, **body)
        error = self.assertRaises(
            exception.InvalidRequest, self.service.start, container_id)
        self.assertEqual(code, error.code)
        found = self.service.get(container_id)
        self.assertEqual(models.Status.CREATED, found.status)
        self.assertEqual(exit_code, found.exit_code)
        self.assertEqual(error.message, found.error)
        self.assertEqual([], self.runtime.leftovers(container_id))
        return container_id

    def test_command_not_found(self):
        self.fails('container.command_not_found', 127, 'nowhere', 'x')

    def test_command_not_executable(self):
        self.fails('container.command_not_executable', 126,
                   '/etc/passwd', 'x')

    def test_no_such_user(self):
        self.fails('container.user_not_found', 128, 'true', 'x',
                   User='nobody-here')

    def test_a_failed_start_can_be_repeated_and_removed(self):
        container_id = self.fails(
            'container.command_not_found', 127, 'nowhere', 'x')
        self.assertRaises(
            exception.InvalidRequest, self.service.start, container_id)
        self.service.remove(container_id, force=False, volumes=False)

    def test_auto_remove_after_a_failed_start(self):
        container_id = self.runtime.create(
            'nowhere', 'x', HostConfig={'AutoRemove': True})
        self.assertRaises(
            exception.InvalidRequest, self.service.start, container_id)
        self.assertRaises(
            exception.NotFound, self.service.get, container_id)

    def test_the_monitor_is_killed(self):
        container_id = self.running()
        found = self.service.get(container_id)
        ticks = processes.start_ticks(found.pid)
        os.kill(found.conmon_pid, signal.SIGKILL)
        ended = self.runtime.wait_status(
            container_id, models.Status.EXITED)
        self.assertEqual(137, ended.exit_code)
        self.assertIn('conmon', ended.error)
        self.assertFalse(processes.alive(found.pid, ticks))
        self.service.start(container_id)
        self.assertEqual('', self.service.get(container_id).error)

    def test_out_of_memory(self):
        code, _ = self.runtime.run(
            'head -c 200m /dev/zero | tail', name='fat',
            HostConfig={'Memory': 16 * 1024 ** 2,
                        'MemorySwap': 16 * 1024 ** 2})
        self.assertIn(code, (137, 1, 0))
        self.assertTrue(self.service.get('fat').oom_killed)
        self.assertIn('oom', self.runtime.actions(
            self.service.get('fat').id))

    def test_a_name_is_used_twice(self):
        self.runtime.create('true', name='one')
        self.assertRaises(
            exception.Conflict, self.runtime.create, 'true', name='/one')

    def test_a_full_stop_of_create_leaves_nothing(self):
        before = set(pathlib.Path(
            self.runtime.data_root, 'overlay').iterdir())
        self.assertRaises(
            exception.InvalidRequest, self.runtime.create, 'true',
            HostConfig={'StorageOpt': {'size': '1k'}})
        self.assertEqual(before, set(pathlib.Path(
            self.runtime.data_root, 'overlay').iterdir()))
        self.assertEqual([], list(pathlib.Path(
            self.runtime.data_root, 'containers').iterdir()))
