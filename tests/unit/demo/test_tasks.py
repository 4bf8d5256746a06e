"""The order of the demo's tasks."""

import contextlib
import pathlib
import threading

from oslotest import base

from demo import errors
from demo import report
from demo import tasks


class _Silent(report.Report):

    def say(self, text=''):
        pass


class TasksTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.report = _Silent(pathlib.Path('/nonexistent'))
        self.done = []

    def task(self, name, *after, action=None):
        return tasks.Task(name, name, action or (
            lambda: self.done.append(name)), after)

    def run_tasks(self, *planned, workers=2):
        tasks.run(planned, self.report, 'phase', workers)

    def test_what_comes_after_waits(self):
        self.run_tasks(self.task('c', 'b'), self.task('b', 'a'),
                       self.task('a'))
        self.assertEqual(['a', 'b', 'c'], self.done)

    def test_independent_ones_run_at_once(self):
        meeting = threading.Barrier(2, timeout=10)
        self.run_tasks(self.task('a', action=meeting.wait),
                       self.task('b', action=meeting.wait))

    def test_after_a_failure_nothing_new_begins(self):
        def fail():
            raise errors.DemoError('no')
        with contextlib.suppress(errors.DemoError):
            self.run_tasks(self.task('a', action=fail), self.task('b', 'a'),
                           self.task('c'), workers=1)
            self.fail('the failure was lost')
        self.assertEqual([], self.done)

    def test_what_can_never_begin_is_said(self):
        self.assertRaises(ValueError, self.run_tasks, self.task('a', 'b'))
