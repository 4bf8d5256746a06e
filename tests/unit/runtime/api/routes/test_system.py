from novacontainer.runtime import models
from tests.unit.runtime.api import served


class SystemRoutesTest(served.ServedTestCase):

    def test_ping(self):
        for path in ('/_ping', '/v1.24/_ping', '/v1.44/_ping'):
            answer = self.call('GET', path)
            self.assertEqual((200, b'OK'), (answer.status, answer.body))
            self.assertEqual('1.44', answer.headers['Api-Version'])
            self.assertEqual('linux', answer.headers['OSType'])
            self.assertEqual('false', answer.headers['Docker-Experimental'])
            self.assertEqual('', answer.headers['Builder-Version'])
            self.assertIn('no-store', answer.headers['Cache-Control'])
            self.assertEqual('Novacontainer/1.2.3 (linux)',
                             answer.headers['Server'])

    def test_head_ping(self):
        answer = self.call('HEAD', '/_ping')
        self.assertEqual((200, b''), (answer.status, answer.body))
        self.assertEqual('1.44', answer.headers['Api-Version'])

    def test_version(self):
        shown = self.call('GET', '/version').json
        self.assertEqual('1.2.3', shown['Version'])
        self.assertEqual(('1.44', '1.24'),
                         (shown['ApiVersion'], shown['MinAPIVersion']))
        self.assertEqual('amd64', shown['Arch'])
        self.assertEqual({'Name': 'Novacontainer'}, shown['Platform'])
        self.assertEqual(['Engine', 'crun', 'conmon', 'Python'],
                         [part['Name'] for part in shown['Components']])

    def test_info_counts_containers_and_tells_limits(self):
        self.containers.give('counts', {
            models.Status.RUNNING: 3, models.Status.PAUSED: 2,
            models.Status.EXITED: 1, models.Status.CREATED: 1})
        shown = self.call('GET', '/v1.44/info').json
        self.assertEqual(
            (7, 3, 2, 2, 1),
            tuple(shown[key] for key in (
                'Containers', 'ContainersRunning', 'ContainersPaused',
                'ContainersStopped', 'Images')))
        self.assertTrue(shown['MemoryLimit'])
        self.assertTrue(shown['CpuCfsQuota'])
        self.assertFalse(shown['SwapLimit'])
        self.assertFalse(shown['CPUSet'])
        self.assertEqual((2, 2**30), (shown['NCPU'], shown['MemTotal']))
        self.assertEqual(['no swap'], shown['Warnings'])
        self.assertEqual('inactive', shown['Swarm']['LocalNodeState'])
