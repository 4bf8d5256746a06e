import contextlib
import datetime
import errno
import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import limits
from novacontainer.runtime import models
from novacontainer.runtime.service import copyup
from tests.unit.runtime.service import world


class Volumes:
    """Volumes that are directories."""

    def __init__(self, root):
        self.root = root
        self.filled = []

    def get(self, name):
        return models.Volume(name, datetime.datetime.now(datetime.UTC))

    @contextlib.contextmanager
    def filling(self, volume, data):
        self.filled.append(volume.name)
        yield

    @contextlib.contextmanager
    def opened(self, volume):
        yield self.root / volume.name

    def clone(self, volume, subpath, holder):
        return os.open(self.root / volume.name, os.O_PATH)


class CopyUpTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.chown = self.useFixture(fixtures.MockPatch('os.chown')).mock
        self.storage = world.Storage(self.root / 'storage')
        self.storage.prepare('c1', [], None, 0)
        self.image = self.storage.mount('c1', (), None)
        self.volumes = Volumes(self.root)
        for name in ('one', 'two'):
            (self.root / name).mkdir()
        self.unpack = mock.Mock()
        self.unpack.pack.return_value.read.side_effect = [b'tar', b'']
        self.copyup = copyup.CopyUp(
            storage=self.storage, service=self.volumes,
            opener=self.volumes, limits=limits.Limits(),
            unpack=self.unpack, layer_paths=lambda _: ())

    def run_for(self, *points):
        self.storage.unmount('c1')
        container = models.Container(
            id='c1', name='web', image_id='', image_name='', config={},
            host_config={}, id_map=None, mounts=points,
            created=datetime.datetime.now(datetime.UTC))
        self.copyup.run(container, {})
        self.assertEqual([], list(self.storage.mounted()))

    def point(self, target='/data', name='one', **more):
        return models.MountPoint(
            'volume', target, name, **{'copies': True, **more})

    def test_files_and_owner(self):
        (self.image / 'data').mkdir(mode=0o751)
        (self.image / 'data').chmod(0o751)
        (self.image / 'data/file').touch()
        self.run_for(self.point())
        self.assertEqual(['one'], self.volumes.filled)
        extraction = self.unpack.extract.return_value
        extraction.write.assert_called_once_with(b'tar')
        self.assertTrue(extraction.finish.called)
        self.assertTrue(self.unpack.pack.return_value.finish.called)
        self.assertEqual((self.root / 'one'), self.chown.call_args.args[0])
        self.assertEqual(0o751, (self.root / 'one').stat().st_mode & 0o777)

    def test_an_empty_directory_costs_no_processes(self):
        (self.image / 'data').mkdir()
        self.run_for(self.point())
        self.assertEqual(['one'], self.volumes.filled)
        self.assertFalse(self.unpack.pack.called)

    def test_a_link_is_followed_within_the_image(self):
        (self.image / 'data').mkdir()
        (self.image / 'way').symlink_to('/data')
        self.run_for(self.point('/way'))
        self.assertEqual(['one'], self.volumes.filled)
        (self.image / 'loop').symlink_to('/loop')
        self.assertRaises(exception.InvalidRequest, self.run_for,
                          self.point('/loop', 'two'))

    def test_what_is_left_alone(self):
        (self.image / 'data').mkdir()
        (self.root / 'two/file').touch()
        self.run_for(
            self.point('/none'), self.point(copies=False),
            self.point(name='two'),
            models.MountPoint('bind', '/data', '/srv'))
        self.assertEqual([], self.volumes.filled)

    def test_a_file_in_its_place(self):
        (self.image / 'data').touch()
        error = self.assertRaises(
            exception.InvalidRequest, self.run_for, self.point())
        self.assertIn('file exists /data', error.message)

    def test_failures(self):
        (self.image / 'data').mkdir()
        (self.image / 'data/file').touch()
        extraction = self.unpack.extract.return_value
        extraction.write.return_value = False
        extraction.finish.side_effect = exception.Unavailable('full')
        self.assertRaises(exception.Unavailable, self.run_for, self.point())
        self.assertTrue(extraction.close.called)
        self.assertTrue(self.unpack.pack.return_value.close.called)
        self.chown.side_effect = OSError(errno.ENOSPC, 'full')
        extraction.finish.side_effect = None
        self.assertRaises(exception.Unavailable, self.run_for, self.point())
