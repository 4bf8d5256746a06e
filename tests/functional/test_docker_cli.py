"""The docker CLI, as shipped by Docker, in front of the daemon."""

import json
import subprocess
import time

from tests import archives
from tests.functional import dockercli


class CliTest(dockercli.DockerCliTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.archive = cls.folder / 'busybox.tar'
        cls.archive.write_bytes(archives.busybox_image(dockercli.IMAGE))
        cls.saved = cls.folder / 'saved.tar'

    def docker(self, *words, fails=False):
        """Run the CLI; returns its output, or its errors if it fails."""
        ended = subprocess.run(
            [self.program, *words], env=self.environment, text=True,
            capture_output=True, timeout=dockercli.TIMEOUT_S, check=False)
        self.assertEqual(
            fails, ended.returncode != 0,
            (words, ended.returncode, ended.stdout, ended.stderr))
        return (ended.stderr if fails else ended.stdout).strip()

    def start(self, *words):
        """Start the CLI; returns the process."""
        process = subprocess.Popen(
            [self.program, *words], env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process

    def run_container(self, name, *words):
        """Start a container that the test's end removes."""
        ident = self.docker('run', '-d', '--name', name, 'busybox:cli',
                            *(words or ('sleep', '1000')))
        self.addCleanup(self.docker, 'rm', '-f', name)
        self.assertEqual(64, len(ident))
        return ident

    def state(self, name):
        """Return what ``docker inspect`` says of a container's state."""
        return json.loads(self.docker('inspect', name))[0]['State']

    def test_version_and_info(self):
        shown = self.docker('version')
        self.assertIn('Server: Novacontainer', shown)
        self.assertIn('(minimum version 1.24)', shown)
        shown = self.docker('info')
        self.assertIn('Storage Driver: overlay', shown)
        self.assertIn(f'Docker Root Dir: {self.daemon.data_root}', shown)
        self.assertNotIn('ERROR', shown)

    def test_images(self):
        shown = self.docker('load', '-i', str(self.archive))
        self.assertEqual('Loaded image: busybox:cli', shown)
        self.docker('tag', 'busybox:cli', 'shop/cli:2')
        self.assertRegex(self.docker('images'), r'shop/cli +2 +[0-9a-f]{12}')
        self.assertIn('busybox:cli', self.docker(
            'inspect', '--format', '{{.RepoTags}}', 'shop/cli:2'))
        self.docker('save', '-o', str(self.saved), 'shop/cli:2')
        self.assertIn('Untagged: shop/cli:2',
                      self.docker('rmi', 'shop/cli:2'))
        self.assertEqual('Loaded image: shop/cli:2', self.docker(
            'load', '-q', '-i', str(self.saved)))
        self.docker('rmi', 'shop/cli:2')
        self.assertIn('IMAGE', self.docker('history', 'busybox:cli'))

    def test_bad_archive(self):
        self.saved.write_bytes(b'\0' * 10240)
        shown = self.docker('load', '-i', str(self.saved), fails=True)
        self.assertNotIn('{', shown)
        self.assertGreater(len(shown), 20)

    def test_life(self):
        self.run_container('life')
        self.assertRegex(self.docker('ps'), r'busybox:cli .*Up .* life')
        self.assertTrue(self.state('life')['Running'])
        self.docker('pause', 'life')
        self.assertIn('(Paused)', self.docker('ps'))
        self.docker('unpause', 'life')
        self.docker('restart', '-t', '0', 'life')
        self.docker('stop', '-t', '0', 'life')
        self.assertEqual('', self.docker('ps', '-q'))
        self.assertIn('Exited (137)', self.docker('ps', '-a'))
        self.docker('start', 'life')
        self.docker('kill', '--signal', 'KILL', 'life')
        self.assertEqual('137', self.docker('wait', 'life'))
        self.assertEqual('exited', self.state('life')['Status'])

    def test_errors_are_sentences(self):
        self.run_container('errors')
        for words, expected in (
                (('start', 'nothing'), 'No such container: nothing'),
                (('inspect', 'nothing'), 'o such object: nothing'),
                (('rmi', 'nothing'), 'No such image: nothing'),
                (('rm', 'errors'), 'running container'),
                (('run', '-d', '--name', 'errors', 'busybox:cli'),
                 'already in use'),
                (('exec', 'nothing', 'true'), 'No such container: nothing'),
                (('run', '-d', 'no-such-image'), 'docker load'),
                (('top', 'nothing'), 'No such container: nothing'),
                (('network', 'rm', 'nothing'), 'network nothing not found'),
                (('swarm', 'init'), 'not supported')):
            shown = self.docker(*words, fails=True)
            self.assertIn(expected, shown)
            self.assertNotIn('"code"', shown)

    def test_logs(self):
        self.run_container('logs', 'sh', '-c',
                           'echo one; echo two >&2; sleep 0.5; echo three')
        follower = self.start('logs', '-f', 'logs')
        self.assertEqual('0', self.docker('wait', 'logs'))
        shown, _ = follower.communicate(timeout=dockercli.TIMEOUT_S)
        # The two streams are two pipes: their order is not kept.
        self.assertEqual(['one', 'three', 'two'], sorted(shown.split()))
        self.assertEqual('three', self.docker('logs', '-n', '1', 'logs'))
        self.assertRegex(self.docker('logs', '-t', 'logs'),
                         r'^20\d\d-\d\d-\d\dT.*Z one')
        self.assertEqual('', self.docker('logs', '--until', '10m', 'logs'))

    def test_run_and_wait(self):
        self.docker('create', '--name', 'code', 'busybox:cli', 'sh', '-c',
                    'sleep 0.5; exit 3')
        self.addCleanup(self.docker, 'rm', '-f', 'code')
        self.docker('start', 'code')
        waiter = self.start('wait', 'code')
        self.assertEqual('3', self.docker('wait', 'code'))
        said, _ = waiter.communicate(timeout=dockercli.TIMEOUT_S)
        self.assertEqual('3', said.strip())
        self.assertEqual(3, self.state('code')['ExitCode'])

    def test_commit(self):
        self.run_container('source', 'sh', '-c', 'echo text > /tmp/f')
        self.docker('wait', 'source')
        ident = self.docker('commit', '-m', 'why', '-c',
                            'CMD ["cat", "/tmp/f"]', 'source', 'made:1')
        self.addCleanup(self.docker, 'rmi', 'made:1')
        self.assertTrue(ident.startswith('sha256:'))
        self.docker('run', '-d', '--name', 'copy', 'made:1')
        self.docker('wait', 'copy')
        self.assertEqual('text', self.docker('logs', 'copy'))
        self.docker('rm', 'copy')

    def test_events(self):
        began = f'{time.time():.6f}'
        follower = self.start('events', '--filter', 'type=container',
                              '--filter', 'event=start',
                              '--since', began,
                              '--format', '{{.Action}} {{.Actor.ID}}')
        ident = self.run_container('eventful')
        self.assertEqual(f'start {ident}', follower.stdout.readline().strip())
        past = self.docker(
            'events', '--since', began, '--until', f'{time.time():.6f}',
            '--filter', 'container=eventful', '--format', '{{.Action}}')
        self.assertEqual(['create', 'start'], past.split())

    def test_filters_and_sizes(self):
        ident = self.run_container('sized')
        self.assertEqual(ident[:12], self.docker(
            'ps', '-q', '--filter', 'name=sized', '--filter',
            'status=running', '--filter', 'ancestor=busybox:cli'))
        self.assertIn('virtual', self.docker('ps', '-s'))
