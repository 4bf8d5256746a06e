"""What ``devstack/image.py`` leaves where the plugin looks for it."""

import importlib.util
import pathlib
import tarfile

import fixtures
from oslotest import base
import zstandard

from demo import errors
from tests.unit.devstack import scratch


class ImageTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        spec = importlib.util.spec_from_file_location(
            'image', scratch.PLUGIN / 'image.py')
        self.image = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.image)
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def build_with(self, build):
        self.useFixture(fixtures.MonkeyPatch(
            'tests.tempest.guestimage.build', build))
        return self.image.main(['ssh', str(self.path)])

    def left(self):
        return [path.name for path in self.path.iterdir() if path.is_file()]

    def test_no_tar_file_is_left_for_tempest(self):
        def build(_, archive):
            with tarfile.open(archive, 'w') as tar:
                tar.add(scratch.PLUGIN / 'settings', 'settings')
        self.assertEqual(0, self.build_with(build))
        self.assertEqual(['ssh.tar.zst'], self.left())
        path = self.path / 'ssh.tar.zst'
        self.assertFalse(tarfile.is_tarfile(path))
        with path.open('rb') as file, \
                zstandard.ZstdDecompressor().stream_reader(file) as whole, \
                tarfile.open(fileobj=whole, mode='r|') as tar:
            self.assertEqual(['settings'], tar.getnames())

    def test_what_is_there_stays(self):
        (self.path / 'ssh.tar.zst').touch()
        self.assertEqual(0, self.build_with(None))

    def test_packages_that_cannot_be_fetched(self):
        def build(*_):
            raise errors.DemoError('no network')
        self.assertEqual(1, self.build_with(build))
        self.assertEqual([], self.left())
