"""What the demo prints."""

import contextlib
import io
import pathlib
import tempfile
from unittest import mock

from oslotest import base

from demo import errors
from demo import report


class ReportTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.report = report.Report(self.scratch / 'steps.json')
        self.out = io.StringIO()
        redirected = contextlib.redirect_stdout(self.out)
        redirected.__enter__()
        self.addCleanup(redirected.__exit__, None, None, None)

    def test_steps_survive_into_the_next_process(self):
        with (mock.patch('time.monotonic', return_value=1.0),
              self.report.step('First', 'one')):
            pass
        self.report.save()
        later = report.Report(self.scratch / 'steps.json')
        later.resume()
        later.table()
        self.assertIn('1 more had nothing to do', self.out.getvalue())

    def test_a_failure_names_step_reason_and_telling_lines(self):
        log = self.scratch / 'service.log'
        lines = ['fine'] * 50 + ['ERROR no such table'] + ['fine'] * 20
        log.write_text('\n'.join([*lines, 'the end']))
        error = errors.DemoError('it is broken.', [log, self.scratch / 'no'])
        try:
            with self.report.step('Cloud', 'Keystone'):
                raise error
        except errors.DemoError as caught:
            self.report.failure(caught)
        text = self.out.getvalue()
        self.assertIn('at: Keystone', text)
        self.assertIn('why: it is broken.', text)
        self.assertIn('ERROR no such table', text)
        self.assertIn('the end', text)
        self.assertLess(text.count('fine'), 20)

    def test_frames_of_tracebacks_are_left_out(self):
        log = self.scratch / 'service.log'
        prefix = '2026-11-20 10:00:00.123 77 ERROR nova.compute.manager'
        log.write_text(
            f'{prefix} [instance: a-b] Traceback (most recent call last):\n'
            f'{prefix} [instance: a-b]   File "x.py", line 1, in f\n'
            f'{prefix} [instance: a-b] \n'
            f'{prefix}     raise Wrong()\n'
            f'{prefix} [instance: a-b] nova.exception.Wrong: it is wrong\n')
        self.assertEqual(
            [f'{prefix} [instance: a-b] nova.exception.Wrong: it is wrong'],
            report.telling_lines(log))

    def test_the_first_failure_is_the_one_that_counts(self):
        for title in ('one', 'two'):
            with contextlib.suppress(errors.DemoError), \
                    self.report.step('Cloud', title):
                raise errors.DemoError('x')
        self.assertEqual('one', self.report.failed_step)
