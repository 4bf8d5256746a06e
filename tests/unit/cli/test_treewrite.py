import io
import os
import pathlib
import socket
import tarfile
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.cli import treewrite


class TreeTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.top = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'top'
        (self.top / 'sub').mkdir(parents=True)
        (self.top / 'file').write_bytes(b'x' * 513)
        (self.top / 'file').chmod(0o640)
        os.utime(self.top / 'file', (5, 5.5))

    def tar(self, path=None, name='n', **kwargs):
        data = b''.join(treewrite.Tree(path or self.top, name, **kwargs))
        self.assertEqual(0, len(data) % 512)
        return tarfile.open(fileobj=io.BytesIO(data))

    def test_directory(self):
        archive = self.tar()
        self.assertEqual(['n', 'n/file', 'n/sub'], archive.getnames())
        member = archive.getmember('n/file')
        self.assertEqual((0o640, 5.5, 0, 0, ''), (
            member.mode, member.mtime, member.uid, member.gid, member.uname))
        self.assertEqual(b'x' * 513, archive.extractfile(member).read())

    def test_contents_only(self):
        self.assertEqual(['file', 'sub'], self.tar(name='').getnames())

    def test_one_file(self):
        self.assertEqual(['n'], self.tar(self.top / 'file').getnames())

    def test_owners(self):
        archive = self.tar(owners=True)
        self.assertEqual(os.getuid(), archive.getmember('n/file').uid)

    def test_links(self):
        (self.top / 'l').symlink_to('../nowhere')
        os.link(self.top / 'file', self.top / 'hard')
        archive = self.tar()
        self.assertEqual('../nowhere', archive.getmember('n/l').linkname)
        hard = archive.getmember('n/hard')
        self.assertEqual((tarfile.LNKTYPE, 'n/file'),
                         (hard.type, hard.linkname))

    def test_a_link_at_the_top(self):
        link = self.top.parent / 'link'
        link.symlink_to('top')
        self.assertTrue(self.tar(link).getmember('n').issym())
        self.assertEqual(['n', 'n/file', 'n/sub'],
                         self.tar(link, follow=True).getnames())

    def test_other_kinds(self):
        os.mkfifo(self.top / 'pipe')
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.top / 'socket'))
        archive = self.tar()
        self.assertTrue(archive.getmember('n/pipe').isfifo())
        self.assertNotIn('n/socket', archive.getnames())

    def test_devices(self):
        member = self.tar(pathlib.Path('/dev/null')).getmember('n')
        self.assertEqual((True, 1, 3), (
            member.ischr(), member.devmajor, member.devminor))

    def test_names(self):
        long = 'ä' * 100
        (self.top / long).touch()
        (self.top / os.fsdecode(b'\xff')).touch()
        names = self.tar().getnames()
        self.assertIn(f'n/{long}', names)
        self.assertIn(os.fsdecode(b'n/\xff'), names)

    def test_a_file_that_gets_shorter(self):
        real = os.fstat

        def fstat(handle):
            return mock.Mock(st_size=real(handle).st_size + 1)

        with mock.patch('os.fstat', fstat):
            error = self.assertRaises(OSError, self.tar)
        self.assertIn('became shorter', str(error))

    def test_what_is_missing(self):
        self.assertRaises(FileNotFoundError, self.tar, self.top / 'no')
