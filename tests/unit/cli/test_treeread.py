import io
import os
import pathlib
import stat
import tarfile
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import treeread
from tests import archives


class ExtractionTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def extract(self, *members, top='t', **kwargs):
        data = archives.tar(members)
        extraction = treeread.Extraction(self.base, top, **kwargs)
        extraction.run(io.BytesIO(data + bytes(512)))
        return extraction

    def refused(self, *members, **kwargs):
        error = self.assertRaises(
            failure.CommandFailed, self.extract, *members, **kwargs)
        self.assertEqual(
            [], list(self.base.rglob('*.part')))
        return error.message

    def link(self, name, target, kind=tarfile.SYMTYPE):
        member = archives.member(name, kind)
        member.linkname = target
        return member, b''

    def test_tree(self):
        directory = archives.member('a', tarfile.DIRTYPE, mode=0o500)
        directory.mtime = 7
        self.extract(
            (directory, b''),
            (archives.member('a/f', mode=0o640), b'data'),
            self.link('a/l', '/etc/passwd'),
            self.link('a/h', 'a/f', tarfile.LNKTYPE),
            (archives.member('a/p', tarfile.FIFOTYPE), b''))
        top = self.base / 't'
        self.assertEqual(['f', 'h', 'l', 'p'], sorted(os.listdir(top)))
        status = top.stat()
        self.assertEqual((0o500, 7),
                         (stat.S_IMODE(status.st_mode), status.st_mtime))
        self.assertEqual(b'data', (top / 'h').read_bytes())
        self.assertEqual(2, (top / 'f').stat().st_nlink)
        self.assertEqual('/etc/passwd', os.readlink(top / 'l'))
        self.assertTrue(stat.S_ISFIFO((top / 'p').stat().st_mode))

    def test_contents_only(self):
        self.extract((archives.member('./', tarfile.DIRTYPE), b''),
                     (archives.member('./f'), b'x'), top='')
        self.assertEqual(['f'], os.listdir(self.base))

    def test_again_over_what_is_there(self):
        members = ((archives.member('a', tarfile.DIRTYPE), b''),
                   (archives.member('a/f'), b'x'),
                   self.link('a/h', 'a/f', tarfile.LNKTYPE),
                   self.link('a/l', 'f'))
        for _ in range(2):
            self.extract(*members)
        self.assertEqual(['f', 'h', 'l'],
                         sorted(os.listdir(self.base / 't')))

    def test_a_link_is_replaced_and_not_followed(self):
        outside = self.base / 'outside'
        outside.write_text('kept')
        (self.base / 't').symlink_to('outside')
        self.extract((archives.member('f'), b'x'))
        self.assertEqual('kept', outside.read_text())
        self.assertEqual('x', (self.base / 't').read_text())

    def test_no_way_out(self):
        self.assertIn('broken', self.refused(
            (archives.member('a/../../f'), b'x')))
        self.assertIn('broken', self.refused((archives.member('../f'), b'x')))
        self.assertIn('in the way', self.refused(
            (archives.member('a', tarfile.DIRTYPE), b''),
            self.link('a/l', '/tmp'), (archives.member('a/l/f'), b'x')))
        self.assertIn('in the way', self.refused(
            (archives.member('a', tarfile.DIRTYPE), b''),
            self.link('a/l', '/etc'),
            self.link('a/h', 'a/l/passwd', tarfile.LNKTYPE)))

    def test_nobody_gets_more_rights(self):
        self.extract((archives.member('f', mode=0o6755), b'x'))
        self.assertEqual(
            0o755, stat.S_IMODE((self.base / 't').stat().st_mode))

    def test_owners(self):
        with mock.patch('os.chown') as chown:
            self.extract((archives.member('f', mode=0o4755), b'x'),
                         owners=True)
        self.assertEqual(1, chown.call_count)
        self.assertEqual(
            0o4755, stat.S_IMODE((self.base / 't').stat().st_mode))

    def test_devices_are_left_out(self):
        self.assertEqual(['null'], self.extract(
            (archives.member('null', tarfile.CHRTYPE), b'')).left_out)
        self.assertEqual([], os.listdir(self.base))

    def test_kinds_that_do_not_go_together(self):
        (self.base / 't').mkdir()
        self.assertIn('is a directory', self.refused(
            (archives.member('f'), b'x')))
        (self.base / 'file').touch()
        self.assertIn('no directory', self.refused(
            (archives.member('a', tarfile.DIRTYPE), b''), top='file'))
        self.assertIn('is none', self.refused(
            (archives.member('.'), b'x'), top=''))

    def test_a_broken_archive(self):
        extraction = treeread.Extraction(self.base, 't')
        for data in (b'x' * 512, archives.tar(
                [(archives.member('f'), b'x' * 5000)])[:1500]):
            self.assertRaises(failure.CommandFailed, extraction.run,
                              io.BytesIO(data))
        self.assertEqual([], os.listdir(self.base))

    def test_a_full_disk(self):
        with mock.patch('os.utime', side_effect=OSError(
                28, 'No space left on device', '/x')):
            self.assertIn('/x cannot be written: No space', self.refused(
                (archives.member('f'), b'x')))
        self.assertEqual([], os.listdir(self.base))
