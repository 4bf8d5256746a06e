from unittest import mock

import fixtures

from novacontainer.runtime.api.routes import stats
from novacontainer.runtime import exception
from novacontainer.runtime import measures
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served


USAGE = measures.Usage(
    cpu_ns=5, transfers=(measures.Transfer(8, 0, 'read', 512, 1),))


def sample(usage=USAGE, version=1):
    """Make a sample with recognisable numbers."""
    return measures.Sample(
        container=fakes.CONTAINER, read=fakes.NOW, usage=usage,
        cgroup_version=version, cpus=2, host_cpu_ns=100,
        host_memory_bytes=1 << 30, interfaces={'eth0': {'rx_bytes': 1}})


class StatsRoutesTest(served.ServedTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MockPatchObject(
            stats, 'PERIOD_S', 0.01))

    def test_top(self):
        self.top.give('list', (['PID'], [['1']]))
        self.assertEqual(
            {'Titles': ['PID'], 'Processes': [['1']]},
            self.call('GET', '/containers/web/top?ps_args=aux').json)
        self.assertEqual([('list', ('web', 'aux'), {})], self.top.calls)

    def test_two_samples_for_the_rates(self):
        self.stats.give('sample', sample())
        shown = self.call('GET', '/containers/web/stats?stream=0').json
        self.assertEqual(shown['cpu_stats'], shown['precpu_stats'])
        self.assertEqual(1 << 30, shown['memory_stats']['limit'])
        self.assertEqual(2**64 - 1, shown['pids_stats']['limit'])
        self.assertEqual([512, 1], [
            shown['blkio_stats'][key][0]['value'] for key in (
                'io_service_bytes_recursive', 'io_serviced_recursive')])
        self.assertEqual({'eth0': {'rx_bytes': 1}}, shown['networks'])
        self.assertEqual(2, len(self.stats.calls))

    def test_one_sample(self):
        self.stats.give('sample', sample(version=2))
        shown = self.call(
            'GET', '/containers/web/stats?stream=0&one-shot=1').json
        self.assertNotIn('system_cpu_usage', shown['precpu_stats'])
        self.assertNotIn('failcnt', shown['memory_stats'])
        self.assertEqual(1, len(self.stats.calls))

    def test_a_stream_ends_when_the_container_is_removed(self):
        answers = [sample(), sample(usage=None),
                   exception.NotFound('No such container: web')]
        self.stats.sample = mock.Mock(side_effect=answers)
        answer = self.call('GET', '/containers/web/stats')
        self.assertEqual(
            (200, 2), (answer.status, len(answer.body.splitlines())))

    def test_no_container(self):
        self.stats.give('sample', exception.NotFound('No such container'))
        self.assertEqual(
            404, self.call('GET', '/containers/web/stats').status)
