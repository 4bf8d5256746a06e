import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.store import atomicfile


class TestAtomicFile(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.target = self.folder / 'target'

    def names(self):
        return [path.name for path in self.folder.iterdir()]

    def test_publish(self):
        made = atomicfile.AtomicFile(self.folder)
        made.write(b'ab')
        made.write(memoryview(b'cd'))
        self.assertFalse(self.target.exists())
        made.publish(self.target)
        made.discard()
        self.assertEqual(b'abcd', self.target.read_bytes())
        self.assertEqual(0o400, self.target.stat().st_mode & 0o777)
        self.assertEqual(['target'], self.names())

    def test_replaces(self):
        self.target.write_bytes(b'old')
        made = atomicfile.AtomicFile(self.folder)
        made.write(b'new')
        made.close()
        made.publish(self.target)
        self.assertEqual(b'new', self.target.read_bytes())

    def test_discard(self):
        made = atomicfile.AtomicFile(self.folder)
        self.assertTrue(self.names()[0].startswith(atomicfile.TEMPORARY))
        made.discard()
        made.discard()
        self.assertEqual([], self.names())
