"""Volumes through our own command line."""

import json

from tests.functional import cli


class CliVolumesTest(cli.CliTestCase):

    def test_a_life(self):
        self.assertEqual('shop', self.cli(
            'volume', 'create', '-l', 'a=b', 'shop'))
        self.cli('run', '--rm', '-v', 'shop:/data', cli.IMAGE, 'sh', '-c',
                 'echo one > /data/file')
        self.assertEqual('one', self.cli(
            'run', '--rm', '--mount', 'type=volume,src=shop,dst=/x,ro',
            cli.IMAGE, 'cat', '/x/file'))
        self.cli('create', '--name', 'web', '-v', 'shop:/data', '-v',
                 '/nameless', cli.IMAGE, 'true')
        self.assertEqual('file', self.cli(
            'run', '--rm', '--volumes-from', 'web:ro', cli.IMAGE, 'ls',
            '/data'))
        self.assertIn('in use', self.refused('volume', 'rm', 'shop'))
        shown, = json.loads(self.cli('volume', 'inspect', 'shop'))
        self.assertEqual({'a': 'b'}, shown['Labels'])
        self.assertEqual(2, len(self.cli('volume', 'ls', '-q').split()))
        self.cli('rm', 'web')
        self.cli('volume', 'prune', '-f')
        self.assertEqual('shop', self.cli('volume', 'ls', '-q'))
        self.assertEqual('shop', self.cli('volume', 'rm', 'shop'))
