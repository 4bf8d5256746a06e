"""What every container engine must do: ``engine.base.Engine`` as tests.

Run on the fake (``tests/unit/runtime/engine/test_base.py``) and on crun and
runc (``tests/integration/test_engine.py``).  A subclass makes engines and
bundles; nothing here looks behind the protocol.
"""

import signal
import time

from novacontainer.runtime import exception

FOREVER = ('/bin/sh', '-c', 'while true; do sleep 1; done')


class EngineContract:
    """Mix into a test case that defines the three methods below."""

    def make_engine(self):
        """Return an engine; each one over the same run root."""
        raise NotImplementedError

    def make_bundle(self, *args):
        """Return the bundle of a new container that runs ``args``.

        The root file system has a shell at /bin/sh and a file without
        execute permission at /etc/passwd.
        """
        raise NotImplementedError

    def logged(self, bundle):
        """Return what the container has written."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.engine = self.make_engine()

    def created(self, *args):
        """Create a container that is removed at the end of the test."""
        bundle = self.make_bundle(*args)
        self.addCleanup(self.engine.forget, bundle.id)
        self.addCleanup(self.engine.delete, bundle.id, force=True)
        self.engine.create(bundle)
        return bundle

    def started(self, *args):
        """Create and start a container."""
        bundle = self.created(*args)
        self.engine.start(bundle.id)
        return bundle

    def eventually(self, condition, timeout_s=20):
        """Wait until the condition is neither None nor False; return it."""
        deadline = time.monotonic() + timeout_s
        # An answer of 0 is an answer.
        while (answer := condition()) is None or answer is False:
            if time.monotonic() > deadline:
                self.fail('It did not come about in time.')
            time.sleep(0.005)
        return answer

    def ended(self, bundle):
        """Wait for the container to end; return its exit code."""
        return self.eventually(lambda: self.engine.exit_code(bundle.id))

    def raises(self, kind, code, function, *args, **kwargs):
        """Assert that a fault of this kind and code is raised."""
        fault = self.assertRaises(kind, function, *args, **kwargs)
        self.assertEqual(code, fault.code)
        return fault

    def test_has_name_and_version(self):
        self.assertTrue(self.engine.name)
        self.assertTrue(self.engine.version)

    def test_created_is_held(self):
        bundle = self.created('/bin/sh', '-c', 'echo ran; exit 3')
        time.sleep(0.05)
        self.assertIsNotNone(self.engine.pid(bundle.id))
        self.assertFalse(self.engine.started(bundle.id))
        self.assertIsNone(self.engine.exit_code(bundle.id))
        self.assertEqual('', self.logged(bundle))

    def test_create_says_who(self):
        bundle = self.make_bundle(*FOREVER)
        self.addCleanup(self.engine.forget, bundle.id)
        self.addCleanup(self.engine.delete, bundle.id, force=True)
        made = self.engine.create(bundle)
        self.assertEqual(made.pid, self.engine.pid(bundle.id))
        self.assertGreater(made.conmon_pid, 0)
        self.assertGreater(made.conmon_started, 0)

    def test_start_runs_and_exit_code_is_kept(self):
        bundle = self.started('/bin/sh', '-c', 'echo ran; exit 3')
        self.assertEqual(3, self.ended(bundle))
        self.assertIn('ran', self.logged(bundle))
        self.assertIsNone(self.engine.pid(bundle.id))
        self.assertFalse(self.engine.started(bundle.id))

    def test_exit_code_survives_delete_but_not_forget(self):
        bundle = self.started('/bin/sh', '-c', 'exit 4')
        self.ended(bundle)
        self.engine.delete(bundle.id)
        self.assertEqual(4, self.engine.exit_code(bundle.id))
        self.engine.forget(bundle.id)
        self.assertIsNone(self.engine.exit_code(bundle.id))

    def test_start_twice(self):
        bundle = self.started(*FOREVER)
        self.assertTrue(self.engine.started(bundle.id))
        self.raises(exception.Conflict, 'container.not_created',
                    self.engine.start, bundle.id)

    def test_start_after_end(self):
        bundle = self.started('/bin/sh', '-c', 'exit 0')
        self.ended(bundle)
        self.raises(exception.Conflict, 'container.not_running',
                    self.engine.start, bundle.id)

    def test_create_twice(self):
        bundle = self.created(*FOREVER)
        self.raises(exception.Conflict, 'container.exists',
                    self.engine.create, bundle)
        self.assertIsNotNone(self.engine.pid(bundle.id))

    def test_create_again_after_delete(self):
        bundle = self.started('/bin/sh', '-c', 'exit 5')
        self.ended(bundle)
        self.engine.delete(bundle.id)
        self.engine.create(bundle)
        self.assertIsNone(self.engine.exit_code(bundle.id))
        self.engine.start(bundle.id)
        self.assertEqual(5, self.ended(bundle))

    def test_kill(self):
        bundle = self.started(*FOREVER)
        self.engine.kill(bundle.id, signal.SIGKILL)
        self.assertEqual(128 + signal.SIGKILL, self.ended(bundle))

    def test_kill_held(self):
        bundle = self.created(*FOREVER)
        self.engine.kill(bundle.id, signal.SIGKILL)
        self.assertEqual(128 + signal.SIGKILL, self.ended(bundle))
        self.raises(exception.Conflict, 'container.not_running',
                    self.engine.start, bundle.id)

    def test_kill_all(self):
        bundle = self.started(*FOREVER)
        self.engine.kill(bundle.id, signal.SIGKILL, all=True)
        self.assertEqual(128 + signal.SIGKILL, self.ended(bundle))

    def test_kill_with_no_signal(self):
        bundle = self.started(*FOREVER)
        for every in (False, True):
            self.raises(exception.InvalidRequest, 'container.signal',
                        self.engine.kill, bundle.id, 4711, all=every)

    def test_kill_after_end(self):
        bundle = self.started('/bin/sh', '-c', 'exit 0')
        self.ended(bundle)
        self.raises(exception.Conflict, 'container.not_running',
                    self.engine.kill, bundle.id, signal.SIGTERM)

    def test_pause_and_resume(self):
        bundle = self.started('/bin/sh', '-c',
                              'trap "exit 6" TERM; echo ready; '
                              'while true; do sleep 0.01; done')
        self.eventually(lambda: 'ready' in self.logged(bundle))
        self.engine.pause(bundle.id)
        self.engine.kill(bundle.id, signal.SIGTERM)
        time.sleep(0.1)
        self.assertIsNotNone(self.engine.pid(bundle.id))
        self.engine.resume(bundle.id)
        self.assertEqual(6, self.ended(bundle))

    def test_reclaim_what_is_paused(self):
        bundle = self.started(*FOREVER)
        self.engine.pause(bundle.id)
        try:
            self.assertGreaterEqual(self.engine.reclaim(bundle.id), 0)
        except exception.NotSupported:
            self.assertFalse(self.can_limit())

    def test_pause_after_end(self):
        bundle = self.started('/bin/sh', '-c', 'exit 0')
        self.ended(bundle)
        for verb in (self.engine.pause, self.engine.reclaim,
                     self.engine.resume):
            self.raises(exception.Conflict, 'container.not_running',
                        verb, bundle.id)

    def test_delete_running(self):
        bundle = self.started(*FOREVER)
        self.raises(exception.Conflict, 'container.running',
                    self.engine.delete, bundle.id)
        self.engine.delete(bundle.id, force=True)
        self.assertIsNone(self.engine.pid(bundle.id))
        self.assertEqual(128 + signal.SIGKILL,
                         self.engine.exit_code(bundle.id))
        self.engine.delete(bundle.id, force=True)

    def test_delete_held(self):
        bundle = self.created(*FOREVER)
        self.engine.delete(bundle.id, force=True)
        self.assertIsNone(self.engine.pid(bundle.id))

    def test_delete_paused(self):
        bundle = self.started(*FOREVER)
        self.engine.pause(bundle.id)
        self.engine.delete(bundle.id, force=True)
        self.assertIsNone(self.engine.pid(bundle.id))
        self.assertEqual(128 + signal.SIGKILL,
                         self.engine.exit_code(bundle.id))

    def can_limit(self):
        """Say whether the host can limit anything."""
        return True

    def test_update(self):
        if not self.can_limit():
            self.skipTest('This cgroup2 has no controllers: run it on a host '
                          'whose controllers are not taken by version 1.')
        bundle = self.started(*FOREVER)
        self.engine.update(bundle.id, {
            'memory': {'limit': 64 << 20, 'swap': 128 << 20},
            'cpu': {'quota': 50000, 'period': 100000},
            'pids': {'limit': 70}})
        self.engine.update(bundle.id, {'pids': {'limit': 71}})

    def test_unknown_container(self):
        unknown = 'f' * 64
        for verb, *args in ((self.engine.update, {}),(self.engine.start,),
                            (self.engine.kill, signal.SIGTERM),
                            (self.engine.pause,), (self.engine.resume,)):
            self.raises(exception.NotFound, 'container.not_found',
                        verb, unknown, *args)
        self.engine.delete(unknown)
        self.engine.forget(unknown)
        self.assertIsNone(self.engine.pid(unknown))
        self.assertFalse(self.engine.started(unknown))
        self.assertIsNone(self.engine.exit_code(unknown))

    def test_command_that_is_not_there(self):
        for command in ('/no/such/command', 'nosuchcommand'):
            bundle = self.make_bundle(command)
            self.addCleanup(self.engine.forget, bundle.id)
            fault = self.raises(
                exception.InvalidRequest, 'container.command_not_found',
                self.engine.create, bundle)
            self.assertIn(command, str(fault))
            self.assert_nothing_made(bundle)

    def test_command_that_cannot_run(self):
        for command in ('/etc/passwd', '/etc'):
            bundle = self.make_bundle(command)
            self.addCleanup(self.engine.forget, bundle.id)
            fault = self.raises(
                exception.InvalidRequest, 'container.command_not_executable',
                self.engine.create, bundle)
            self.assertIn(command, str(fault))
            self.assert_nothing_made(bundle)

    def assert_nothing_made(self, bundle):
        """Assert that a failed create left nothing; extend for real ones."""
        self.assertIsNone(self.engine.pid(bundle.id))
        self.assertIsNone(self.engine.exit_code(bundle.id))
        self.raises(exception.NotFound, 'container.not_found',
                    self.engine.start, bundle.id)

    def test_another_engine_knows_the_same(self):
        running = self.started(*FOREVER)
        ended = self.started('/bin/sh', '-c', 'exit 7')
        self.ended(ended)
        other = self.make_engine()
        self.assertEqual(self.engine.pid(running.id), other.pid(running.id))
        self.assertEqual(7, other.exit_code(ended.id))
        other.kill(running.id, signal.SIGKILL)
        self.assertEqual(128 + signal.SIGKILL, self.ended(running))
