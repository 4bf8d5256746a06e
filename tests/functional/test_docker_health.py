"""Health checks, through the SDK, the command line and a killed daemon."""

import subprocess
import time

from tests.functional import sdk

SECOND = 10**9


class HealthTest(sdk.SdkTestCase):

    def cli(self, *words):
        return subprocess.run(
            ['docker', '-H', self.daemon.url, *words], check=True,
            capture_output=True, text=True, timeout=60).stdout.strip()

    def checked(self, *test, **fields):
        """Run a container with a health check."""
        return self.run_container(healthcheck={
            'test': list(test), 'interval': SECOND // 5, **fields})

    def await_health(self, container, status, results=1):
        """Wait until it is so, and return all that is known."""
        deadline = time.monotonic() + 90
        while True:
            container.reload()
            found = container.attrs['State'].get('Health') or {}
            if (found.get('Status') == status
                    and len(found['Log']) >= results):
                return found
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.05)

    def test_healthy_and_not(self):
        container = self.checked('CMD-SHELL', 'cat /fine', retries=2)
        found = self.await_health(container, 'unhealthy', 2)
        self.assertGreaterEqual(found['FailingStreak'], 2)
        self.assertEqual(1, found['Log'][0]['ExitCode'])
        self.assertIn('No such file', found['Log'][0]['Output'])
        self.assertIn('(unhealthy)', self.cli(
            'ps', '--filter', 'health=unhealthy', '--format',
            '{{.Status}}'))
        container.exec_run(['sh', '-c', 'echo well > /fine'])
        found = self.await_health(container, 'healthy')
        self.assertEqual(('well\n', 0), (
            found['Log'][-1]['Output'], found['FailingStreak']))
        self.assertEqual('healthy', container.health)

    def test_command_line(self):
        name = self.cli(
            'run', '-d', '--health-cmd', 'exit 0', '--health-interval',
            '200ms', '--health-start-period', '5s',
            '--health-start-interval', '100ms', sdk.IMAGE, 'sleep', '1000')
        container = self.docker.containers.get(name)
        self.addCleanup(self.remove, container)
        self.await_health(container, 'healthy')
        self.assertEqual('healthy', self.cli(
            'inspect', '-f', '{{.State.Health.Status}}', name))

    def test_events(self):
        begin = int(time.time())
        container = self.checked('CMD', 'true')
        self.await_health(container, 'healthy')
        for event in self.docker.events(
                decode=True, since=begin,
                filters={'container': container.id,
                         'event': 'health_status'}):
            self.assertEqual('health_status: healthy', event['Action'])
            break

    def test_what_takes_too_long_is_killed(self):
        container = self.checked(
            'CMD', 'sleep', '987', timeout=SECOND // 2, retries=1)
        found = self.await_health(container, 'unhealthy')
        self.assertEqual((-1, 'Health check exceeded timeout (0.5s)'), (
            found['Log'][0]['ExitCode'], found['Log'][0]['Output']))
        container.stop(timeout=0)
        self.await_health(container, 'unhealthy')

    def test_an_images_check(self):
        self.docker.containers.create(
            sdk.IMAGE, 'true', name='base').commit(
                'checked', 'latest', changes=[
                    'HEALTHCHECK --interval=200ms --retries=1 CMD exit 0',
                    'CMD ["sleep", "1000"]'])
        self.addCleanup(self.docker.images.remove, 'checked')
        self.docker.containers.get('base').remove()
        container = self.docker.containers.run('checked', detach=True)
        self.addCleanup(self.remove, container)
        self.await_health(container, 'healthy')
        without = self.docker.containers.run(
            'checked', detach=True, healthcheck={'test': ['NONE']})
        self.addCleanup(self.remove, without)
        without.reload()
        self.assertNotIn('Health', without.attrs['State'])

    def test_another_daemon_goes_on(self):
        container = self.checked('CMD', 'cat', '/etc/hostname')
        self.await_health(container, 'healthy')
        self.daemon.kill()
        self.daemon.start()
        container.reload()
        self.assertEqual('healthy', container.health)
        known = container.attrs['State']['Health']['Log'][-1]
        deadline = time.monotonic() + 60
        while container.attrs['State']['Health']['Log'][-1] == known:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
            container.reload()

    def test_stop_while_a_check_runs(self):
        container = self.checked('CMD', 'sleep', '986')
        deadline = time.monotonic() + 60
        while not container.attrs['ExecIDs']:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
            container.reload()
        container.kill()
        container.wait()
        container.remove()
