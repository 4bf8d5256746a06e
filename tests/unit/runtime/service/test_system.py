import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.service import system


class SystemServiceTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('_PROC', '_CGROUPS'):
            self.useFixture(fixtures.MonkeyPatch(
                f'{system.__name__}.{name}', self.root))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def facts(self, version=1, data_root='/data', lxcfs='live'):
        return system.SystemService(
            data_root=pathlib.Path(data_root), storage='overlay',
            storage_status=lambda: (('Backing', 'ext4'),),
            engine='crun', engine_path='/usr/bin/crun',
            engine_version='1.8.1', conmon_version='2.1.6',
            cgroup_version=version, lxcfs=lambda: lxcfs).facts()

    def test_lxcfs(self):
        facts = self.facts()
        self.assertEqual('live', facts.lxcfs)
        self.assertNotIn('lxcfs', ' '.join(facts.warnings))
        self.assertIn('lxcfs has died',
                      ' '.join(self.facts(lxcfs='dead').warnings))

    def test_a_host_that_tells_nothing(self):
        facts = self.facts()
        self.assertEqual((0, frozenset()), (facts.memory_bytes, facts.limits))
        self.assertEqual(5, len(facts.warnings))
        self.assertFalse(facts.ipv4_forwarding)
        self.assertEqual((('Backing', 'ext4'),), facts.storage_status)

    def test_memory(self):
        self.write('meminfo', 'MemTotal:     1024 kB\nMemFree: 3 kB\n')
        self.assertEqual(2**20, self.facts().memory_bytes)

    def test_limits_of_v1_are_those_mounted(self):
        self.write('cgroups', '#subsys_name\thierarchy\tnum\tenabled\n'
                   'cpu\t2\t1\t1\nmemory\t0\t1\t1\npids\t3\t1\t0\n'
                   'freezer\t4\t1\t1\n')
        facts = self.facts()
        self.assertEqual({'cpu'}, facts.limits)
        self.assertIn('WARNING: No memory limit support', facts.warnings)
        self.write('memory/memory.memsw.limit_in_bytes', '0')
        self.assertEqual({'cpu', 'swap'}, self.facts().limits)

    def test_limits_of_v2(self):
        self.write('cgroup.controllers', 'cpuset cpu io memory pids\n')
        self.write('system.slice/memory.swap.max', 'max\n')
        facts = self.facts(version=2)
        self.assertEqual({'cpuset', 'cpu', 'memory', 'pids', 'swap'},
                         facts.limits)
        self.assertEqual((), facts.warnings)

    def test_switches(self):
        self.write('sys/net/ipv4/ip_forward', '1\n')
        self.write('sys/net/bridge/bridge-nf-call-iptables', '0\n')
        facts = self.facts()
        self.assertEqual((True, False), (facts.ipv4_forwarding,
                                         facts.bridge_nf_iptables))

    def test_the_id_is_stable_for_a_data_root(self):
        self.assertEqual(self.facts().id, self.facts().id)
        self.assertNotEqual(self.facts().id, self.facts(1, '/else').id)
