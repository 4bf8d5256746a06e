"""Containers with volumes, through the SDK and the command line."""

import io
import json
import os
import pathlib
import subprocess
import tarfile
import tempfile

import docker

from tests.functional import daemon
from tests.functional import sdk

#: Its /data has files, owners, a link out of it and a link to itself.
FILLED = 'filled:test'


class VolumesInContainersTest(sdk.SdkTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = cls.docker.containers.create(sdk.IMAGE, ['sh', '-c', (
            'mkdir -p /data/sub /secret && echo kept > /data/file && '
            'chown 33:44 /data/file && chmod 4750 /data/file && '
            'ln /data/file /data/sub/twin && ln -s /etc/passwd /data/link '
            '&& ln -s data /way && echo x > /plain && '
            'chown 7:8 /data && chmod 1770 /data')])
        made.start()
        made.wait()
        made.commit('filled', 'test', changes='VOLUME /data')
        made.remove()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        for volume in self.docker.volumes.list():
            volume.remove()

    def cli(self, *words, **options):
        return subprocess.run(
            [daemon.find_docker(), '-H', self.daemon.url, *words],
            check=True, capture_output=True, text=True, timeout=120,
            **options).stdout

    def sh(self, script, *options, image=sdk.IMAGE):
        return self.cli('run', '--rm', *options, image, 'sh', '-c', script)

    def names(self):
        return {one.name for one in self.docker.volumes.list()}

    def mounts(self, container):
        return {one['Destination']: one
                for one in self.docker.api.inspect_container(
                    container.id)['Mounts']}

    def files(self, name):
        return pathlib.Path(
            self.docker.volumes.get(name).attrs['Mountpoint'])

    def now(self):
        return self.daemon.json('GET', '/info')['SystemTime']

    def test_named_ones_are_shared(self):
        self.sh('echo one > /data/file; chown 33:33 /data/file',
                '-v', 'shop:/data')
        self.assertEqual('one 33 0\n', self.sh(
            'echo $(cat /x/file) $(stat -c %u /x/file) $(stat -c %u /x)',
            '--mount', 'type=volume,src=shop,dst=/x'))
        self.assertEqual('read-only\n', self.sh(
            'touch /data/new 2>/dev/null || echo read-only',
            '-v', 'shop:/data:ro'))
        # On the disk it has the ids that containers see.
        self.assertEqual(33, (self.files('shop') / 'file').stat().st_uid)
        one = self.run_container(volumes=['shop:/data'])
        two = self.run_container(volumes=['shop:/srv'])
        one.exec_run(['sh', '-c', 'echo two > /data/file'])
        self.assertEqual(b'two\n', two.exec_run(['cat', '/srv/file'])[1])
        self.assertEqual({one.id, two.id}, {
            found.id for found in self.docker.containers.list(
                filters={'volume': 'shop'})})
        self.assertEqual([two.id], [
            found.id for found in self.docker.containers.list(
                filters={'volume': '/srv'})])
        error = self.assertRaises(
            docker.errors.APIError, self.docker.volumes.get('shop').remove)
        self.assertEqual(409, error.status_code)
        for found in (one, two):
            self.assertIn(found.id, error.explanation)
        usage, = self.docker.df()['Volumes']
        self.assertEqual(2, usage['UsageData']['RefCount'])
        for found in (one, two):
            found.remove(force=True, v=True)
        self.assertEqual({'shop'}, self.names())

    def test_nested_ones(self):
        self.assertEqual('in out\n', self.sh(
            'echo out > /a/f; echo in > /a/b/f; echo $(cat /a/b/f /a/f)',
            '-v', 'outer:/a', '-v', 'inner:/a/b', '--tmpfs', '/a/b/c'))
        self.assertEqual({'b', 'f'}, set(os.listdir(self.files('outer'))))
        self.assertEqual({'c', 'f'}, set(os.listdir(self.files('inner'))))

    def test_copy_up(self):
        look = ('stat -c "%n %u:%g %a %h" /d /d/file /d/sub /d/link; '
                'cat /d/file; readlink /d/link')
        whole = ('/d 7:8 1770 3\n/d/file 33:44 4750 2\n/d/sub 0:0 755 2\n'
                 '/d/link 0:0 777 1\nkept\n/etc/passwd\n')
        for option in (['-v', 'one:/data'],
                       ['--mount', 'type=volume,src=two,dst=/way']):
            self.cli('run', '--rm', *option, FILLED, 'true')
            self.assertEqual(whole, self.sh(
                look, '-v', option[1].split(':')[0] + ':/d'
                if option[0] == '-v' else 'two:/d'))
        # Only into what is empty, and not against one's wish.
        self.sh('rm -r /d/sub', '-v', 'one:/d')
        self.cli('run', '--rm', '-v', 'one:/data', FILLED, 'true')
        self.assertEqual({'file', 'link'}, set(os.listdir(
            self.files('one'))))
        self.cli('run', '--rm', '-v', 'three:/data:nocopy', FILLED, 'true')
        self.cli('run', '--rm', '--mount',
                 'type=volume,src=four,dst=/data,volume-nocopy', FILLED,
                 'true')
        for name in ('three', 'four'):
            self.assertEqual([], os.listdir(self.files(name)))
        error = self.assertRaises(
            subprocess.CalledProcessError, self.cli, 'create', '-v',
            'five:/plain', FILLED, 'true')
        self.assertIn('file exists /plain', error.stderr)
        self.assertNotIn('five', self.names())

    def test_nameless_ones(self):
        made = self.create_container(
            'true', image=FILLED, volumes=['/more', '/data/sub/deep'])
        found = self.mounts(made)
        self.assertEqual({'/data', '/more', '/data/sub/deep'}, set(found))
        for one in found.values():
            self.assertRegex(one['Name'], r'\A[0-9a-f]{64}\Z')
            self.assertEqual({'com.docker.volume.anonymous': ''},
                             self.docker.volumes.get(
                                 one['Name']).attrs['Labels'])
        self.assertEqual({'file', 'sub', 'link'}, set(os.listdir(
            found['/data']['Source'])))
        made.remove(v=False)
        self.assertEqual(3, len(self.names()))
        self.assertEqual(3, len(
            self.docker.volumes.prune()['VolumesDeleted']))
        made = self.create_container(
            'true', image=FILLED, volumes=['/more', 'named:/n'])
        self.assertEqual(3, len(self.names()))
        made.remove(v=True)
        self.assertEqual({'named'}, self.names())
        # --rm takes them, too.
        self.cli('run', '--rm', '-v', '/x', '-v', 'named:/n', FILLED, 'true')
        self.assertEqual({'named'}, self.names())
        self.assertIsNone(self.docker.volumes.prune()['VolumesDeleted']
                          or None)

    def test_what_an_image_calls_volumes_on_the_root_disk(self):
        made = self.docker.containers.get(self.docker.api.create_container(
            FILLED, ['touch', '/data/new'],
            host_config={'ImageVolumeMode': 'ignore'})['Id'])
        self.addCleanup(self.remove, made)
        self.assertEqual([], made.attrs['Mounts'])
        made.start()
        self.assertEqual(0, made.wait()['StatusCode'])
        self.assertIn('/data/new', [one['Path'] for one in made.diff()])
        self.assertEqual(set(), self.names())

    def create_container(self, *command, image=sdk.IMAGE, **options):
        made = self.docker.containers.create(
            image, list(command) or ['sleep', '1000'], **options)
        self.addCleanup(self.remove, made)
        return made

    def test_volumes_from(self):
        first = self.create_container(
            'sh', '-c', 'echo hi > /data/new', image=FILLED, name='first',
            volumes=['shared:/s', '/tmp:/host:ro'])
        first.start()
        first.wait()
        second = self.create_container(
            'sh', '-c', 'cat /data/new; touch /s/x 2>&1 || echo refused',
            volumes_from=['first:ro'])
        found = self.mounts(second)
        self.assertEqual({'/data', '/s', '/host'}, set(found))
        self.assertEqual({False}, {one['RW'] for one in found.values()})
        self.assertEqual(self.mounts(first)['/data']['Name'],
                         found['/data']['Name'])
        second.start()
        second.wait()
        self.assertEqual(
            b'hi\ntouch: /s/x: Read-only file system\nrefused\n',
            second.logs())
        # In use by another one, it stays; with the last one it goes.
        first.remove(v=True)
        self.assertEqual(2, len(self.names()))
        second.remove(v=True)
        self.assertEqual({'shared'}, self.names())
        for given, status in ((['nobody'], 400), (['first:often'], 400)):
            error = self.assertRaises(
                docker.errors.APIError, self.docker.api.create_container,
                sdk.IMAGE, host_config=self.docker.api.create_host_config(
                    volumes_from=given))
            self.assertEqual(status, error.status_code)

    def test_inspect(self):
        with tempfile.TemporaryDirectory() as directory:
            made = self.create_container(
                volumes={directory: {'bind': '/b', 'mode': 'ro,rslave'},
                         'data': {'bind': '/v', 'mode': 'nocopy'}},
                mounts=[
                    docker.types.Mount('/t', None, 'tmpfs'),
                    docker.types.Mount('/m', 'data', read_only=True)],
                tmpfs={'/hidden': ''})
            expected = {
                '/b': {'Type': 'bind', 'Source': directory,
                       'Destination': '/b', 'Mode': 'ro,rslave',
                       'RW': False, 'Propagation': 'rslave'},
                '/v': {'Type': 'volume', 'Name': 'data', 'Driver': 'local',
                       'Source': str(self.files('data')),
                       'Destination': '/v', 'Mode': 'nocopy', 'RW': True,
                       'Propagation': ''},
                '/m': {'Type': 'volume', 'Name': 'data', 'Driver': 'local',
                       'Source': str(self.files('data')),
                       'Destination': '/m', 'Mode': '', 'RW': False,
                       'Propagation': ''},
                '/t': {'Type': 'tmpfs', 'Source': '', 'Destination': '/t',
                       'Mode': '', 'RW': True, 'Propagation': ''}}
            self.assertEqual(expected, self.mounts(made))
            listed, = self.docker.api.containers(
                all=True, filters={'volume': 'data'})
            self.assertEqual(4, len(listed['Mounts']))
            self.assertIn('data', self.cli(
                'ps', '-a', '--no-trunc', '--format', '{{.Mounts}}'))

    def test_events(self):
        since = self.now()
        made = self.create_container('true', volumes=['told:/data'])
        made.start()
        made.wait()
        made.remove()
        self.docker.volumes.get('told').remove()
        lines = self.cli(
            'events', '--since', since, '--until', self.now(), '--filter',
            'volume=told', '--format', '{{json .}}').splitlines()
        found = [json.loads(line) for line in lines]
        self.assertEqual(['create', 'mount', 'unmount', 'destroy'],
                         [one['Action'] for one in found])
        self.assertEqual(
            {'driver': 'local', 'container': made.id, 'destination':
             '/data', 'read/write': 'true', 'propagation': ''},
            found[1]['Actor']['Attributes'])
        self.assertEqual({'driver': 'local', 'container': made.id},
                         found[2]['Actor']['Attributes'])

    def test_driver_options(self):
        with tempfile.TemporaryDirectory() as directory:
            self.cli('volume', 'create', '--opt', 'type=none', '--opt',
                     f'device={directory}', '--opt', 'o=bind', 'bound')
            self.cli('run', '--rm', '-v', 'bound:/data', FILLED, 'true')
            self.assertEqual({'file', 'link', 'sub'},
                             set(os.listdir(directory)))
            self.assertEqual('kept\n', self.sh(
                'cat /d/file', '-v', 'bound:/d'))
        error = self.assertRaises(
            subprocess.CalledProcessError, self.sh, 'true', '-v',
            'bound:/data:nocopy')
        self.assertIn(directory, error.stderr)
        self.cli('volume', 'create', '--opt', 'type=tmpfs', '--opt',
                 'device=tmpfs', '--opt', 'o=size=1m,uid=33', 'memory')
        one = self.run_container(volumes=['memory:/data'])
        one.exec_run(['sh', '-c', 'echo here > /data/file'])
        self.assertEqual('here 33\n', self.sh(
            'echo $(cat /data/file) $(stat -c %u /data)',
            '-v', 'memory:/data'))
        one.remove(force=True)
        self.assertFalse(os.path.ismount(self.files('memory')))
        self.assertEqual('', self.sh('ls /data', '-v', 'memory:/data'))

    def test_a_limit(self):
        self.cli('volume', 'create', '--opt', 'size=16M', 'small')
        self.assertEqual('33:44 kept\n', self.cli(
            'run', '--rm', '-v', 'small:/data', FILLED, 'sh', '-c',
            'echo $(stat -c %u:%g /data/file) $(cat /data/file)'))
        self.assertIn('No space left', self.failing(
            'dd if=/dev/zero of=/d/big bs=1M count=32', '-v', 'small:/d'))
        self.assertEqual('big\nfile\nlink\nsub\n', self.sh(
            'ls /d', '-v', 'small:/d'))

    def failing(self, script, *options):
        error = self.assertRaises(
            subprocess.CalledProcessError, self.sh, script, *options)
        return error.stderr

    def test_parts(self):
        self.cli('run', '--rm', '-v', 'one:/data', FILLED, 'true')
        made = self.docker.api.create_container(
            sdk.IMAGE, ['sh', '-c', 'ls /part'], host_config={'Mounts': [{
                'Type': 'volume', 'Source': 'one', 'Target': '/part',
                'VolumeOptions': {'Subpath': 'sub'}}]})
        container = self.docker.containers.get(made['Id'])
        self.addCleanup(self.remove, container)
        container.start()
        container.wait()
        self.assertEqual(b'twin\n', container.logs())
        for subpath in ('link', 'none'):
            made = self.docker.api.create_container(
                sdk.IMAGE, ['true'], host_config={'Mounts': [{
                    'Type': 'volume', 'Source': 'one', 'Target': '/part',
                    'VolumeOptions': {'Subpath': subpath}}]})
            container = self.docker.containers.get(made['Id'])
            self.addCleanup(self.remove, container)
            error = self.assertRaises(
                docker.errors.APIError, container.start)
            self.assertEqual(400, error.status_code)
            self.assertIn(subpath, error.explanation)

    def test_binds_of_root(self):
        with tempfile.TemporaryDirectory() as directory:
            self.sh('echo x > /b/file; chown 33 /b/file; stat -c %u /b',
                    '-v', f'{directory}:/b')
            status = os.stat(f'{directory}/file')
            self.assertEqual(33, status.st_uid)
            self.sh('touch /b/here', '-v', f'{directory}/new/deep:/b')
            self.assertTrue(os.path.exists(f'{directory}/new/deep/here'))
            self.assertEqual('x\n', self.sh(
                'cat /f', '-v', f'{directory}/file:/f:ro'))

    def test_copying_files(self):
        made = self.create_container(image=FILLED, volumes=['data:/v'])
        with tempfile.TemporaryDirectory() as directory:
            source = pathlib.Path(directory, 'source')
            for number, running in enumerate((False, True, False)):
                if running:
                    made.start()
                elif number:
                    made.kill()
                source.write_text(f'{number}')
                self.cli('cp', str(source), f'{made.id}:/v/file{number}')
                self.assertEqual(str(number), (
                    self.files('data') / f'file{number}').read_text())
                self.cli('cp', f'{made.id}:/v/file{number}',
                         f'{directory}/back')
                self.assertEqual(str(number), pathlib.Path(
                    directory, 'back').read_text())
            # Seen from above, too.
            self.cli('cp', f'{made.id}:/', f'{directory}/root')
            self.assertEqual('2', pathlib.Path(
                directory, 'root/v/file2').read_text())
            self.assertEqual('kept\n', pathlib.Path(
                directory, 'root/data/file').read_text())
        image = made.commit('without', 'volumes')
        self.addCleanup(self.docker.images.remove, image.id)
        self.assertEqual('', self.cli(
            'run', '--rm', image.id, 'ls', '/v'))
        with tarfile.open(fileobj=io.BytesIO(
                b''.join(made.export()))) as exported:
            self.assertFalse([name for name in exported.getnames()
                              if name.startswith('v/')])
        self.assertFalse([one for one in made.diff() or ()
                          if one['Path'].startswith(('/v', '/data'))])
