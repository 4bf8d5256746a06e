import contextlib
import datetime
import errno
import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import staging

ID = 'c' * 64
IDS = models.IdMap(65536)


class Kernel:
    """Mounts as entries of ``calls``; a mount is an open descriptor."""

    MS_BIND, MS_PRIVATE, MS_SLAVE, MNT_DETACH = 1, 2, 3, 4
    MOUNT_ATTR_RDONLY, MOUNT_ATTR_NODEV = 1, 4

    def __init__(self):
        self.calls = []
        self.attached = []
        self.mapping = None

    def clone_tree(self, path, recursive=False):
        return os.open(path, os.O_PATH)

    def set_id_map(self, mount, userns, recursive):
        self.calls.append(('map', recursive))
        if self.mapping:
            raise OSError(self.mapping, 'no')

    def seclude(self, mount, propagation):
        self.calls.append(('seclude', propagation))

    def restrict(self, mount, attributes, recursive):
        self.calls.append(('restrict', attributes))

    def mount(self, source, target, flags):
        if source:
            self.attached.append(target)

    def attach(self, mount, target):
        self.attached.append(target)

    def unmount(self, target, flags):
        if target not in self.attached:
            raise OSError(errno.EINVAL, 'not mounted')
        self.attached = [one for one in self.attached
                         if not one.startswith(target)]


class Volumes:
    """Volumes that are directories; ``holders`` have them."""

    def __init__(self, root):
        self.root = root
        self.holders = []
        self.told = []

    def get(self, name):
        if not (self.root / name).exists():
            raise exception.NotFound(f'get {name}: no such volume')
        return models.Volume(name, datetime.datetime.now(datetime.UTC))

    def clone(self, volume, subpath, holder):
        self.holders.append(holder)
        return os.open(self.root / volume.name / subpath, os.O_PATH)

    def release(self, holder):
        self.holders = [one for one in self.holders if one != holder]

    def resume(self, running):
        self.running = list(running)

    def tell(self, *told):
        self.told.append(told)


class StagingTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.root / 'data').mkdir()
        (self.root / 'file').touch()
        self.kernel = Kernel()
        self.useFixture(fixtures.MockPatchObject(
            staging, 'mounts', self.kernel))
        self.useFixture(fixtures.MockPatchObject(
            staging.idmap, 'user_namespace',
            lambda *_: contextlib.nullcontext(99)))
        self.volumes = Volumes(self.root)
        sandbox = mock.Mock()
        self.staging = staging.Staging(
            self.root / 'run', self.volumes,
            bindpolicy.Policy((str(self.root / 'data'),)), sandbox)
        (self.root / 'run').mkdir()

    def container(self, *points, id_map=IDS):
        return models.Container(
            id=ID, name='web', image_id='', image_name='', config={},
            host_config={}, id_map=id_map, mounts=points,
            created=datetime.datetime.now(datetime.UTC))

    def staged(self, *points, **given):
        with self.staging.staged(self.container(*points, **given)) as found:
            self.seen = list(self.kernel.attached)
            return found

    def left(self):
        return list((self.root / 'run').glob('staging/*'))

    def test_a_volume(self):
        found, = self.staged(models.MountPoint('volume', '/d', 'data'))
        place = f'{self.root}/run/staging/{ID}'
        self.assertEqual(models.Mount(
            'bind', f'{place}/0', '/d',
            ('rbind', 'rprivate', 'rw', 'nodev')), found)
        self.assertEqual([place, f'{place}/0'], self.seen)
        self.assertEqual(
            [('map', True), ('seclude', 2), ('restrict', 4)],
            self.kernel.calls)
        # Held until the container ends; mounted here no longer.
        self.assertEqual([ID], self.volumes.holders)
        self.assertEqual(([], []), (self.kernel.attached, self.left()))
        self.staging.leave(ID)
        self.assertEqual([], self.volumes.holders)

    def test_without_a_user_namespace(self):
        found, = self.staged(
            models.MountPoint('volume', '/d', 'data', writable=False),
            id_map=None)
        self.assertIn('ro', found.options)
        self.assertEqual([('seclude', 2), ('restrict', 1)],
                         self.kernel.calls)

    def test_what_the_runtime_mounts_by_itself(self):
        found = self.staged(
            models.MountPoint('tmpfs', '/t', words=('size=1m',)),
            models.MountPoint('bind', '/b', str(self.root / 'file'),
                              False, propagation='rslave'))
        self.assertEqual((
            models.Mount('tmpfs', 'tmpfs', '/t', ('size=1m',)),
            models.Mount('bind', str(self.root / 'file'), '/b',
                         ('rbind', 'rslave', 'ro'))), found)
        self.assertEqual(([], []), (self.seen, self.kernel.calls))

    def test_binds_that_are_owned(self):
        found = self.staged(
            models.MountPoint('bind', '/f', str(self.root / 'file'),
                              propagation='slave', by_root=True),
            models.MountPoint('bind', '/d', str(self.root / 'data')))
        self.assertEqual([f'{self.root}/run/staging/{ID}/{number}'
                          for number in (0, 1)],
                         [one.source for one in found])
        self.assertEqual(
            [('map', True), ('seclude', 3), ('map', True), ('seclude', 2)],
            self.kernel.calls)
        self.assertEqual([], self.left())

    def test_what_cannot_be_mapped(self):
        self.kernel.mapping = errno.EINVAL
        self.staged(models.MountPoint('bind', '/d', str(self.root / 'data')))
        self.assertEqual([('map', True), ('map', False), ('seclude', 2)],
                         self.kernel.calls)
        volume = models.MountPoint('volume', '/d', 'data')
        self.assertRaises(exception.NotSupported, self.staged, volume)
        self.kernel.mapping = errno.EIO
        for point in (volume, models.MountPoint(
                'bind', '/d', str(self.root / 'data'))):
            self.assertRaises(exception.Internal, self.staged, point)
        self.assertEqual(([], []), (self.kernel.attached, self.left()))

    def test_what_is_not_there(self):
        for point in (
                models.MountPoint('volume', '/d', 'none'),
                models.MountPoint('bind', '/d', '/no/such', by_root=True),
                models.MountPoint('bind', '/d', '/no/such')):
            self.assertRaises(exception.InvalidRequest, self.staged, point)
        self.assertEqual([], self.left())

    def test_a_look_from_outside(self):
        points = (models.MountPoint('volume', '/d', 'data'),
                  models.MountPoint('tmpfs', '/t'),
                  models.MountPoint('bind', '/f', str(self.root / 'file')))
        with self.staging.cloned(self.container(*points)) as clones:
            self.assertEqual(
                [('/d', True), ('/f', False)],
                [(one.point.target, one.is_directory) for one in clones])
            self.assertNotIn(ID, self.volumes.holders)
            self.assertEqual(1, len(self.volumes.holders))
        self.assertEqual([], self.volumes.holders)
        for one in clones:
            self.assertRaises(OSError, os.fstat, one.mount)

    def test_what_a_crash_left(self):
        place = self.root / 'run/staging' / ID
        (place / '0').mkdir(parents=True)
        (place / '1').touch()
        self.kernel.attached = [str(place), str(place / '0')]
        self.staging.open([self.container()])
        self.assertEqual(([], []), (self.kernel.attached, self.left()))
        self.assertEqual([ID], [one.id for one in self.volumes.running])
        place.mkdir()
        self.kernel.unmount = mock.Mock(side_effect=OSError(5, 'I/O'))
        self.staging.open([])
        self.assertRaises(exception.Internal, self.staging.leave, ID)

    def test_telling(self):
        container = self.container(
            models.MountPoint('volume', '/d', 'data', writable=False),
            models.MountPoint('tmpfs', '/t'))
        self.staging.tell(container, 'mount')
        self.staging.tell(container, 'unmount')
        self.assertEqual([
            ('data', 'mount', {
                'container': ID, 'destination': '/d',
                'read/write': 'false', 'propagation': ''}),
            ('data', 'unmount', {'container': ID})], self.volumes.told)
