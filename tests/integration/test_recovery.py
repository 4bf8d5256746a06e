import os
import pathlib
import signal
import time

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from tests.integration import runtimes

FOREVER = 'trap "exit 9" TERM; echo up; while :; do sleep 0.05; done'


class Died(BaseException):
    """The daemon is killed at this point: no clean-up of its own runs."""


class RecoveryTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.runtime = self.useFixture(runtimes.Runtime())

    @property
    def service(self):
        return self.runtime.containers

    def running(self, script=FOREVER, **body):
        container_id = self.runtime.create(script, **body)
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')
        return container_id

    def test_what_runs_goes_on_and_is_watched(self):
        container_id = self.running()
        before = self.service.get(container_id)
        self.runtime.restart()
        self.assertEqual(before, self.service.get(container_id))
        self.assertEqual(1, self.runtime.report.running)
        self.service.stop(container_id, timeout_s=20, signal=None)
        self.assertEqual(9, self.service.get(container_id).exit_code)

    def test_what_was_paused_stays_so(self):
        container_id = self.running()
        self.service.pause(container_id)
        self.runtime.restart()
        self.service.unpause(container_id)
        self.service.stop(container_id, timeout_s=20, signal=None)
        self.assertEqual(9, self.service.get(container_id).exit_code)

    def test_what_was_held_is_still_held(self):
        container_id = self.runtime.create('exit 5')
        self.service.init(container_id)
        self.runtime.restart()
        ended = self.service.exit_future(container_id, 'next-exit')
        self.service.start(container_id)
        self.assertEqual(5, ended.result(20))

    def test_what_ended_meanwhile_has_its_exit_code(self):
        container_id = self.running()
        found = self.service.get(container_id)
        self.runtime.abandon()
        os.kill(found.pid, signal.SIGTERM)
        self.assertTrue(processes.wait_gone(
            found.conmon_pid, found.conmon_started, 20))
        self.runtime.open()
        ended = self.service.get(container_id)
        self.assertEqual((models.Status.EXITED, 9, ''),
                         (ended.status, ended.exit_code, ended.error))
        self.assertEqual('die', self.runtime.actions(container_id)[-1])
        self.service.start(container_id)

    def test_auto_remove_of_what_ended_meanwhile(self):
        container_id = self.running(HostConfig={'AutoRemove': True})
        found = self.service.get(container_id)
        self.runtime.abandon()
        os.kill(found.pid, signal.SIGKILL)
        processes.wait_gone(found.conmon_pid, found.conmon_started, 20)
        self.runtime.open()
        self.assertRaises(
            exception.NotFound, self.service.get, container_id)

    def test_the_monitor_was_killed_meanwhile(self):
        container_id = self.running()
        found = self.service.get(container_id)
        ticks = processes.start_ticks(found.pid)
        self.runtime.abandon()
        os.kill(found.conmon_pid, signal.SIGKILL)
        processes.wait_gone(found.conmon_pid, found.conmon_started, 20)
        self.runtime.open()
        ended = self.service.get(container_id)
        self.assertEqual(137, ended.exit_code)
        self.assertIn('conmon', ended.error)
        self.assertFalse(processes.alive(found.pid, ticks))

    def test_the_host_was_restarted(self):
        container_id = self.running('echo kept > /kept; ' + FOREVER)
        self.runtime.reboot_host(container_id)
        self.runtime.open()
        ended = self.service.get(container_id)
        self.assertEqual((models.Status.EXITED, 255),
                         (ended.status, ended.exit_code))
        self.assertIn('restarted', ended.error)
        with self.runtime.storage.delta(container_id, [], None) as delta:
            self.assertEqual('kept\n', (delta.tree / 'kept').read_text())
        self.service.start(container_id)
        self.assertEqual(models.Status.RUNNING,
                         self.service.get(container_id).status)

    def dies_in(self, where, action, *args, before=False):
        """Run an action; the daemon is killed when ``where`` returns.

        :param before: killed when it is about to be called instead.
        """
        target = self.service
        *parts, name = where.split('.')
        for part in parts:
            target = getattr(target, part)
        original = getattr(target, name)

        def dying(*given, **named):
            if not before:
                original(*given, **named)
            raise Died

        with fixtures.MonkeyPatch(
                'novacontainer.runtime.service.preparation._attempt',
                lambda step: None):
            with fixtures.MockPatchObject(target, name, dying):
                self.assertRaises(Died, action, *args)
        self.runtime.restart()

    def test_killed_between_engine_and_record(self):
        container_id = self.runtime.create(FOREVER)
        for action in (self.service.init, self.service.start):
            self.dies_in('_lifecycle._registry.save',
                         getattr(self.service, action.__name__),
                         container_id, before=True)
            found = self.service.get(container_id)
            self.assertEqual((models.Status.CREATED, 0),
                             (found.status, found.pid))
            self.assertEqual(1, self.runtime.report.undone)
            pin = str(self.runtime.run_root / 'userns' / container_id)
            self.assertEqual(
                [pin], self.runtime.leftovers(container_id))
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')

    def test_killed_between_the_start_of_a_held_one_and_the_record(self):
        container_id = self.runtime.create(FOREVER)
        self.service.init(container_id)
        self.dies_in('_lifecycle._registry.save', self.service.start,
                     container_id, before=True)
        self.assertEqual(models.Status.RUNNING,
                         self.service.get(container_id).status)
        self.assertEqual(1, self.runtime.report.running)
        self.assertRaises(exception.NotModified, self.service.start,
                          container_id)
        self.runtime.wait_output(container_id, 'up')

    def test_killed_after_the_sandbox(self):
        container_id = self.runtime.create(FOREVER)
        self.dies_in('_sandboxes.ensure', self.service.start, container_id)
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')

    def test_killed_after_the_mount(self):
        container_id = self.runtime.create(FOREVER)
        self.dies_in('_storage.mount', self.service.start, container_id)
        self.assertEqual([], list(self.runtime.storage.mounted()))
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')

    def test_killed_before_the_record_of_a_new_container(self):
        def create():
            self.runtime.create('true')

        # A kill runs no undo: prevent what the exit stack would do.
        with fixtures.MockPatchObject(self.service._places, 'remove_home'):
            with fixtures.MockPatchObject(self.service._storage, 'remove'):
                self.dies_in('_registry.add', create, before=True)
        self.assertEqual(1, self.runtime.report.orphans)
        for name in ('containers', 'overlay'):
            self.assertEqual(
                [], list((self.runtime.data_root / name).iterdir()))

    def test_killed_in_a_removal(self):
        for where in ('_storage.remove', '_sandboxes.remove',
                      '_places.remove_home', '_places.remove_bundle'):
            container_id = self.running()
            self.service.stop(container_id, timeout_s=0, signal=None)

            def remove(container_id=container_id):
                self.service.remove(container_id, force=True, volumes=False)

            self.dies_in(where, remove)
            self.assertRaises(
                exception.NotFound, self.service.get, container_id)
            self.assertEqual([], self.runtime.leftovers(container_id))

    def test_killed_in_a_commit_does_not_leave_it_frozen(self):
        container_id = self.running(
            'echo up; i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done')

        def commit():
            self.service.commit(
                container_id, repo='x', tag='y', author='', message='',
                pause=True, changes=(), config=None)

        with fixtures.MockPatchObject(self.service._snapshots._engine,
                                      'resume'):
            with fixtures.MonkeyPatch('pathlib.Path.unlink', _unlink_but):
                self.dies_in('_snapshots._images.commit', commit,
                             before=True)
        before = self.runtime.output(container_id)
        deadline = time.monotonic() + 20
        while self.runtime.output(container_id) == before:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_other_peoples_things_are_left_alone(self):
        foreign = pathlib.Path('/run/netns/nc-0123456789ab')
        foreign.touch()
        self.addCleanup(foreign.unlink)
        self.runtime.restart()
        self.assertTrue(foreign.exists())
        self.assertEqual(0, self.runtime.report.orphans)

    def test_one_that_cannot_be_recovered_does_not_stop_the_rest(self):
        first, second = self.running(), self.running()
        for container_id in (first, second):
            found = self.service.get(container_id)
            os.kill(found.pid, signal.SIGKILL)
        self.runtime.wait_status(first, models.Status.EXITED)
        self.runtime.wait_status(second, models.Status.EXITED)
        going = self.service.get(first)
        with fixtures.MockPatchObject(
                self.service._removal._storage, 'remove',
                side_effect=exception.Internal('stuck')):
            self.assertRaises(exception.Internal, self.service.remove,
                              first, force=False, volumes=False)
            self.assertEqual(models.Status.DEAD,
                             self.service.get(first).status)
        self.runtime.restart()
        self.assertEqual(1, self.runtime.report.removed)
        self.assertRaises(exception.NotFound, self.service.get, going.id)
        self.assertEqual(models.Status.EXITED,
                         self.service.get(second).status)


_unlink = pathlib.Path.unlink


def _unlink_but(path, missing_ok=False):
    """Delete any file but the mark that a killed daemon would leave."""
    if path.name != 'committing':
        _unlink(path, missing_ok)
