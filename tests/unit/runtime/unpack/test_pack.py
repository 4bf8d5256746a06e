import io
import os
import pathlib
import tarfile
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.unpack import pack


class PackerTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.root)
        (self.root / 'a/b').mkdir(parents=True)
        (self.root / 'a/b/file').write_text('x')
        os.link(self.root / 'a/b/file', self.root / 'a/other')
        (self.root / 'a/.wh.kept').write_text('x')

    def packed(self, top, name):
        output = io.BytesIO()
        pack.Packer(output.write, top, name, 1 << 20, 100).run()
        output.seek(0)
        with tarfile.open(fileobj=output) as archive:
            return {member.name: member.linkname for member in archive}

    def test_renamed(self):
        self.assertEqual(
            {'n': '', 'n/.wh.kept': '', 'n/b': '', 'n/b/file': '',
             'n/other': 'n/b/file'}, self.packed(b'a', b'n'))
        self.assertEqual({'n': ''}, self.packed(b'a/b/file', b'n'))

    def test_without_itself(self):
        self.assertEqual({'b', 'b/file', 'other', '.wh.kept'},
                         set(self.packed(b'a', b'')))

    def test_the_root(self):
        self.assertEqual(
            {'a', 'a/b', 'a/b/file', 'a/other', 'a/.wh.kept'},
            set(self.packed(b'.', b'')))
        self.assertIn('./a/b', self.packed(b'.', b'.'))

    def test_what_is_mounted_below_is_left_out(self):
        mounted = os.lstat('a/b')
        real = os.fstat

        def fstat(handle):
            status = real(handle)
            if status.st_ino == mounted.st_ino:
                return mock.Mock(wraps=status, st_dev=mounted.st_dev + 1)
            return status

        with mock.patch('os.fstat', fstat):
            self.assertEqual({'a', 'a/b', 'a/other', 'a/.wh.kept'},
                             set(self.packed(b'a', b'a')))


class ResolveTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.root / 'dir').mkdir()
        (self.root / 'link').symlink_to('dir')

    def resolve(self, end):
        """Resolve a path below a root that is the whole host here."""
        found = pack.resolve(str(self.root)[1:] + end)
        return os.fsdecode(found).removeprefix(str(self.root)[1:])

    def test_a_link_is_meant_itself(self):
        self.assertEqual('/link', self.resolve('/link'))

    def test_a_slash_follows(self):
        for end in ('/link/', '/link/.', '/link/../dir/'):
            self.assertEqual('/dir', self.resolve(end))

    def test_the_root(self):
        for path in ('/', '.', '/.', ''):
            self.assertEqual(b'.', pack.resolve(path))

    def test_nothing(self):
        self.assertRaises(exception.NotFound, self.resolve, '/none')
