import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime.service import directories


class DirectoriesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.places = directories.Directories(
            self.root / 'data', self.root / 'run')

    def test_traversable(self):
        for name in ('data', 'data/containers', 'run', 'run/bundles'):
            self.assertEqual(
                0o711, (self.root / name).stat().st_mode & 0o777)

    def test_only_root_sees_a_bundle(self):
        path = self.places.make_bundle('a')
        self.assertEqual(0o700, path.stat().st_mode & 0o777)

    def test_a_wider_mode_is_kept(self):
        (self.root / 'data').chmod(0o755)
        directories.Directories(self.root / 'data', self.root / 'run')
        self.assertEqual(
            0o755, (self.root / 'data').stat().st_mode & 0o777)

    def test_traces(self):
        self.places.make_home('a')
        self.places.make_bundle('a')
        self.places.make_bundle('b')
        self.places.make_bundle('b')
        self.places.make_home('c')
        (self.root / 'data/containers/file').touch()
        self.assertEqual({'a', 'b', 'c'}, self.places.traces())

    def test_a_home_is_made_once(self):
        self.places.make_home('a')
        self.assertRaises(FileExistsError, self.places.make_home, 'a')

    def test_remove(self):
        self.places.make_home('a')
        self.places.log('a').write_text('x')
        self.places.make_bundle('a')
        for _ in range(2):
            self.places.remove_home('a')
            self.places.remove_bundle('a')
        self.assertEqual(set(), self.places.traces())
