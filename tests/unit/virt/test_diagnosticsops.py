import pathlib
from unittest import mock

import fixtures
from nova import exception
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.client import usage
from novacontainer.virt import diagnosticsops
from tests import instances

_SAMPLE = {
    'cpu_stats': {'cpu_usage': {'total_usage': 5}},
    'memory_stats': {'usage': 4096, 'limit': 8192, 'stats': {'anon': 2048}},
    'pids_stats': {'current': 3},
    'networks': {'eth0': {'rx_bytes': 7, 'tx_dropped': 2}},
    'blkio_stats': {
        'io_serviced_recursive': None,
        'io_service_bytes_recursive': [
            {'op': 'read', 'value': 10}, {'op': 'Read', 'value': 1},
            {'op': 'write', 'value': 4}]},
}


class DiagnosticsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.usage = mock.create_autospec(usage.Usage, instance=True)
        self.ops = diagnosticsops.DiagnosticsOps(self.client)

    def test_counters(self):
        self.client.usage.sample.return_value = _SAMPLE
        found = self.ops.get_diagnostics(instances.instance())
        self.assertEqual(
            {'cpu0_time': 5, 'memory': 8, 'memory-actual': 4,
             'memory-rss': 2, 'processes': 3, 'eth0_rx': 7,
             'eth0_tx_drop': 2, 'disk_read': 11, 'disk_write': 4,
             'disk_read_req': 0, 'disk_write_req': 0},
            {key: value for key, value in found.items()
             if value or key.startswith('disk')})
        self.assertEqual(8, len([key for key in found if 'eth0' in key]))

    def test_stopped(self):
        found = diagnosticsops.diagnostics({
            **_SAMPLE, 'memory_stats': {}, 'pids_stats': {},
            'networks': None, 'blkio_stats': {}})
        self.assertEqual(0, found['memory'])

    def test_gone(self):
        self.client.usage.sample.side_effect = exceptions.NotFound('gone')
        self.assertRaises(
            exception.InstanceNotFound, self.ops.get_diagnostics,
            instances.instance())


class HostTestCase(base.BaseTestCase):

    def test_by_the_kernel_s_words(self):
        proc = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.enterContext(mock.patch.object(diagnosticsops, '_PROC', proc))
        self.enterContext(mock.patch.object(
            diagnosticsops.os, 'sysconf', return_value=100))
        (proc / 'stat').write_text('cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\n')
        (proc / 'cpuinfo').write_text('x\ncpu MHz\t\t: 2400.085\n')
        found = diagnosticsops.DiagnosticsOps.get_host_cpu_stats()
        self.assertEqual(
            {'user': 30_000_000, 'kernel': 160_000_000, 'idle': 40_000_000,
             'iowait': 50_000_000, 'frequency': 2400}, found)
        (proc / 'cpuinfo').write_text('processor : 0\n')
        self.assertEqual(
            0, diagnosticsops.DiagnosticsOps.get_host_cpu_stats()[
                'frequency'])

    def test_this_host(self):
        found = diagnosticsops.DiagnosticsOps.get_host_cpu_stats()
        self.assertGreater(found['user'], 0)
