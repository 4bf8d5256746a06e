"""Processes that the demo starts and ends."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
from unittest import mock

from oslotest import base

from demo import directory
from demo import errors
from demo import processes

_PATH = {'PATH': '/usr/bin:/bin'}


class SupervisorTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = directory.Directory(pathlib.Path(scratch.name) / 'd')
        self.directory.create()
        self.supervisor = processes.Supervisor(self.directory)
        self.addCleanup(self.supervisor.stop_marked, 0.1)
        self.addCleanup(lambda: self.supervisor.stop(self.supervisor.names()))

    def process(self, *argv, inputs=()):
        return processes.Process('job', argv or ('sleep', '60'), _PATH,
                                 inputs=inputs)

    def pid(self):
        path = self.directory.run / 'job.pid'
        return json.loads(path.read_text())['pid']

    def test_a_second_start_does_nothing(self):
        self.assertTrue(self.supervisor.start(self.process()))
        self.assertFalse(self.supervisor.start(self.process()))

    def test_another_supervisor_finds_it(self):
        self.supervisor.start(self.process())
        later = processes.Supervisor(self.directory)
        self.assertTrue(later.alive('job'))
        self.assertEqual(['job'], later.names())

    def test_changed_input_starts_it_anew(self):
        config = self.directory.etc / 'config'
        config.write_text('one')
        self.supervisor.start(self.process(inputs=(config,)))
        first = self.pid()
        config.write_text('two')
        self.assertTrue(self.supervisor.start(self.process(inputs=(config,))))
        self.assertNotEqual(first, self.pid())

    def test_kill(self):
        self.supervisor.start(self.process())
        self.supervisor.kill('job')
        self.assertFalse(self.supervisor.alive('job'))
        self.assertTrue(self.supervisor.start(self.process()))

    def test_kill_what_does_not_run(self):
        error = self.assertRaises(
            errors.DemoError, self.supervisor.kill, 'job')
        self.assertIn('does not run', str(error))

    def test_kill_leaves_the_children(self):
        self.supervisor.start(self.process(
            'sh', '-c', 'trap "" HUP; sleep 60 & echo $! > "$0"; wait',
            str(self.directory.run / 'child')))
        child = self.directory.run / 'child'
        while not (child.exists() and child.read_text()):
            time.sleep(0.01)
        self.supervisor.kill('job')
        os.kill(int(child.read_text()), 0)

    def test_stop_takes_the_children_along(self):
        self.supervisor.start(self.process(
            'sh', '-c', 'trap "" TERM; sleep 60 & wait'))
        group = self.pid()
        self.assertEqual(['job'], self.supervisor.stop(['job'], grace_s=0.2))
        self.assertFalse(self.supervisor.alive('job'))
        self.assertEqual([], self.supervisor.names())
        self.assertRaises(ProcessLookupError, self._signal_later, group)

    def _signal_later(self, group):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.02)

    def test_a_reused_pid_is_not_touched(self):
        stranger = subprocess.Popen(['sleep', '60'], start_new_session=True)
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        (self.directory.run / 'job.pid').write_text(json.dumps(
            {'pid': stranger.pid, 'started': 1, 'digest': ''}))
        self.assertFalse(self.supervisor.alive('job'))
        self.assertEqual([], self.supervisor.stop(['job']))
        self.assertIsNone(stranger.poll())

    def test_an_early_end_is_reported_with_the_log(self):
        self.supervisor.start(self.process('sh', '-c', 'echo why; exit 3'))
        error = self.assertRaises(
            errors.DemoError, self.supervisor.wait_ready, 'job',
            lambda: False)
        self.assertIn('job ended', error.reason)
        self.assertEqual('why\n', error.logs[0].read_text())

    def test_a_late_one_is_reported(self):
        self.supervisor.start(self.process())
        error = self.assertRaises(
            errors.DemoError, self.supervisor.wait_ready, 'job',
            lambda: False, 0.2)
        self.assertIn('not ready', error.reason)

    def test_a_missing_program_is_named(self):
        error = self.assertRaises(errors.DemoError, self.supervisor.start,
                                  self.process('/no/such/program'))
        self.assertIn('/no/such/program', error.reason)

    def test_what_left_the_group_is_found_by_its_mark(self):
        self.supervisor.start(self.process(
            'sh', '-c', 'setsid sleep 61 & exec sleep 60'))
        group = self.pid()
        deadline = time.monotonic() + 60
        while 'sleep' not in self._beside(group):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.supervisor.stop(['job'])
        self.assertEqual(['sleep'], self.supervisor.stop_marked(1))
        self.assertEqual([], self.supervisor.stop_marked(0.1))

    def test_what_another_container_runs_is_not_ours(self):
        self.supervisor.start(self.process())
        self.assertEqual(
            ['sleep'], [program for _, program in processes._marked(
                str(self.directory.root))])
        with mock.patch.object(processes.os, 'readlink', str):
            self.assertEqual([], list(processes._marked(
                str(self.directory.root))))

    def _beside(self, group):
        """Programs that carry the mark and are not in the group."""
        found = []
        for pid, program in processes._marked(str(self.directory.root)):
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(pid) != group:
                    found.append(program)
        return found
