import argparse

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import health


class HealthTestCase(base.BaseTestCase):

    def check(self, *words):
        parser = argparse.ArgumentParser()
        health.add_arguments(parser)
        return health.check(parser.parse_args(words))

    def test_nothing_is_asked(self):
        self.assertIsNone(self.check())

    def test_check(self):
        self.assertEqual(
            {'Test': ['CMD-SHELL', 'x y'], 'Interval': 90 * 10**9,
             'Timeout': 10**6, 'StartPeriod': 0,
             'StartInterval': 2 * 10**9, 'Retries': 4},
            self.check('--health-cmd', 'x y', '--health-interval', '1m30s',
                       '--health-timeout', '1ms', '--health-start-period',
                       '0', '--health-start-interval', '2s',
                       '--health-retries', '4'))

    def test_no_check(self):
        self.assertEqual({'Test': ['NONE']}, self.check('--no-healthcheck'))
        self.assertRaises(failure.CommandFailed, self.check,
                          '--no-healthcheck', '--health-cmd', 'x')
