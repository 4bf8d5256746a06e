import os
import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.host import trees


class TestRemove(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.tree = self.folder / 'tree'

    def test_missing(self):
        trees.remove(self.tree)

    def test_a_file(self):
        self.tree.write_text('x')
        trees.remove(self.tree)
        self.assertFalse(self.tree.exists())

    def test_links_are_not_followed(self):
        kept = self.folder / 'kept'
        kept.mkdir()
        (kept / 'file').write_text('x')
        self.tree.mkdir()
        (self.tree / 'link').symlink_to(kept)
        trees.remove(self.tree)
        self.assertEqual(['file'], os.listdir(kept))
        link = self.folder / 'link'
        link.symlink_to(kept)
        trees.remove(link)
        self.assertEqual(['kept'], os.listdir(self.folder))
        self.assertEqual(['file'], os.listdir(kept))

    def test_deeper_than_any_path(self):
        self.tree.mkdir()
        here = os.open('.', os.O_RDONLY)
        self.addCleanup(os.close, here)
        self.addCleanup(os.fchdir, here)
        os.chdir(self.tree)
        for _ in range(3000):
            os.mkdir('d')
            pathlib.Path('f').touch()
            pathlib.Path('.moved-0').touch()
            os.chdir('d')
        os.fchdir(here)
        trees.remove(self.tree)
        self.assertEqual([], os.listdir(self.folder))

    def test_wide_and_deep(self):
        for top in 'abc':
            path = self.tree
            for number in range(40):
                path = path / f'{top}{number}'
                path.mkdir(parents=True)
                (path / '.moved-0').mkdir()
                (path / 'e' / 'f').mkdir(parents=True)
        trees.remove(self.tree)
        self.assertEqual([], os.listdir(self.folder))

    def test_names_that_are_no_text(self):
        self.tree.mkdir()
        os.mkdir(os.fsencode(self.tree) + b'/\xff')
        trees.remove(self.tree)
        self.assertFalse(self.tree.exists())
