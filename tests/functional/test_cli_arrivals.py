"""Containers of archives from a web server, and from Glance."""

import json
import signal

from tests import archives
from tests.functional import archiveserver
from tests.functional import cli


class CliArrivalsTest(cli.CliTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = archiveserver.Server(
            cls, archives.busybox_image('ignored:name'))
        cls.url = cls.server.url
        cls.environment = cls.server.environment(cls.environment)

    def images(self):
        return sorted(
            name for one in json.loads(self.cli('images', '-f', 'json'))
            for name in one['RepoTags'])

    def test_pull_an_url(self):
        ident = self.cli('pull', '--checksum',
                         f'sha256:{self.server.checksum}', '--name',
                         'pulled', f'{self.url}/web.tar', 'sh', '-c',
                         'exit 5')
        self.addCleanup(self.cli, 'rmi', 'web')
        self.addCleanup(self.cli, 'rm', ident)
        self.assertEqual('created', self.state('pulled')['Status'])
        self.cli('start', 'pulled')
        self.assertEqual('5', self.cli('wait', 'pulled'))

    def test_pull_from_glance(self):
        for name in ('glanced', 'the-id'):
            ident = self.cli('pull', '-d', name, 'sleep', '1000')
            self.addCleanup(self.cli, 'rm', '-f', ident)
            shown, = json.loads(self.cli('inspect', ident))
            self.assertEqual(('glanced:latest', 'running'), (
                shown['Config']['Image'], shown['State']['Status']))

    def test_nothing_half_made(self):
        before = self.images()
        for words, said in (
                ((f'{self.url}/short.tar',), 'broke off'),
                ((f'{self.url}/none.tar',), '404'),
                (('--checksum', 'sha256:' + '0' * 64,
                  f'{self.url}/web.tar'), 'its sha256 is'),
                (('--name', '!', f'{self.url}/web.tar'), 'name')):
            self.assertIn(said, self.refused('pull', *words))
            self.assertEqual(before, self.images())
        right, self.server.checksum = self.server.checksum, '0' * 64
        try:
            self.assertIn('Corrupt image', self.refused(
                'pull', '--reference', 'corrupt', 'glanced'))
        finally:
            self.server.checksum = right
        self.assertEqual(before, self.images())
        self.assertNotIn('corrupt', self.cli('ps', '-a'))

    def test_interrupted(self):
        before = self.images()
        self.addCleanup(self.server.released.set)
        process = self.start('pull', f'{self.url}/slow.tar')
        self.assertTrue(self.server.begun.wait(cli.TIMEOUT_S))
        process.send_signal(signal.SIGINT)
        self.assertEqual(130, process.wait(cli.TIMEOUT_S))
        self.assertEqual(b'', process.stdout.read())
        self.assertEqual(before, self.images())
        self.assertEqual('', self.cli('ps', '-aq', '--filter',
                                      'ancestor=slow'))
