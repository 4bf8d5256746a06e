"""Waiting in the demo."""

from oslotest import base

from demo import errors
from demo import waiting


class UntilTest(base.BaseTestCase):

    def test_the_first_true_answer_is_returned(self):
        answers = iter(['', None, 'yes', 'late'])
        self.assertEqual('yes', waiting.until(
            'x', lambda: next(answers), 5, interval_s=0))

    def test_in_vain(self):
        error = self.assertRaises(
            errors.DemoError, waiting.until, 'it rains', lambda: False, 0,
            interval_s=0)
        self.assertIn('until it rains', error.reason)
