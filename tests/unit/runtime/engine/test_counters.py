import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.engine import counters
from novacontainer.runtime import measures


class CountersTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_version_1(self):
        for path, text in (
                ('cpuacct/x/cpuacct.usage', '123456789\n'),
                ('cpuacct/x/cpuacct.usage_percpu', '100 23\n'),
                ('cpuacct/x/cpuacct.stat', 'user 7\nsystem 5\n'),
                ('cpu/x/cpu.stat', 'nr_periods 4\nnr_throttled 2\n'
                                   'throttled_time 99\n'),
                ('memory/x/memory.usage_in_bytes', '4096\n'),
                ('memory/x/memory.max_usage_in_bytes', '8192\n'),
                ('memory/x/memory.limit_in_bytes', '67108864\n'),
                ('memory/x/memory.failcnt', '3\n'),
                ('memory/x/memory.stat', 'cache 10\nrss 20\n'),
                ('pids/x/pids.current', '2\n'), ('pids/x/pids.max', 'max\n'),
                ('blkio/x/blkio.throttle.io_service_bytes',
                 '8:16 Read 512\n8:16 Write 0\n8:16 Total 512\nTotal 512\n'),
                ('blkio/x/blkio.throttle.io_serviced',
                 '8:16 Read 1\n8:16 Write 0\n')):
            self.write(path, text)
        self.assertEqual(measures.Usage(
            cpu_ns=123456789, user_ns=70_000_000, kernel_ns=50_000_000,
            cpus_ns=(100, 23), periods=4, throttled_periods=2,
            throttled_ns=99, memory_bytes=4096, memory_max_bytes=8192,
            memory_limit_bytes=64 << 20, memory_failures=3,
            memory={'cache': 10, 'rss': 20}, pids=2,
            transfers=(measures.Transfer(8, 16, 'read', 512, 1),
                       measures.Transfer(8, 16, 'write', 0, 0))),
            counters.read('/x', 1, self.root))

    def test_no_limit_of_version_1(self):
        self.write('memory/x/memory.limit_in_bytes', '9223372036854771712\n')
        self.assertEqual(
            0, counters.read('/x', 1, self.root).memory_limit_bytes)

    def test_version_2(self):
        for path, text in (
                ('x/cpu.stat', 'usage_usec 12\nuser_usec 7\nsystem_usec 5\n'
                               'nr_periods 4\nnr_throttled 2\n'
                               'throttled_usec 9\n'),
                ('x/memory.current', '4096\n'), ('x/memory.max', 'max\n'),
                ('x/memory.peak', '8192\n'),
                ('x/memory.events', 'low 0\nmax 6\noom 0\n'),
                ('x/memory.stat', 'anon 10\nfile 20\n'),
                ('x/pids.current', '2\n'), ('x/pids.max', '50\n'),
                ('x/io.stat', '8:16 rbytes=512 wbytes=9 rios=1 wios=2\n')):
            self.write(path, text)
        self.assertEqual(measures.Usage(
            cpu_ns=12000, user_ns=7000, kernel_ns=5000, periods=4,
            throttled_periods=2, throttled_ns=9000, memory_bytes=4096,
            memory_max_bytes=8192, memory_failures=6,
            memory={'anon': 10, 'file': 20}, pids=2, pids_limit=50,
            transfers=(measures.Transfer(8, 16, 'read', 512, 1),
                       measures.Transfer(8, 16, 'write', 9, 2))),
            counters.read('/x', 2, self.root))

    def test_a_cgroup_that_has_gone(self):
        for version in (1, 2):
            self.assertEqual(measures.Usage(),
                             counters.read('/x', version, self.root))
