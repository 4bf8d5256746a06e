"""Networks, with our own command line."""

import json

from tests.functional import cli
from tests.functional import netns


class NetworksTest(cli.CliTestCase):

    @classmethod
    def make_daemon(cls):
        return netns.Daemon(cls.OPTIONS)

    def test_a_day(self):
        self.assertEqual(64, len(self.cli(
            'network', 'create', '--subnet', '10.9.0.0/24', 'shop')))
        self.cli('run', '-d', '--name', 'web', '--network', 'shop', '--ip',
                 '10.9.0.7', '--network-alias', 'www', '-p',
                 '127.0.0.1:8088:80', cli.IMAGE, 'sleep', '1000')
        self.addCleanup(self.cli, 'rm', '-f', 'web')
        self.assertIn('127.0.0.1:8088', self.cli('port', 'web', '80'))
        self.assertIn('10.9.0.7', self.cli(
            'run', '--rm', '--network', 'shop', cli.IMAGE, 'ping', '-c', '1',
            '-W', '30', 'www'))
        shown, = json.loads(self.cli('network', 'inspect', 'shop'))
        one, = shown['Containers'].values()
        self.assertEqual('10.9.0.7/24', one['IPv4Address'])
        self.cli('network', 'connect', '--alias', 'w', 'bridge', 'web',
                 code=1)
        self.cli('network', 'connect', 'bridge', 'web')
        self.assertIn('eth1', self.cli('exec', 'web', 'ip', 'link'))
        self.cli('network', 'disconnect', 'shop', 'web')
        self.assertIn('10.9.0.0/24', self.cli('network', 'ls'))
        self.assertEqual('shop', self.cli('network', 'rm', 'shop'))
        self.assertIn('network shop not found',
                      self.refused('network', 'rm', 'shop'))
        self.cli('network', 'create', 'idle')
        self.assertEqual('idle', self.cli('network', 'prune'))
