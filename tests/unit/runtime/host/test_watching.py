import pathlib
import shutil
import tempfile

from oslotest import base

from novacontainer.runtime.host import watching


class WatcherTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root, True)
        self.watcher = watching.Watcher()
        self.addCleanup(self.watcher.close)

    def test_new_names(self):
        number = self.watcher.add(self.root)
        for name in ('a', 'bee'):
            (self.root / 'x').touch()
            (self.root / 'x').rename(self.root / name)
        self.assertEqual([(number, 'a'), (number, 'bee')],
                         self.watcher.wait())

    def test_removed(self):
        number = self.watcher.add(self.root)
        self.root.rmdir()
        self.assertEqual([(number, '')], self.watcher.wait())

    def test_wake(self):
        self.watcher.wake()
        self.assertEqual([], self.watcher.wait())

    def test_missing(self):
        self.assertRaises(FileNotFoundError, self.watcher.add,
                          self.root / 'missing')
