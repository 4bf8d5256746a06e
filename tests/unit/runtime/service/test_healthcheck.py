import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import healthcheck

STARTED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
SECOND = 10**9


def probe(exit_code, after_s=60):
    """Make a result."""
    moment = STARTED + datetime.timedelta(seconds=after_s)
    return models.Probe(moment, moment, exit_code, '')


class MergeTest(base.BaseTestCase):

    OWN = {'Test': ['CMD', 'a'], 'Interval': SECOND, 'Retries': 7}

    def test_the_images(self):
        self.assertEqual(self.OWN, healthcheck.merge(None, self.OWN))

    def test_none_at_all(self):
        self.assertIsNone(healthcheck.merge(None, None))

    def test_filled_up(self):
        self.assertEqual(
            {'Test': ['CMD', 'a'], 'Interval': 2 * SECOND, 'Retries': 7},
            healthcheck.merge({'Interval': 2 * SECOND, 'Retries': 0},
                              self.OWN))

    def test_none_wins(self):
        merged = healthcheck.merge({'Test': ['NONE']}, self.OWN)
        self.assertIsNone(healthcheck.of({'Healthcheck': merged}))

    def test_what_makes_no_sense(self):
        for asked, words in (
                ({'Interval': 10}, 'Interval in Healthcheck cannot be less '
                                   'than 1ms'),
                ({'Timeout': -1}, 'Timeout'),
                ({'StartPeriod': 999_999}, 'StartPeriod'),
                ({'StartInterval': 1}, 'StartInterval'),
                ({'Retries': -1}, 'cannot be negative'),
                ({'Test': ['CMD']}, 'Test'),
                ({'Test': ['CMD-SHELL', 'a', 'b']}, 'Test'),
                ({'Test': ['NONE', 'a']}, 'Test'),
                ({'Test': ['true']}, 'Test')):
            # Where the time is of the wrong size its own message comes.
            error = self.assertRaises(
                exception.InvalidRequest, healthcheck.merge, asked, None)
            self.assertIn(words, error.message)


class OfTest(base.BaseTestCase):

    def test_defaults(self):
        check = healthcheck.of({'Healthcheck': {'Test': ['CMD', 'a', 'b']}})
        self.assertEqual(healthcheck.Check(('a', 'b')), check)
        self.assertEqual((30, 30, 0, 5, 3), (
            check.interval_s, check.timeout_s, check.start_period_s,
            check.start_interval_s, check.retries))

    def test_shell(self):
        given = {'Test': ['CMD-SHELL', 'a b']}
        self.assertEqual(('/bin/sh', '-c', 'a b'), healthcheck.of(
            {'Healthcheck': given}).args)
        self.assertEqual(('/bin/ash', '-e', 'a b'), healthcheck.of(
            {'Healthcheck': given, 'Shell': ['/bin/ash', '-e']}).args)

    def test_times(self):
        check = healthcheck.of({'Healthcheck': {
            'Test': ['CMD', 'a'], 'Interval': SECOND // 2,
            'Timeout': 2 * SECOND, 'StartPeriod': 3 * SECOND,
            'StartInterval': 4 * SECOND, 'Retries': 5}})
        self.assertEqual(
            healthcheck.Check(('a',), 0.5, 2, 3, 4, 5), check)

    def test_what_an_image_makes_up(self):
        for test in ([], ['NONE'], ['CMD-SHELL', 'a', 'b'], ['RUN', 'a'],
                     ['CMD']):
            self.assertIsNone(
                healthcheck.of({'Healthcheck': {'Test': test}}))
        self.assertEqual(30, healthcheck.of({'Healthcheck': {
            'Test': ['CMD', 'a'], 'Interval': -5, 'Retries': -1}}).interval_s)


class JudgedTest(base.BaseTestCase):

    CHECK = healthcheck.Check(('a',), start_period_s=30, retries=2)

    def judge(self, health, *probes):
        for one in probes:
            health = healthcheck.judged(health, one, self.CHECK, STARTED)
        return health

    def test_success(self):
        health = self.judge(healthcheck.begun(None), probe(0))
        self.assertEqual(('healthy', 0), (
            health.status, health.failing_streak))

    def test_failures(self):
        health = self.judge(healthcheck.begun(None), probe(1))
        self.assertEqual(('starting', 1), (
            health.status, health.failing_streak))
        health = self.judge(health, probe(-1))
        self.assertEqual(('unhealthy', 2), (
            health.status, health.failing_streak))
        self.assertEqual('healthy', self.judge(health, probe(0)).status)

    def test_start_period(self):
        health = self.judge(
            healthcheck.begun(None), probe(1, 10), probe(1, 20))
        self.assertEqual(('starting', 0), (
            health.status, health.failing_streak))
        health = self.judge(health, probe(0, 25), probe(1, 27), probe(1, 28))
        self.assertEqual('unhealthy', health.status)

    def test_the_last_results(self):
        health = self.judge(
            healthcheck.begun(None), *(probe(code) for code in range(8)))
        self.assertEqual([3, 4, 5, 6, 7],
                         [one.exit_code for one in health.log])
        self.assertEqual(health.log, healthcheck.begun(health).log)

    def test_pause(self):
        starting, healthy = healthcheck.begun(None), models.Health('healthy')
        self.assertEqual(5, self.CHECK.pause_s(starting, 29))
        self.assertEqual(30, self.CHECK.pause_s(starting, 31))
        self.assertEqual(30, self.CHECK.pause_s(healthy, 29))
