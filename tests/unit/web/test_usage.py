from unittest import mock

from oslotest import base

from novacontainer.client import exceptions
from novacontainer.web import usage


def stats(second, cpu_s, memory=None, pids=3):
    """What ``GET /containers/…/stats`` says."""
    return {
        'read': f'2026-01-01T00:00:{second:02}.5Z',
        'cpu_stats': {'cpu_usage': {'total_usage': int(cpu_s * 10**9)}},
        'memory_stats': memory or {
            'usage': 1000, 'limit': 4000, 'stats': {'inactive_file': 300}},
        'pids_stats': {'current': pids},
    }


ENDED = {'read': '0001-01-01T00:00:00Z', 'memory_stats': {},
         'cpu_stats': {'cpu_usage': {'total_usage': 0}}}


class UsageTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.client = mock.Mock()
        self.sample = self.client.usage.sample
        self.now_s = 100.0
        self.usage = usage.Usage(self.client, lambda: self.now_s)

    def look(self, *idents, after_s=usage.PERIOD_S):
        self.now_s += after_s
        return self.usage.look(idents)

    def test_cpus_come_of_two_samples(self):
        self.sample.side_effect = [stats(10, 1.0), stats(12, 2.0)]
        self.look('a')
        first, second = self.look('a')['a']
        self.assertIsNone(first.cpus)
        self.assertEqual(0.5, second.cpus)
        self.assertEqual(2.0, second.time_s - first.time_s)
        self.assertEqual((700, 4000, 3), (
            second.memory_bytes, second.memory_limit_bytes,
            second.processes))

    def test_a_restart_begins_anew(self):
        self.sample.side_effect = [stats(10, 9.0), stats(12, 0.1)]
        self.look('a')
        self.assertIsNone(self.look('a')['a'][1].cpus)

    def test_memory_of_cgroup_version_1(self):
        self.sample.return_value = stats(1, 0, {
            'usage': 1000, 'limit': 1,
            'stats': {'total_inactive_file': 400, 'inactive_file': 1}})
        self.assertEqual(600, self.look('a')['a'][0].memory_bytes)

    def test_those_who_look_at_once_share_a_round(self):
        self.sample.return_value = stats(1, 0)
        self.look('a')
        self.look('a', after_s=1.0)
        self.assertEqual(1, self.sample.call_count)

    def test_what_ended_meanwhile(self):
        self.sample.side_effect = [
            ENDED, exceptions.NotFound('gone'), stats(1, 0)]
        self.assertEqual(['c'], list(self.look('a', 'b', 'c')))

    def test_what_does_not_run_any_more_is_forgotten(self):
        self.sample.return_value = stats(1, 0)
        self.look('a', 'b')
        self.assertEqual(['b'], list(self.look('b')))

    def test_the_past_is_bounded(self):
        for number in range(usage.REMEMBERED + 5):
            self.sample.return_value = stats(number % 60, number)
            found = self.look('a')
        self.assertEqual(usage.REMEMBERED, len(found['a']))

    def test_slow_rounds_come_less_often(self):
        def slow(ident):
            self.now_s += 1.0
            return stats(1, 0)
        self.sample.side_effect = slow
        self.look('a')
        self.assertEqual(9.0, self.usage.period_s)
        self.look('a', after_s=8.0)
        self.assertEqual(1, self.sample.call_count)
        self.look('a')
        self.assertEqual(2, self.sample.call_count)

    def test_the_runtime_is_away(self):
        self.sample.side_effect = exceptions.ConnectionFailed('away')
        self.assertRaises(exceptions.ConnectionFailed, self.look, 'a')
