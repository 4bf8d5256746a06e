"""Volumes by themselves, through the SDK and the command line."""

import json
import os
import subprocess

import docker

from tests.functional import daemon
from tests.functional import sdk


class VolumesTest(sdk.SdkTestCase):

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        for volume in self.docker.volumes.list():
            volume.remove()

    def cli(self, *words):
        return subprocess.run(
            [daemon.find_docker(), '-H', self.daemon.url, *words],
            check=True, capture_output=True, text=True, timeout=60).stdout

    def names(self, **filters):
        return [one.name for one in self.docker.volumes.list(
            filters=filters)]

    def test_life(self):
        made = self.docker.volumes.create(
            'shop_data', driver='local', labels={'tier': 'back'})
        self.assertEqual('shop_data', made.name)
        self.assertEqual(
            ('local', 'local', {'tier': 'back'}),
            (made.attrs['Driver'], made.attrs['Scope'],
             made.attrs['Labels']))
        self.assertTrue(os.path.isdir(made.attrs['Mountpoint']))
        self.assertEqual(
            made.attrs, self.docker.volumes.get('shop_data').attrs)
        self.assertEqual(made.attrs['Name'], self.docker.volumes.create(
            'shop_data').attrs['Name'])
        made.remove()
        self.assertFalse(os.path.exists(made.attrs['Mountpoint']))
        error = self.assertRaises(docker.errors.NotFound, made.remove)
        self.assertIn('no such volume', error.explanation)
        # The SDK forgets to send its force.
        self.cli('volume', 'rm', '-f', 'shop_data')

    def test_list(self):
        self.docker.volumes.create('one', labels={'a': '1'})
        self.docker.volumes.create('two', labels={'a': '2'})
        self.assertEqual({'one', 'two'}, set(self.names()))
        self.assertEqual(['one'], self.names(name='on'))
        self.assertEqual(['two'], self.names(label='a=2'))
        self.assertEqual(2, len(self.names(dangling=True)))
        self.assertEqual([], self.names(dangling=False))
        self.assertEqual([], self.names(driver='nfs'))

    def test_refusals(self):
        for given, status in (
                ({'name': 'a/b'}, 400), ({'name': 'x'}, 400),
                ({'name': 'ok', 'driver': 'flocker'}, 404),
                ({'name': 'ok', 'driver_opts': {'foo': 'bar'}}, 400),
                ({'name': 'ok', 'driver_opts': {
                    'type': 'nfs', 'device': ':/x', 'o': 'addr=1'}}, 501)):
            error = self.assertRaises(
                docker.errors.APIError, self.docker.volumes.create, **given)
            self.assertEqual(status, error.status_code, error.explanation)
        self.assertEqual([], self.names())

    def test_prune(self):
        self.docker.volumes.create('kept')
        nameless = self.docker.volumes.create()
        report = self.docker.volumes.prune()
        self.assertEqual([nameless.name], report['VolumesDeleted'])
        self.assertEqual(['kept'], self.names())
        report = self.docker.volumes.prune(filters={'all': True})
        self.assertEqual(['kept'], report['VolumesDeleted'])

    def test_command_line(self):
        self.assertEqual('shop\n', self.cli(
            'volume', 'create', '--label', 'a=b', 'shop'))
        self.assertEqual('shop\n', self.cli('volume', 'ls', '-q'))
        shown, = json.loads(self.cli('volume', 'inspect', 'shop'))
        self.assertEqual({'a': 'b'}, shown['Labels'])
        self.assertEqual(64, len(self.cli('volume', 'create').strip()))
        self.assertIn('Total reclaimed space',
                      self.cli('volume', 'prune', '-f', '-a'))
        self.cli('volume', 'create', 'shop')
        usage = self.cli('system', 'df', '-v')
        self.assertIn('shop', usage)
        self.assertEqual('shop\n', self.cli('volume', 'rm', 'shop'))
        error = self.assertRaises(
            subprocess.CalledProcessError, self.cli, 'volume', 'rm', 'shop')
        self.assertIn('no such volume', error.stderr)

    def test_events(self):
        self.docker.volumes.create('told').remove()
        now = json.loads(self.daemon.request(
            'GET', '/info')[1])['SystemTime']
        shown = self.cli(
            'events', '--since', '2020-01-01', '--until', now,
            '--filter', 'volume=told', '--format',
            '{{.Type}} {{.Action}} {{.Actor.ID}}')
        self.assertEqual(['volume create told', 'volume destroy told'],
                         shown.splitlines())

    def test_they_outlive_the_daemon(self):
        made = self.docker.volumes.create('data', labels={'a': 'b'})
        with open(made.attrs['Mountpoint'] + '/file', 'w') as file:
            file.write('here')
        half = os.path.join(
            os.path.dirname(os.path.dirname(made.attrs['Mountpoint'])),
            'half')
        os.makedirs(half)
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(made.attrs,
                         self.docker.volumes.get('data').attrs)
        with open(made.attrs['Mountpoint'] + '/file') as file:
            self.assertEqual('here', file.read())
        self.assertFalse(os.path.exists(half))
