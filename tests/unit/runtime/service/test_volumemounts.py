import errno
import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import volumemounts
from tests.unit.runtime.service import world


class VolumeMountsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.kernel = self.useFixture(fixtures.MockPatchObject(
            volumemounts, 'mounts')).mock
        self.kernel.clone_tree.side_effect = (
            lambda path, recursive=False: os.open(path, os.O_PATH))
        self.mounted = self.useFixture(fixtures.MockPatch(
            'os.path.ismount', return_value=False)).mock
        self.mounts = volumemounts.VolumeMounts(
            self.world.volumes, bindpolicy.Policy())

    def create(self, **options):
        return self.world.volumes.create(
            {'Name': 'data', 'DriverOpts': options}, True)

    def clone(self, volume, subpath='', holder='c1'):
        handle = self.mounts.clone(volume, subpath, holder)
        self.addCleanup(os.close, handle)
        return os.readlink(f'/proc/self/fd/{handle}')

    def test_a_directory(self):
        volume = self.create()
        path = self.world.volumes.path('data')
        self.assertEqual(str(path), self.clone(volume))
        (path / 'part').mkdir()
        (path / 'link').symlink_to('/')
        self.assertEqual(str(path / 'part'), self.clone(volume, 'part'))
        self.assertEqual(str(path), self.clone(volume, 'link'))
        self.assertRaises(exception.InvalidRequest, self.mounts.clone,
                          volume, 'none', 'c1')
        with self.mounts.opened(volume) as found:
            self.assertEqual(path, found)
        self.assertFalse(self.kernel.restrict.called)

    def test_a_directory_of_the_host(self):
        device = self.useFixture(fixtures.TempDir()).path
        volume = self.create(type='none', device=device, o='bind,ro')
        self.assertEqual(device, self.clone(volume))
        self.assertTrue(self.kernel.restrict.called)
        with self.mounts.opened(volume) as found:
            self.assertEqual(device, str(found.resolve()))
        self.kernel.restrict.side_effect = OSError(errno.EPERM, 'no')
        self.assertRaises(OSError, self.mounts.clone, volume, '', 'c1')
        os.rmdir(device)
        error = self.assertRaises(
            exception.InvalidRequest, self.mounts.clone, volume, '', 'c1')
        self.assertIn(device, error.message)
        os.mkdir(device)

    def test_a_link_that_leads_elsewhere_by_now(self):
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (top / 'given').mkdir()
        policy = bindpolicy.Policy((str(top / 'given'),))
        self.world.volumes._policy = policy
        volume = self.world.volumes.create({
            'Name': 'data', 'DriverOpts': {
                'type': 'none', 'o': 'bind',
                'device': str(top / 'given')}}, False)
        mounter = volumemounts.VolumeMounts(self.world.volumes, policy)
        os.close(mounter.clone(volume, '', 'c1'))
        (top / 'given').rmdir()
        (top / 'given').symlink_to('/etc')
        self.assertRaises(exception.Forbidden, mounter.clone, volume, '',
                          'c1')

    def test_in_memory(self):
        volume = self.create(
            type='tmpfs', device='tmpfs', o='size=1m,noexec')
        self.clone(volume)
        self.assertEqual('size=1m', self.kernel.mount.call_args.args[4])
        self.mounted.return_value = True
        self.clone(volume, holder='c2')
        self.assertEqual(1, self.kernel.mount.call_count)
        self.mounts.release('c1')
        self.assertFalse(self.kernel.unmount.called)
        self.mounts.release('c2')
        self.assertEqual(1, self.kernel.unmount.call_count)
        self.mounts.release('c2')
        self.assertEqual(1, self.kernel.unmount.call_count)

    def test_another_daemon_goes_on(self):
        self.create(type='tmpfs', device='tmpfs')
        self.mounted.return_value = True
        container = self.world.get(self.world.create(
            host_config={'Binds': ['data:/d']}))
        self.mounts.resume([container])
        self.assertFalse(self.kernel.unmount.called)
        self.mounts.release(container.id)
        self.assertTrue(self.kernel.unmount.called)
        self.kernel.unmount.side_effect = OSError(errno.EBUSY, 'busy')
        self.mounts.resume([])

    def test_a_limited_one(self):
        with mock.patch.object(volumemounts, 'diskimage') as disks:
            with mock.patch(
                    'novacontainer.runtime.service.volumes.diskimage'):
                self.world.volumes.make_files = mock.Mock()
                volume = self.create(size='1g')
            self.mounts.clone(volume, '', 'c1')
            disks.detached.assert_called_once_with(
                self.world.volumes.disk('data'))
            with self.mounts.opened(volume):
                self.assertTrue(disks.mounted.called)
