"""The verbs of our own command line that look at and change containers."""

import io
import json
import tarfile

from tests.functional import cli


class CliVerbsTest(cli.CliTestCase):

    def test_top(self):
        self.container('busy')
        titles, row = self.cli('top', 'busy', '-o', 'pid,args').splitlines()
        self.assertEqual(['PID', 'COMMAND'], titles.split())
        self.assertIn('sleep 1000', row)
        shown = json.loads(self.cli('top', '-f', 'json', 'busy'))
        self.assertEqual(1, len(shown['Processes']))
        self.assertIn('PID', self.refused('top', 'busy', '-o', 'args'))

    def test_stats(self):
        self.container('used', 'sh', '-c', 'while :; do :; done')
        self.container('idle')
        headings, row = self.cli('stats', '--no-stream', 'used').splitlines()
        self.assertIn('Memory', headings)
        _, name, share, *_ = row.split()
        self.assertEqual('used', name)
        self.assertGreater(float(share.removesuffix('%')), 0)
        process = self.start('stats', '-f', 'json')
        names = {json.loads(process.stdout.readline())['name']
                 for _ in range(3)}
        self.assertEqual({'/used', '/idle'}, names)

    def test_diff(self):
        self.container('changed')
        self.cli('exec', 'changed', 'sh', '-c',
                 'echo x > /tmp/new; rm /bin/wget; echo >> /etc/passwd')
        self.assertLessEqual(
            {'A /tmp/new', 'D /bin/wget', 'C /etc/passwd', 'C /etc'},
            set(self.cli('diff', 'changed').splitlines()))

    def test_rename_and_update(self):
        self.container('before')
        self.cli('rename', 'before', 'after')
        self.addCleanup(self.cli, 'rm', '-f', 'after')
        self.assertEqual('after', self.cli(
            'update', '-m', '64m', '--restart', 'always', 'after'))
        shown, = json.loads(self.cli('inspect', 'after'))
        self.assertEqual((64 << 20, 'always'), (
            shown['HostConfig']['Memory'],
            shown['HostConfig']['RestartPolicy']['Name']))
        self.container('other')
        self.assertIn('/after', self.refused('rename', 'other', 'after'))

    def test_switches_of_run(self):
        self.container('full', switches=(
            '--health-cmd', 'true', '--health-interval', '1s',
            '--log-opt', 'max-size=1m', '--cpu-shares', '512'))
        shown, = json.loads(self.cli('inspect', 'full'))
        self.assertEqual(
            {'Test': ['CMD-SHELL', 'true'], 'Interval': 10**9},
            {key: value for key, value
             in shown['Config']['Healthcheck'].items() if value})
        self.assertEqual(
            {'max-size': '1m'}, shown['HostConfig']['LogConfig']['Config'])

    def test_ports(self):
        self.container('closed')
        self.assertEqual('', self.cli('port', 'closed'))
        self.assertIn('is published', self.refused('port', 'closed', '80'))

    def test_trees(self):
        self.container('tree')
        self.cli('exec', 'tree', 'sh', '-c', 'echo hello > /srv.txt')
        piped = self.call('tar', 'tree').stdout
        with tarfile.open(fileobj=io.BytesIO(piped)) as archive:
            self.assertEqual(
                b'hello\n', archive.extractfile('srv.txt').read())
        part = self.call('tar', 'tree', '/srv.txt').stdout
        with tarfile.open(fileobj=io.BytesIO(part)) as archive:
            self.assertEqual(['srv.txt'], archive.getnames())
        path = self.directory / 'tree.tar'
        self.cli('export', '-o', str(path), 'tree')
        self.addCleanup(path.unlink)
        ident = self.cli('import', '-c', 'CMD ["cat", "/srv.txt"]',
                         str(path), 'tree:1')
        self.addCleanup(self.cli, 'rmi', 'tree:1')
        self.assertTrue(ident.startswith('sha256:'), ident)
        self.assertEqual('hello', self.cli('run', '--rm', 'tree:1'))
        self.assertIn('/nothing', self.refused('tar', 'tree', '/nothing'))

    def test_prune_and_disk_usage(self):
        self.cli('create', '--name', 'unused', cli.IMAGE)
        self.container('kept')
        self.assertIn('Nothing was removed', self.call(
            'prune', code=1, data=b'n\n').stderr.decode())
        shown = json.loads(self.cli('prune', '-f', '--format', 'json'))
        self.assertEqual(1, len(shown['containers']))
        self.assertEqual(['/kept'], [
            one['Names'][0]
            for one in json.loads(self.cli('ps', '-a', '-f', 'json'))])
        self.cli('commit', 'kept', 'spare:1')
        shown = self.cli('prune', '-af', 'images')
        self.assertIn('Untagged: spare:1', shown)
        rows = [line.split()
                for line in self.cli('system', 'df').splitlines()]
        self.assertEqual(['Images', '1', '1'], rows[1][:3])
        self.assertIn('kept', self.cli('system', 'df', '-v'))
