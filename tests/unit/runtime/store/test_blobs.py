import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.store import blobs
from tests import archives


class TestBlobs(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'blobs'
        self.blobs = blobs.Blobs(self.root)

    def test_a_blob_has_the_name_of_its_content(self):
        writer = self.blobs.writer()
        writer.write(b'hel')
        writer.write(b'lo')
        self.assertEqual([], list(self.blobs.stored()))
        self.assertEqual(b'hello', writer.path.read_bytes())
        writer.publish()
        self.blobs.sync()
        digest = archives.digest(b'hello')
        self.assertEqual([digest], list(self.blobs.stored()))
        self.assertEqual(b'hello', self.blobs.path(digest).read_bytes())
        self.assertEqual(5, writer.size_bytes)

    def test_only_root_enters(self):
        self.assertEqual(0o700, self.root.stat().st_mode & 0o777)

    def test_remove(self):
        writer = self.blobs.writer()
        writer.publish()
        for _ in range(2):
            self.blobs.remove(writer.digest)
        self.assertEqual([], list(self.blobs.stored()))

    def test_detach(self):
        writer = self.blobs.writer()
        writer.write(b'bytes')
        writer.publish()
        for _ in range(2):
            aside = self.blobs.detach(writer.digest)
            self.assertEqual(b'bytes', aside.read_bytes())
            self.assertEqual([], list(self.blobs.stored()))
        self.blobs.remove_temporary()
        self.assertFalse(aside.exists())

    def test_leftovers(self):
        left = self.blobs.writer()
        self.blobs.remove_temporary()
        self.assertFalse(left.path.exists())
        left.discard()
