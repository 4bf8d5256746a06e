import os
import platform

import docker

from tests.functional import sdk


class SystemTest(sdk.SdkTestCase):

    def test_ping(self):
        self.assertTrue(self.docker.ping())

    def test_version(self):
        shown = self.docker.version()
        self.assertEqual('1.44', shown['ApiVersion'])
        self.assertEqual('linux', shown['Os'])
        self.assertEqual(platform.release(), shown['KernelVersion'])
        self.assertIn(shown['Components'][1]['Name'], ('crun', 'runc'))

    def test_info(self):
        container = self.run_container()
        self.create_container()
        shown = self.docker.info()
        self.assertEqual(os.cpu_count(), shown['NCPU'])
        self.assertGreater(shown['MemTotal'], 2**20)
        self.assertEqual((2, 1, 0, 1), (
            shown['Containers'], shown['ContainersRunning'],
            shown['ContainersPaused'], shown['ContainersStopped']))
        self.assertEqual(1, shown['Images'])
        self.assertEqual(str(self.daemon.data_root), shown['DockerRootDir'])
        container.pause()
        self.assertEqual(1, self.docker.info()['ContainersPaused'])

    def test_version_negotiation(self):
        client = docker.DockerClient(base_url=self.daemon.url,
                                     version='auto')
        self.addCleanup(client.close)
        self.assertEqual('1.44', client.api._version)
        self.assertTrue(client.ping())

    def test_oldest_version(self):
        client = docker.DockerClient(base_url=self.daemon.url,
                                     version='1.24')
        self.addCleanup(client.close)
        self.assertEqual([], client.containers.list())

    def test_what_is_not_served(self):
        for call in (self.docker.secrets.list, self.docker.configs.list,
                     self.docker.services.list, self.docker.plugins.list):
            error = self.assertRaises(docker.errors.APIError, call)
            self.assertEqual(501, error.status_code)
            self.assertIn('not supported', error.explanation)

    def test_metrics(self):
        self.docker.containers.run(sdk.IMAGE, 'true', remove=True)
        status, body = self.daemon.request('GET', '/metrics')
        self.assertEqual(200, status)
        lines = body.decode().splitlines()
        self.assertIn('novacontainerd_images 1.0', lines)
        count, = (float(line.split()[-1]) for line in lines if line.startswith(
            'novacontainerd_request_duration_seconds_count'
            '{operation="ContainerStart"}'))
        self.assertGreaterEqual(count, 1)
