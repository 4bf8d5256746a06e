"""``make cloud-test``: what is run twice, and what is said of it."""

import io
import unittest

from oslotest import base

from tests.cloud import __main__ as cloud


class Flawed(unittest.TestCase):
    """Tests of which some do not pass, or not at once."""

    ran: list[str] = []

    def run(self, result=None):
        """Note that it ran."""
        self.ran.append(self._testMethodName)
        return super().run(result)

    def steady(self):
        """Pass."""

    def unsteady(self):
        """Pass at the second time."""
        with self.subTest('a part'):
            self.assertEqual(2, self.ran.count('unsteady'))

    def broken(self):
        """Fail, in the clean-up as well."""
        self.addCleanup(self.fail, 'again')
        self.fail('always')

    broken_2 = broken_3 = broken_4 = broken


class WithoutSetUp(unittest.TestCase):
    """What needs something that there is not."""

    @classmethod
    def setUpClass(cls):
        """Fail before there is a test."""
        raise OSError('no cloud')

    def never(self):
        """Pass, if it were run."""


class CloudTestCase(base.BaseTestCase):

    def passed(self, *names, cases=()):
        """Run tests by their names."""
        Flawed.ran = []
        self.said = io.StringIO()
        return cloud.passed(
            unittest.TestSuite([*map(Flawed, names), *cases]),
            unittest.TextTestRunner(self.said))

    def assertUnsteady(self, *names):
        """These are said to have passed at the second time."""
        said = 'Unsteady, passed at the second run only: '
        self.assertEqual(
            [f'{said}tests.unit.test_cloud.Flawed.{name}' for name in names],
            [line for line in self.said.getvalue().splitlines()
             if line.startswith(said)])

    def test_all_is_well(self):
        self.assertTrue(self.passed('steady', 'steady'))
        self.assertEqual(['steady', 'steady'], Flawed.ran)
        self.assertUnsteady()

    def test_what_failed_is_run_once_more(self):
        self.assertTrue(self.passed('steady', 'unsteady'))
        self.assertEqual(['steady', 'unsteady', 'unsteady'], Flawed.ran)
        self.assertUnsteady('unsteady')

    def test_what_fails_twice_has_failed(self):
        self.assertFalse(self.passed('broken', 'unsteady', 'steady'))
        self.assertEqual(
            ['broken', 'unsteady', 'steady', 'broken', 'unsteady'],
            Flawed.ran)
        self.assertUnsteady('unsteady')

    def test_a_cloud_that_is_away_has_no_second_try(self):
        self.assertFalse(self.passed(cases=[WithoutSetUp('never')]))
        self.assertNotIn('Once more', self.said.getvalue())

    def test_many_failures_are_no_accident(self):
        names = ['broken', 'broken_2', 'broken_3', 'broken_4']
        self.assertFalse(self.passed(*names))
        self.assertEqual(names, Flawed.ran)

    def test_no_test_is_no_success(self):
        self.assertFalse(self.passed())
