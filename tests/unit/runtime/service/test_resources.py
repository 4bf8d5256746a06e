from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime.service import resources

CPUS = frozenset({0, 1, 2, 3})
MB = 1024 ** 2


class LimitsTest(base.BaseTestCase):

    def test_nothing(self):
        self.assertEqual(limit_models.Resources(), resources.limits({}))

    def test_memory(self):
        for given, expected in (
                ({'Memory': 64 * MB}, (64 * MB, 128 * MB)),
                ({'Memory': 64 * MB, 'MemorySwap': 64 * MB},
                 (64 * MB, 64 * MB)),
                ({'Memory': 64 * MB, 'MemorySwap': -1}, (64 * MB, 0))):
            found = resources.limits(given)
            self.assertEqual(
                expected, (found.memory_bytes, found.memory_swap_bytes))

    def test_cpu(self):
        found = resources.limits({'NanoCpus': 1_500_000_000})
        self.assertEqual((150_000, 100_000),
                         (found.cpu_quota_us, found.cpu_period_us))
        found = resources.limits({'CpuQuota': 5000, 'CpuPeriod': 20000,
                                  'CpuShares': 512, 'CpusetCpus': '0-1'})
        self.assertEqual(
            limit_models.Resources(cpu_quota_us=5000, cpu_period_us=20000,
                             cpu_shares=512, cpuset_cpus='0-1'), found)
        self.assertEqual(1000, resources.limits(
            {'NanoCpus': 1}).cpu_quota_us)
        self.assertEqual(0, resources.limits({'CpuQuota': -1}).cpu_quota_us)

    def test_pids(self):
        for given, expected in ((None, 0), (0, 0), (-1, 0), (9, 9)):
            self.assertEqual(
                expected, resources.limits({'PidsLimit': given}).pids)

    def test_ulimits(self):
        self.assertEqual(
            (limit_models.Ulimit('nofile', 10, 20),
             limit_models.Ulimit('core', resources.UNLIMITED,
                           resources.UNLIMITED)),
            resources.ulimits({'Ulimits': [
                {'Name': 'nofile', 'Soft': 10, 'Hard': 20},
                {'Name': 'core', 'Soft': -1, 'Hard': -1}]}))

    def test_sizes(self):
        for text, expected in (
                ('0', 0), ('4096', 4096), ('10k', 10240), ('1.5G',
                3 * 512 * MB), ('2 MiB', 2 * MB), ('1gb', 1024 * MB)):
            self.assertEqual(expected, resources.parse_size(text))
        for text in ('', 'x', '-1', '10q', '1e3', '10 20'):
            self.assertRaises(exception.InvalidRequest,
                              resources.parse_size, text)

    def test_disk(self):
        self.assertEqual(0, resources.disk_bytes({}))
        self.assertEqual(10 * 1024 ** 3, resources.disk_bytes(
            {'StorageOpt': {'size': '10G'}}))
        self.assertRaises(exception.NotSupported, resources.disk_bytes,
                          {'StorageOpt': {'dm.basesize': '1'}})


class CheckTest(base.BaseTestCase):

    def test_good(self):
        for given in (
                {}, {'Memory': 6 * MB, 'MemorySwap': -1},
                {'Memory': 10 * MB, 'MemoryReservation': 6 * MB},
                {'NanoCpus': 4 * 10**9}, {'CpusetCpus': '0,2-3'},
                {'CpuQuota': -1, 'CpuPeriod': 1000}, {'PidsLimit': -1},
                {'OomScoreAdj': -1000}, {'CpuShares': 2}):
            resources.check(given, CPUS)

    def test_bad(self):
        for given, words in (
                ({'Memory': 6 * MB - 1}, '6MB'),
                ({'Memory': -1}, '6MB'),
                ({'MemorySwap': 9 * MB}, 'always set the Memory limit'),
                ({'Memory': 9 * MB, 'MemorySwap': 8 * MB}, 'larger than'),
                ({'MemorySwap': -2}, 'MemorySwap'),
                ({'MemoryReservation': 1}, '6MB'),
                ({'Memory': 8 * MB, 'MemoryReservation': 9 * MB},
                 'can not be less'),
                ({'NanoCpus': 4 * 10**9 + 1}, '4.00'),
                ({'NanoCpus': -1}, 'Range of CPUs'),
                ({'NanoCpus': 1, 'CpuPeriod': 1000}, 'CPU Period'),
                ({'NanoCpus': 1, 'CpuQuota': 1000}, 'CPU Quota'),
                ({'CpuPeriod': 999}, 'period'),
                ({'CpuPeriod': 1000001}, 'period'),
                ({'CpuQuota': 999}, 'quota'),
                ({'CpuShares': 1}, 'CpuShares'),
                ({'CpusetCpus': '4'}, 'not available'),
                ({'CpusetCpus': '2-1'}, 'CpusetCpus'),
                ({'CpusetCpus': 'a'}, 'CpusetCpus'),
                ({'CpusetCpus': '0-99999'}, 'not available'),
                ({'CpusetMems': '1-'}, 'CpusetMems'),
                ({'CpusetMems': '1'}, 'memory nodes are not available'),
                ({'Ulimits': [{'Name': 'core', 'Soft': -2, 'Hard': -2}]},
                 'no limit'),
                ({'PidsLimit': -2}, 'PidsLimit'),
                ({'ShmSize': -1}, 'ShmSize'),
                ({'OomScoreAdj': 1001}, 'oom score'),
                ({'StorageOpt': {'size': 'x'}}, 'size'),
                ({'Ulimits': [{'Name': 'x', 'Soft': 1, 'Hard': 1}]},
                 'ulimit type'),
                ({'Ulimits': [{'Name': 'core', 'Soft': 2, 'Hard': 1}]},
                 'soft limit'),
                ({'Ulimits': [{'Name': 'core', 'Soft': -1, 'Hard': 1}]},
                 'soft limit')):
            error = self.assertRaises(
                exception.InvalidRequest, resources.check, given, CPUS)
            self.assertIn(words, error.message)
