import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.store import layers

DIFF_ID = 'sha256:' + 'a' * 64


class TestLayers(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'layers'
        self.layers = layers.Layers(self.root)

    def publish(self, text):
        tree = self.layers.temporary()
        (tree / 'file').write_text(text)
        self.layers.publish(tree, DIFF_ID)

    def test_publish(self):
        self.publish('x')
        self.layers.sync()
        self.assertEqual([DIFF_ID], list(self.layers.stored()))
        path = self.layers.path(DIFF_ID)
        self.assertEqual('x', (path / 'file').read_text())
        self.assertEqual(0o755, path.stat().st_mode & 0o777)

    def test_set_user_id_files_are_out_of_reach(self):
        self.assertEqual(0o700, self.root.stat().st_mode & 0o777)

    def test_publish_again(self):
        self.publish('x')
        self.publish('y')
        self.assertEqual('y',
                         (self.layers.path(DIFF_ID) / 'file').read_text())
        self.assertEqual(1, len(list(self.root.iterdir())))

    def test_detach(self):
        self.publish('x')
        aside = self.layers.detach(DIFF_ID)
        self.assertEqual([], list(self.layers.stored()))
        self.layers.discard(aside)
        self.layers.discard(aside)
        self.layers.discard(self.layers.detach(DIFF_ID))
        self.assertEqual([], list(self.root.iterdir()))

    def test_leftovers(self):
        (self.layers.temporary() / 'file').write_text('x')
        self.publish('x')
        self.layers.remove_temporary()
        self.assertEqual(1, len(list(self.root.iterdir())))
