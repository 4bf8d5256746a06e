import os
import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.storage import overlay_changes

ADDED, MODIFIED = 1, 0


class ChangesTest(base.BaseTestCase):
    """What needs no root; the rest is in the contract of storage."""

    def setUp(self):
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.layers = [self.directory('low'), self.directory('high')]
        self.upper = self.directory('upper')

    def directory(self, name):
        path = self.top / name
        path.mkdir(parents=True)
        return path

    def changes(self):
        return {change.path: change.kind for change in
                overlay_changes.changes(self.upper, self.layers)}

    def test_nothing(self):
        self.assertEqual({}, self.changes())

    def test_a_directory_that_was_copied_up_for_a_file(self):
        for place in (self.layers[0], self.upper):
            (place / 'dir').mkdir()
            os.utime(place / 'dir', (1, 1))
        (self.upper / 'dir/file').write_text('x')
        os.utime(self.upper / 'dir', (1, 1))
        self.assertEqual({'/dir/file': ADDED}, self.changes())
        (self.upper / 'dir').chmod(0o700)
        self.assertEqual({'/dir': MODIFIED, '/dir/file': ADDED},
                         self.changes())

    def test_a_file_in_either_layer(self):
        for number, layer in enumerate(self.layers):
            (layer / f'file{number}').write_text('x')
            (self.upper / f'file{number}').write_text('y')
        self.assertEqual({'/file0': MODIFIED, '/file1': MODIFIED},
                         self.changes())

    def test_a_link_in_a_layer_is_not_followed(self):
        (self.layers[1] / 'out').symlink_to(self.top)
        (self.upper / 'out').mkdir()
        (self.upper / 'out/low').mkdir()
        self.assertEqual({'/out': MODIFIED, '/out/low': ADDED},
                         self.changes())

    def test_a_link_in_the_container_is_not_followed(self):
        (self.upper / 'link').symlink_to('/etc')
        self.assertEqual({'/link': ADDED}, self.changes())

    def test_deep(self):
        place = os.open(self.upper, os.O_RDONLY)
        for _ in range(1500):
            os.mkdir('d', dir_fd=place)
            inner = os.open('d', os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = inner
        os.close(place)
        self.addCleanup(self._clean)
        self.assertEqual(1500, len(self.changes()))

    def _clean(self):
        for _ in range(1500):
            (self.upper / 'd').rename(self.top / 'next')
            if not (self.top / 'next/d').exists():
                break
            (self.top / 'next/d').rename(self.upper / 'd')
            (self.top / 'next').rmdir()
