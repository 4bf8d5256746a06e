import grp
import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.cli.doctor import daemon
from novacontainer import client
from tests.unit.cli import command
from tests.unit.client import endpoint


class DaemonTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.mounts = self.directory / 'mounts'
        self.mount('ext4')
        self.members = self.useFixture(fixtures.MockPatchObject(
            grp, 'getgrnam', return_value=mock.Mock(gr_mem=['nova']))).mock
        self.space = self.useFixture(fixtures.MockPatchObject(
            os, 'statvfs', return_value=mock.Mock(
                f_bavail=10**8, f_frsize=1000, f_files=0))).mock
        self.served = self.useFixture(endpoint.Endpoint(
            endpoint.Answer(b'OK'),
            command.answer({'DockerRootDir': f'{self.directory}/data',
                            'Lxcfs': 'live'})))
        os.chmod(self.served.path, 0o660)

    def mount(self, kind):
        self.mounts.write_text(
            f'dev / other rw 0 0\ndev {self.directory} {kind} rw 0 0\n')

    def check(self, path=None):
        """The subjects that are not well, with their grades."""
        path = path or self.served.path
        return {one.subject: str(one.grade)
                for one in daemon.check(client.Client(path), path,
                                        self.mounts) if one.grade != 'ok'}

    def test_all_is_well(self):
        self.assertEqual({}, self.check())

    def test_what_the_daemon_says(self):
        self.served.answers[1] = command.answer({
            'DockerRootDir': f'{self.directory}/data', 'Driver': 'overlay',
            'DriverStatus': [['Root Disk Limit', 'none']],
            'Warnings': ['no swap limit']})
        path = self.served.path
        found = [(str(one.grade), one.subject, one.seen, one.advice)
                 for one in daemon.check(client.Client(path), path,
                                         self.mounts)]
        self.assertIn(
            ('ok', 'storage', 'overlay, Root Disk Limit: none', ''), found)
        self.assertIn(('warn', 'daemon', 'warns', 'no swap limit'), found)

    def test_view_of_proc(self):
        for state, words in (('absent', 'Install the package lxcfs'),
                             ('dead', 'restart lxcfs'),
                             ('off', 'lxcfs_directory'),
                             ('None', 'Upgrade the daemon')):
            found = daemon._proc_view(state)
            self.assertEqual(('warn', 'lxcfs', state),
                             (found.grade, found.subject, found.seen))
            self.assertIn(words, found.advice)
        self.assertEqual('ok', daemon._proc_view('live').grade)

    def test_idmapped_mounts(self):
        for release, kind, grade in (
                ('5.11.0-x', 'ext4', 'FAIL'), ('5.12', 'ext4', None),
                ('5.14.1', 'btrfs', 'FAIL'), ('6.1.0', 'btrfs', None),
                ('6.1.0', 'zfs', None), ('odd', 'ext4', 'warn')):
            self.served.answers[:] = [
                endpoint.Answer(b'OK'),
                command.answer({'DockerRootDir': f'{self.directory}/data'})]
            self.mount(kind)
            with mock.patch('os.uname', return_value=mock.Mock(
                    release=release)):
                found = self.check()
            self.assertEqual(grade, found.get('idmapped mounts'), release)

    def test_nobody_answers(self):
        found = self.check('/nowhere')
        self.assertEqual('FAIL', found['daemon'])
        self.assertNotIn('socket', found)

    def test_what_to_do_then(self):
        for allowed, word in ((True, 'systemctl'), (False, 'member')):
            path = self.directory / 'closed'
            path.touch()
            with mock.patch.object(os, 'access', return_value=allowed):
                found = daemon.check(client.Client(str(path)), str(path),
                                     self.mounts)
                advice = {one.subject: one.advice for one in found}
            self.assertIn(word, advice['daemon'])

    def test_everybody_may_write(self):
        os.chmod(self.served.path, 0o666)
        self.assertEqual({'socket': 'FAIL'}, self.check())

    def test_group(self):
        self.members.return_value.gr_mem = ['somebody']
        self.assertEqual({'group': 'warn'}, self.check())

    def test_no_group(self):
        self.members.side_effect = KeyError
        self.assertEqual({'group': 'warn'}, self.check())

    def test_file_system(self):
        self.mount('nfs4')
        self.assertEqual({'data root': 'FAIL'}, self.check())

    def test_untested_file_system(self):
        self.mount('zfs')
        self.assertEqual({'data root': 'warn'}, self.check())

    def test_little_room(self):
        self.space.return_value.f_bavail = 10**6
        self.space.return_value.f_files = 1000
        self.space.return_value.f_favail = 1
        self.assertEqual({'disk space': 'warn', 'inodes': 'warn'},
                         self.check())

    def test_no_room(self):
        self.space.return_value.f_bavail = 1
        self.assertEqual({'disk space': 'FAIL'}, self.check())
