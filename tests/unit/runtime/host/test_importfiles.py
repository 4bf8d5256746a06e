import errno
import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import importfiles
from novacontainer.runtime.host import inroot


class ImportFilesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.directory = top / 'images'
        (self.directory / 'sub').mkdir(parents=True)
        (self.directory / 'one').write_bytes(b'data')
        (self.directory / 'sub/two').write_bytes(b'more')
        (top / 'secret').write_bytes(b'secret')
        (top / 'images2').mkdir()
        (top / 'images2/three').write_bytes(b'other')
        self.top = top

    def open(self, path, *others):
        return importfiles.opened(
            str(path), (*others, self.directory))

    def refused(self, path, kind=exception.Forbidden):
        before = os.listdir('/proc/self/fd')
        fault = self.assertRaises(kind, self.open, path)
        self.assertEqual(before, os.listdir('/proc/self/fd'))
        return fault

    def test_inside(self):
        for name, data in (('one', b'data'), ('sub/two', b'more')):
            with self.open(self.directory / name,
                           self.top / 'elsewhere') as file:
                self.assertEqual(data, file.read())

    def test_outside(self):
        for path in (self.top / 'secret', self.top / 'images2/three',
                     self.directory, f'{self.directory}/../secret',
                     f'{self.directory}/sub/../one',
                     f'{self.directory}//one', f'{self.directory}/./one',
                     'one', '', '/etc/passwd'):
            fault = self.refused(path)
            self.assertIn('import_directories', fault.message)
        self.assertRaises(exception.Forbidden, importfiles.opened,
                          str(self.directory / 'one'), ())

    def test_links(self):
        (self.directory / 'link').symlink_to(self.top / 'secret')
        (self.directory / 'near').symlink_to('one')
        (self.directory / 'up').symlink_to('..')
        for name in ('link', 'near', 'up/secret'):
            self.assertIn(
                'link', self.refused(self.directory / name).message)

    def test_what_is_no_file(self):
        os.mkfifo(self.directory / 'fifo')
        for name in ('fifo', 'sub'):
            self.assertIn('not a regular file',
                          self.refused(self.directory / name).message)

    def test_missing(self):
        for name in ('none', 'one/none'):
            self.refused(self.directory / name, exception.NotFound)
        self.assertRaises(
            exception.NotFound, importfiles.opened,
            f'{self.top}/elsewhere/one', (self.top / 'elsewhere',))

    def test_a_file_system_that_fails(self):
        with mock.patch.object(inroot, 'open_path', side_effect=OSError(
                errno.ESTALE, os.strerror(errno.ESTALE))):
            fault = self.refused(self.directory / 'one', exception.Internal)
        self.assertIn('Stale', fault.message)
