import os
import pathlib
import stat
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime.store import volumefiles


class VolumeFilesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name, 'volumes')
        self.files = volumefiles.VolumeFiles(self.root)

    def mode(self, path):
        return stat.S_IMODE(path.stat().st_mode)

    def test_make_and_remove(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.files.make('data')
        path = self.files.path('data')
        self.assertEqual(self.root / 'data/_data', path)
        self.assertEqual(0o755, self.mode(path))
        # There may be set-user-id files in it.
        self.assertEqual((0o700, 0o700), (
            self.mode(self.root), self.mode(self.root / 'data')))
        (path / 'file').write_text('x')
        self.assertEqual(['data'], list(self.files.names()))
        self.files.remove('data')
        self.files.remove('data')
        self.assertEqual([], os.listdir(self.root))

    def test_what_has_no_record_is_replaced(self):
        self.files.make('data')
        (self.files.path('data') / 'old').write_text('x')
        self.files.make('data')
        self.assertEqual([], os.listdir(self.files.path('data')))

    def test_fill(self):
        self.files.make('data')
        self.files.make('other')
        self.files.begin('data')
        self.assertEqual(['data'], self.files.half_filled())
        self.files.finish('data')
        self.files.finish('data')
        self.assertEqual([], self.files.half_filled())
        self.assertEqual(['_data'], os.listdir(self.root / 'data'))

    def test_empty(self):
        self.files.make('data')
        path = self.files.path('data')
        (path / 'folder').mkdir()
        (path / 'folder/file').write_text('x')
        (path / 'link').symlink_to('/etc')
        volumefiles.empty(path)
        self.assertEqual([], os.listdir(path))

    def test_disk(self):
        self.assertEqual(self.root / 'data/disk.img',
                         self.files.disk('data'))

    def test_a_tmpfs_that_a_crash_left_is_unmounted(self):
        self.files.make('data')
        with (mock.patch.object(os.path, 'ismount', return_value=True),
              mock.patch.object(volumefiles.mounts,
                                'unmount') as unmount):
            self.files.remove('data')
        self.assertEqual(str(self.files.path('data')),
                         unmount.call_args.args[0])

    def test_sweep(self):
        self.files.make('data')
        (self.root / '.gone-1').mkdir()
        (self.root / '.gone-1/file').write_text('x')
        self.assertEqual(['data'], list(self.files.names()))
        self.files.sweep()
        self.assertEqual(['data'], os.listdir(self.root))
        self.assertEqual(['_data'], os.listdir(self.root / 'data'))
