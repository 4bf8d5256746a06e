"""Processes and use of resources, through the Docker SDK and command line."""

import subprocess
import time

import docker

from tests.functional import sdk

MIB = 1 << 20
BUSY = 'while :; do :; done'


class StatsTest(sdk.SdkTestCase):

    def cli(self, *words):
        return subprocess.run(
            ['docker', '-H', self.daemon.url, *words], check=True,
            capture_output=True, text=True, timeout=60).stdout

    def test_top(self):
        container = self.run_container('sh', '-c', 'sleep 1000; true')
        shown = container.top()
        self.assertEqual(['CMD'], shown['Titles'][-1:])
        self.assertEqual({'sh -c sleep 1000; true', 'sleep 1000'},
                         {row[-1] for row in shown['Processes']})
        shown = container.top(ps_args='-eo pid,comm')
        self.assertEqual(['PID', 'COMMAND'], shown['Titles'])
        self.assertIn('sleep 1000', self.cli('top', container.id))
        error = self.assertRaises(docker.errors.APIError, container.top,
                                  ps_args='--nonsense')
        self.assertEqual(400, error.status_code)
        container.kill()
        error = self.assertRaises(docker.errors.APIError, container.top)
        self.assertEqual(409, error.status_code)

    def test_one_sample(self):
        container = self.run_container('sh', '-c', BUSY, mem_limit='64m',
                                       pids_limit=20)
        shown = container.stats(stream=False)
        self.assertEqual((container.id, f'/{container.name}'),
                         (shown['id'], shown['name']))
        used, before = (shown[key]['cpu_usage']['total_usage']
                        for key in ('cpu_stats', 'precpu_stats'))
        self.assertGreater(used, before)
        self.assertGreater(shown['cpu_stats']['system_cpu_usage'],
                           shown['precpu_stats']['system_cpu_usage'])
        self.assertEqual(64 * MIB, shown['memory_stats']['limit'])
        self.assertGreater(shown['memory_stats']['usage'], 0)
        self.assertEqual((1, 20), (shown['pids_stats']['current'],
                                   shown['pids_stats']['limit']))
        shot = self.docker.api.stats(
            container.id, stream=False, one_shot=True)
        self.assertEqual(
            0, shot['precpu_stats']['cpu_usage']['total_usage'])
        columns = self.cli(
            'stats', '--no-stream', '--format',
            '{{.Name}} {{.MemUsage}} {{.PIDs}}', container.id).split()
        self.assertEqual([container.name, '/', '64MiB', '1'],
                         [columns[0], *columns[2:]])

    def test_stream_ends_with_the_container(self):
        container = self.run_container()
        samples = container.stats(decode=True)
        self.assertEqual(container.id, next(samples)['id'])
        self.assertNotEqual('0001-01-01T00:00:00Z', next(samples)['preread'])
        container.kill()
        deadline = time.monotonic() + 60
        while next(samples)['pids_stats']:
            self.assertLess(time.monotonic(), deadline)
        container.remove()
        self.assertGreaterEqual(3, len(list(samples)))

    def test_what_does_not_run(self):
        container = self.create_container('true')
        shown = container.stats(stream=False)
        self.assertEqual({}, shown['memory_stats'])
        self.assertEqual('0001-01-01T00:00:00Z', shown['read'])
        self.assertRaises(docker.errors.NotFound, self.docker.api.stats,
                          'missing', stream=False)
