"""Restart policies, through the SDK, the command line and a killed daemon."""

import os
import signal
import subprocess
import time

import docker

from tests.functional import sdk


class RestartPolicyTest(sdk.SdkTestCase):

    def cli(self, *words):
        return subprocess.run(
            ['docker', '-H', self.daemon.url, *words], check=True,
            capture_output=True, text=True, timeout=60).stdout.strip()

    def await_count(self, container, count):
        deadline = time.monotonic() + 60
        while container.attrs['RestartCount'] < count:
            self.assertLess(time.monotonic(), deadline, container.attrs)
            time.sleep(0.02)
            container.reload()

    def await_status(self, container, status):
        deadline = time.monotonic() + 60
        while container.status != status:
            self.assertLess(time.monotonic(), deadline, container.attrs)
            time.sleep(0.02)
            container.reload()

    def test_always(self):
        name = self.cli('run', '-d', '--restart', 'always', 'busybox:test',
                        'sh', '-c', 'echo ran; exit 3')
        container = self.docker.containers.get(name)
        self.addCleanup(self.remove, container)
        self.await_count(container, 2)
        self.assertGreaterEqual(container.logs().count(b'ran'), 2)
        self.await_status(container, 'restarting')
        self.assertTrue(container.attrs['State']['Restarting'])
        self.assertIn('Restarting (3)', self.cli('ps', '-a'))
        container.stop(timeout=0)
        self.await_status(container, 'exited')

    def test_on_failure_gives_up(self):
        container = self.run_container(
            'false', restart_policy={'Name': 'on-failure',
                                     'MaximumRetryCount': 2})
        self.await_count(container, 2)
        self.await_status(container, 'exited')
        self.assertEqual(2, container.attrs['RestartCount'])

    def test_a_daemon_that_was_killed(self):
        policies = ('always', 'unless-stopped')
        ended, stopped = (
            {name: self.run_container(restart_policy={'Name': name})
             for name in policies} for _ in range(2))
        for container in stopped.values():
            container.stop(timeout=0)
        for container in ended.values():
            container.reload()
        self.daemon.kill()
        for container in ended.values():
            os.kill(container.attrs['State']['Pid'], signal.SIGKILL)
        self.daemon.start()
        for container in (*ended.values(), stopped['always']):
            container.reload()
            self.await_status(container, 'running')
        stopped['unless-stopped'].reload()
        self.assertEqual('exited', stopped['unless-stopped'].status)

    def test_update(self):
        container = self.run_container('sh', '-c', 'sleep 1; exit 1')
        container.update(restart_policy={'Name': 'on-failure',
                                         'MaximumRetryCount': 1})
        self.await_count(container, 1)
        error = self.assertRaises(
            docker.errors.APIError, container.update,
            restart_policy={'Name': 'sometimes'})
        self.assertEqual(400, error.status_code)
