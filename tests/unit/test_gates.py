"""``.ci/gates.py``: what counts as passed, and what is said at the end."""

import contextlib
import importlib.util
import io
import pathlib
import sys
from unittest import mock

from oslotest import base

PATH = pathlib.Path(__file__).resolve().parents[2] / '.ci' / 'gates.py'
SUMMARY = """\
======
Totals
======
Ran: 12 tests in 1.0000 sec.
 - Passed: 7
 - Skipped: 1
 - Expected Fail: 1
 - Unexpected Success: 1
 - Failed: 2
"""
#: Of a gate of which two tests fail.
BAD = """\
{0} tests.functional.test_a.Test.test_one [0.1s] ... FAILED
{0} tests.functional.test_a.Test.test_two [0.1s] ... ok
{0} tests.functional.test_a.Test.test_three [0.1s] ... FAILED
 - Passed: 1
 - Failed: 2
"""


def load():
    """Import the script, which lies outside of any package."""
    spec = importlib.util.spec_from_file_location('gates', PATH)
    module = importlib.util.module_from_spec(spec)
    # dataclasses looks its module up by name.
    with mock.patch.dict(sys.modules, gates=module):
        spec.loader.exec_module(module)
    return module


class TestGates(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.gates = load()

    def gate(self, name, output='', code=0, *again):
        """Run a gate whose tox prints the output and exits with the code.

        :param again: the same for what is run after that.
        """
        runs = iter([(output, code), *again])
        popen = self.gates.subprocess.Popen

        def tox(arguments, **options):
            self.arguments = arguments
            text, status = next(runs)
            return popen(
                [sys.executable, '-c',
                 f'import sys; print({text!r}); sys.exit({status})'],
                **options)

        with mock.patch.object(self.gates.subprocess, 'Popen', tox), \
                mock.patch.object(self.gates.os, 'geteuid', lambda: 0), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            gate = self.gates.run(name)
        self.said = said.getvalue()
        return gate

    def test_counts(self):
        gate = self.gate('unit', SUMMARY, code=1)
        self.assertEqual({'passed': 8, 'skipped': 1, 'failed': 3},
                         gate.counts)
        self.assertFalse(gate.ok)
        self.assertIn('Ran: 12 tests', self.said)

    def test_green(self):
        self.assertTrue(self.gate('unit', ' - Passed: 3\n').ok)
        self.assertTrue(self.gate('mypy', 'Success').ok)

    def test_what_failed_is_run_once_more(self):
        gate = self.gate('functional', BAD, 1, (' - Passed: 2\n', 0))
        self.assertIn('--failing', self.arguments)
        self.assertTrue(gate.ok)
        self.assertEqual({'passed': 3, 'skipped': 0, 'failed': 0},
                         gate.counts)
        self.assertEqual(['tests.functional.test_a.Test.test_one',
                          'tests.functional.test_a.Test.test_three'],
                         gate.unsteady)

    def test_what_fails_twice_has_failed(self):
        line = BAD.splitlines()[0]
        gate = self.gate('functional', BAD, 1, (
            f'{line}\n - Passed: 1\n - Failed: 1\n', 1))
        self.assertFalse(gate.ok)
        self.assertEqual({'passed': 2, 'skipped': 0, 'failed': 1},
                         gate.counts)
        self.assertEqual(['tests.functional.test_a.Test.test_three'],
                         gate.unsteady)

    def test_a_second_run_without_the_tests_proves_nothing(self):
        for output, code in (('', 0), (' - Passed: 1\n', 0), ('', 1)):
            gate = self.gate('functional', BAD, 1, (output, code))
            self.assertFalse(gate.ok)
            self.assertEqual(2, gate.counts['failed'])

    def test_many_failures_are_no_accident(self):
        self.assertFalse(
            self.gate('functional', ' - Passed: 9\n - Failed: 6\n', 1).ok)

    def test_a_unit_has_no_excuse(self):
        self.assertFalse(
            self.gate('unit', ' - Passed: 9\n - Failed: 1\n', 1).ok)

    def test_a_test_gate_must_run_tests(self):
        for name in ('functional', 'unit-oldest'):
            for output in ('', ' - Passed: 0\n'):
                gate = self.gate(name, output)
                self.assertFalse(gate.ok)
                self.assertEqual('no test passed', gate.why)

    def test_root_is_needed(self):
        with mock.patch.object(self.gates.os, 'geteuid', lambda: 1000):
            for name in ('integration', 'functional-oldest'):
                gate = self.gates.run(name)
                self.assertFalse(gate.ok)
                self.assertIn('as root', gate.why)

    def test_last_line(self):
        gates = {'pep8': self.gate('pep8'),
                 'unit': self.gate('unit', SUMMARY, 1),
                 'functional': self.gate('functional', ' - Passed: 2\n')}
        with mock.patch.object(self.gates, 'run', gates.get), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(1, self.gates.main(list(gates)))
        lines = said.getvalue().splitlines()
        self.assertEqual('10 passed, 3 failed, 1 skipped', lines[-1])
        self.assertIn('Failed gates: unit.', lines[-2])

    def test_unsteady_tests_are_named(self):
        gate = self.gate('functional', BAD, 1, (' - Passed: 2\n', 0))
        with mock.patch.object(self.gates, 'run', lambda _: gate), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(0, self.gates.main(['functional']))
        self.assertIn('Unsteady, passed at the second run only: '
                      'tests.functional.test_a.Test.test_one\n',
                      said.getvalue())

    def test_nothing_ran(self):
        gate = self.gate('pep8')
        with mock.patch.object(self.gates, 'run', lambda _: gate), \
                contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(1, self.gates.main(['pep8']))

    def test_private_checkout_gets_another_directory(self):
        place = pathlib.Path(self.useFixture(
            base.fixtures.TempDir()).path)
        with mock.patch.object(self.gates, 'CACHE', place / 'cache'), \
                mock.patch.object(self.gates.os, 'geteuid', lambda: 0):
            private = place / 'private'
            private.mkdir(mode=0o700)
            with mock.patch.object(self.gates, 'ROOT', private):
                self.assertEqual(place / 'cache',
                                 self.gates.work_dir().parent)
