"""What needs no root; the rest is in the contract of storage."""

import os
import pathlib
import shutil

import fixtures
from oslotest import base

from novacontainer.runtime.storage import tree_changes

MODIFIED, ADDED, DELETED = 0, 1, 2
#: After every time that a file can have.
NEVER = 1 << 62


class ChangesTest(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.layers = [self.top / 'high', self.top / 'low']
        for layer in self.layers:
            layer.mkdir()
        (self.layers[1] / 'dir').mkdir()
        (self.layers[1] / 'dir/low').write_text('x')
        (self.layers[0] / 'file').write_text('x')
        self.tree = self.top / 'tree'
        for layer in reversed(self.layers):
            shutil.copytree(layer, self.tree, dirs_exist_ok=True,
                            symlinks=True)

    def changes(self, made_ns=NEVER, shifted=0):
        return {(change.path, int(change.kind)) for change in
                tree_changes.changes(
                    self.tree, self.layers,
                    tree_changes.Copy(made_ns, shifted))}

    def test_nothing(self):
        self.assertEqual(set(), self.changes())

    def test_by_what_shows(self):
        (self.tree / 'file').write_text('longer')
        (self.tree / 'dir/low').unlink()
        (self.tree / 'new').touch()
        self.assertEqual({('/file', MODIFIED), ('/dir', MODIFIED),
                          ('/dir/low', DELETED), ('/new', ADDED)},
                         self.changes())

    def test_by_the_time_that_nobody_can_set(self):
        self.assertEqual({('/file', MODIFIED), ('/dir/low', MODIFIED)},
                         self.changes(made_ns=0))

    def test_owners_are_compared_as_the_image_has_them(self):
        self.assertEqual(
            {('/file', MODIFIED), ('/dir', MODIFIED),
             ('/dir/low', MODIFIED)}, self.changes(shifted=1))

    def test_a_directory_that_was_renamed(self):
        """Everything in it is taken for new: nothing tells what it was."""
        made_ns = (self.tree / 'dir/low').stat().st_ctime_ns + 1
        while (self.tree / 'dir').stat().st_ctime_ns < made_ns:
            (self.tree / 'dir').rename(self.tree / 'other')
            (self.tree / 'other').rename(self.tree / 'dir')
        self.assertEqual({('/dir/low', MODIFIED)}, {
            change for change in self.changes(made_ns)
            if change[0].startswith('/dir')})

    def test_a_snapshot(self):
        def told():
            return {(change.path, int(change.kind)) for change in
                    tree_changes.changes(self.tree, [self.top / 'base'],
                                         tree_changes.Snapshot())}

        # Links stand for what a snapshot shares with its origin.
        (self.top / 'base').mkdir()
        os.link(self.tree / 'file', self.top / 'base/file')
        shutil.copy2(self.tree / 'dir/low', self.top / 'base/low')
        shutil.copy2(self.tree / 'dir/low', self.tree / 'low')
        shutil.rmtree(self.tree / 'dir')
        self.assertEqual({('/low', MODIFIED)}, told())

    def test_a_link_is_not_followed(self):
        shutil.rmtree(self.tree / 'dir')
        (self.tree / 'dir').symlink_to('/etc')
        self.assertEqual({('/dir', MODIFIED)}, self.changes())
