import errno
import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.service import lxcfs


class LxcfsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.ismount = self.enterContext(mock.patch.object(
            os.path, 'ismount', return_value=True))
        self.lxcfs = lxcfs.Lxcfs(str(self.directory))

    def serve(self, *names):
        (self.directory / 'proc').mkdir()
        for name in names:
            (self.directory / 'proc' / name).touch()

    def mounts(self, **host_config):
        return self.lxcfs.mounts(mock.Mock(host_config=host_config))

    def test_off(self):
        self.lxcfs = lxcfs.Lxcfs('')
        self.assertEqual(('off', ()), (self.lxcfs.status(), self.mounts()))

    def test_absent(self):
        self.assertEqual(('absent', ()),
                         (self.lxcfs.status(), self.mounts()))

    def test_live(self):
        self.serve('meminfo', 'uptime', 'other')
        self.assertEqual('live', self.lxcfs.status())
        self.assertEqual(
            [(f'{self.directory}/proc/meminfo', '/proc/meminfo'),
             (f'{self.directory}/proc/uptime', '/proc/uptime')],
            [(mount.source, mount.target) for mount in self.mounts()])

    def test_privileged(self):
        self.serve('meminfo')
        self.assertEqual((), self.mounts(Privileged=True))

    def test_no_mount(self):
        """Files that somebody has left there are not lxcfs'."""
        self.serve('meminfo')
        self.ismount.return_value = False
        self.assertEqual(('absent', ()),
                         (self.lxcfs.status(), self.mounts()))

    def test_dead(self):
        self.enterContext(mock.patch.object(
            pathlib.Path, 'stat', side_effect=OSError(
                errno.ENOTCONN, 'Transport endpoint is not connected')))
        self.assertEqual(('dead', ()),
                         (self.lxcfs.status(), self.mounts()))
