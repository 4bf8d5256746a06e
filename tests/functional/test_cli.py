"""Our own command line in front of the daemon."""

import json
import os
import pty
import signal
import subprocess

from tests import archives
from tests.functional import cli
from tests.functional import daemon


class CliTest(cli.CliTestCase):

    def test_run_in_the_foreground(self):
        ended = self.call('run', '--rm', '--name', 'fore', cli.IMAGE,
                          'sh', '-c', 'echo out; echo err >&2; exit 7',
                          code=7)
        self.assertEqual((b'out\n', b'err\n'), (ended.stdout, ended.stderr))
        self.assertEqual('', self.cli('ps', '-aq', '--filter', 'name=fore'))

    def test_run_passes_signals_on(self):
        process = self.start(
            'run', '--rm', cli.IMAGE, 'sh', '-c',
            'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done')
        self.assertEqual(b'ready\n', process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(9, process.wait(cli.TIMEOUT_S))

    def test_run_that_cannot_start(self):
        self.assertIn('nothing-here', self.refused(
            'run', '--rm', cli.IMAGE, 'nothing-here', code=127))
        self.assertIn('No such image', self.refused(
            'run', 'missing', code=125))
        self.assertIn('not a terminal', self.refused(
            'run', '-it', cli.IMAGE, code=125))
        self.assertEqual('', self.cli('ps', '-aq'))

    def test_switches_arrive(self):
        self.cli('create', '--name', 'full', '-m', '64m', '--cpus', '0.5',
                 '-e', 'A=b', '--label', 'k=v', '--read-only', '--tmpfs',
                 '/run', '--pids-limit', '50', '-w', '/tmp', '--cap-drop',
                 'NET_RAW', '--ulimit', 'nofile=64:128', cli.IMAGE, 'sleep',
                 '-x')
        self.addCleanup(self.cli, 'rm', 'full')
        shown, = json.loads(self.cli('inspect', '--type', 'container',
                                     'full'))
        config, host = shown['Config'], shown['HostConfig']
        self.assertEqual(['sleep', '-x'], config['Cmd'])
        self.assertIn('A=b', config['Env'])
        self.assertEqual({'k': 'v'}, config['Labels'])
        self.assertEqual('/tmp', config['WorkingDir'])
        self.assertEqual(64 << 20, host['Memory'])
        self.assertEqual(500_000_000, host['NanoCpus'])
        self.assertEqual(50, host['PidsLimit'])
        self.assertTrue(host['ReadonlyRootfs'])
        self.assertEqual({'/run': ''}, host['Tmpfs'])
        self.assertEqual([{'Name': 'nofile', 'Soft': 64, 'Hard': 128}],
                         host['Ulimits'])

    def test_life_of_a_container(self):
        self.container('life')
        self.assertEqual('life', self.cli('pause', 'life'))
        self.assertEqual('paused', self.state('life')['Status'])
        self.cli('unpause', 'life')
        self.cli('restart', '-t', '0', 'life')
        self.assertEqual('running', self.state('life')['Status'])
        self.cli('kill', '-s', 'KILL', 'life')
        self.assertEqual('137', self.cli('wait', 'life'))
        self.cli('start', 'life')
        self.cli('stop', '-t', '0', 'life')
        self.assertEqual('exited', self.state('life')['Status'])

    def test_ps(self):
        self.container('shown')
        lines = self.cli('ps').splitlines()
        self.assertEqual(
            ['ID', 'Image', 'Command', 'Created', 'Status', 'Ports',
             'Name'],
            lines[0].split())
        row, = [line for line in lines if line.endswith('shown')]
        self.assertIn('sleep 1000', row)
        self.assertIn(' Up ', row)
        shown, = json.loads(self.cli('ps', '-f', 'json', '--size',
                                     '--filter', 'name=shown'))
        self.assertEqual(['/shown'], shown['Names'])
        self.assertIn('SizeRw', shown)
        self.assertEqual(shown['Id'], self.cli(
            'ps', '-q', '--no-trunc', '--filter', 'name=shown'))

    def test_one_of_several_is_missing(self):
        self.container('there')
        ended = self.call('stop', '-t', '0', 'missing', 'there', code=1)
        self.assertEqual(b'there\n', ended.stdout)
        self.assertIn(b'No such container: missing', ended.stderr)
        self.assertEqual('missing', self.cli('rm', '-f', 'missing'))

    def test_logs(self):
        self.container('talk', 'sh', '-c',
                       'echo one; echo two >&2; sleep 0.2; echo three')
        self.cli('wait', 'talk')
        ended = self.call('logs', '-f', 'talk')
        self.assertEqual((b'one\nthree\n', b'two\n'),
                         (ended.stdout, ended.stderr))
        self.assertEqual('three', self.cli('logs', '--tail', '1', 'talk'))
        self.assertEqual('', self.cli('logs', '--until', '1h', 'talk'))
        self.assertRegex(self.cli('logs', '-t', '-n', '1', 'talk'),
                         r'^\d{4}-\d\d-\d\dT[0-9:.]+Z three$')

    def test_nobody_reads_the_output_any_more(self):
        self.container('chatty', 'sh', '-c', 'while :; do echo y; done')
        ended = subprocess.run(
            ['bash', '-c', '"$@" | head -n 1; echo ${PIPESTATUS[0]}', 'x',
             *self.program, 'logs', '-f', 'chatty'],
            env=self.environment, cwd=daemon.ROOT, capture_output=True,
            timeout=cli.TIMEOUT_S, check=True)
        self.assertEqual((b'y\n141\n', b''), (ended.stdout, ended.stderr))

    def test_interrupted(self):
        self.container('quiet', 'sh', '-c', 'echo ready; sleep 1000')
        process = self.start('logs', '-f', 'quiet')
        self.assertEqual(b'ready\n', process.stdout.readline())
        process.send_signal(signal.SIGINT)
        self.assertEqual(130, process.wait(cli.TIMEOUT_S))
        self.assertEqual(b'', process.stdout.read())

    def test_images(self):
        self.cli('tag', cli.IMAGE, 'other/name:tag')
        shown = self.cli('images', 'other/*')
        self.assertIn('other/name', shown)
        saved = self.directory / 'saved.tar'
        self.cli('save', '-o', str(saved), 'other/name:tag', cli.IMAGE)
        self.assertEqual(['saved.tar'], os.listdir(self.directory))
        self.assertEqual('Untagged: other/name:tag',
                         self.cli('rmi', 'other/name:tag'))
        self.assertIn('Loaded image: other/name:tag',
                      self.cli('load', '-i', str(saved)).splitlines())
        piped = self.call('save', 'other/name:tag').stdout
        self.cli('rmi', 'other/name:tag')
        self.assertEqual('other/name:tag',
                         self.cli('load', '-q', data=piped))
        self.cli('rmi', 'other/name:tag')
        self.assertIn('Step', self.cli('history', cli.IMAGE))
        shown, = json.loads(self.cli('inspect', cli.IMAGE))
        self.assertEqual([cli.IMAGE], shown['RepoTags'])

    def test_bad_archives(self):
        self.assertIn('cannot be read', self.refused(
            'load', '-i', str(self.directory / 'missing')))
        self.refused('load', data=b'not a tar')
        missing = self.directory / 'none.tar'
        self.refused('save', '-o', str(missing), 'missing')
        self.assertFalse(missing.exists())

    def test_put(self):
        archive = self.directory / 'My_Tree.tar.gz'
        archive.write_bytes(archives.busybox_image('ignored:name'))
        self.addCleanup(archive.unlink)
        self.assertEqual('my-tree:latest',
                         self.cli('put', '--image-only', str(archive)))
        ident = self.cli('put', '-d', '--name', 'tree', str(archive), 'sh',
                         '-c', 'exit 4')
        self.assertEqual('4', self.cli('wait', ident))
        self.cli('rm', 'tree')
        self.cli('rmi', 'my-tree')

    def test_commit(self):
        self.container('made', 'sh', '-c', 'echo x > /new; sleep 1000')
        ident = self.cli('commit', '-m', 'why', '-c', 'CMD ["cat", "/new"]',
                         'made', 'made:1')
        self.addCleanup(self.cli, 'rmi', 'made:1')
        self.assertTrue(ident.startswith('sha256:'))
        self.assertEqual('x', self.cli('run', '--rm', 'made:1'))

    def test_events(self):
        self.container('seen')
        event, *_ = [
            json.loads(line) for line in self.cli(
                'events', '--since', '10m', '--until', '0s', '-f', 'json',
                '--filter', 'container=seen').splitlines()]
        self.assertEqual('create', event['Action'])
        self.assertIn('container start', self.cli(
            'events', '--since', '10m', '--until', '0s'))

    def test_info_and_version(self):
        self.assertIn(f'Data root: {self.daemon.data_root}', self.cli('info'))
        self.assertIn('Containers', json.loads(self.cli('info', '-f',
                                                        'json')))
        self.assertIn('Server: ', self.cli('version'))

    def test_doctor(self):
        ended = subprocess.run(
            [*self.program, 'doctor', '-f', 'json'], env=self.environment,
            cwd=daemon.ROOT, capture_output=True, timeout=cli.TIMEOUT_S,
            check=False)
        found = {one['subject']: one for one in json.loads(ended.stdout)}
        for subject in ('kernel', 'cgroups', 'OCI runtime', 'conmon',
                        'daemon', 'socket'):
            self.assertEqual('ok', found[subject]['grade'], found[subject])
        bad = any(one['grade'] == 'FAIL' for one in found.values())
        self.assertEqual((int(bad), b''), (ended.returncode, ended.stderr))

    def test_nobody_listens(self):
        self.assertIn('cannot be reached', self.refused(
            '--socket', '/nowhere', 'ps'))
        self.refused('--socket', '/nowhere', 'run', cli.IMAGE, code=125)

    def test_misuse(self):
        self.assertIn('--help', self.refused('ps', '--wrong'))
        self.refused('run', '--wrong', cli.IMAGE, code=125)
        self.refused('rm', '../images/x')

    def test_progress_for_a_person(self):
        archive = self.directory / 'bar.tar'
        archive.write_bytes(archives.busybox_image(cli.IMAGE))
        self.addCleanup(archive.unlink)
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        try:
            subprocess.run(
                [*self.program, 'load', '-i', str(archive)],
                env=self.environment, cwd=daemon.ROOT, stderr=slave,
                stdout=subprocess.DEVNULL, timeout=cli.TIMEOUT_S, check=True)
        finally:
            os.close(slave)
        self.assertIn(b'100%', os.read(master, 100_000))
