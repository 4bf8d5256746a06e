import io
import os
import pathlib
import stat
import tarfile

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.unpack import apply
from tests import archives

OWN = {'uid': os.getuid(), 'gid': os.getgid()}


def member(name, type_=tarfile.REGTYPE, **fields):
    return archives.member(name, type_, **{**OWN, **fields})


class TestApplier(base.BaseTestCase):
    """What needs no privilege; see test_unpack in tests/integration."""

    def setUp(self):
        super().setUp()
        self.tree = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        here = os.open('.', os.O_RDONLY)
        self.addCleanup(os.close, here)
        self.addCleanup(os.fchdir, here)
        self.addCleanup(os.umask, os.umask(0))
        os.chdir(self.tree)

    def apply(self, *members, max_bytes=1 << 20, max_entries=100):
        data = archives.tar([
            item if isinstance(item, tuple) else (item, b'')
            for item in members])
        stream = chunks.ChunkStream(io.BytesIO(data).read)
        applier = apply.Applier(stream, max_bytes, max_entries)
        applier.run(need_end=True)
        return applier

    def assert_refused(self, *members, code='image.malformed', **bounds):
        error = self.assertRaises(exception.InvalidRequest, self.apply,
                                  *members, **bounds)
        self.assertEqual(code, error.code)
        return error.message

    def test_files_keep_what_they_have(self):
        applier = self.apply(
            member('d/', tarfile.DIRTYPE, mode=0o1777),
            (member('d/f', mode=0o4751), b'hello'),
            member('d/l', tarfile.SYMTYPE, link='/etc/passwd'),
            member('d/h', tarfile.LNKTYPE, link='d/f'),
            member('p', tarfile.FIFOTYPE, mode=0o620))
        self.assertEqual((5, 5), (applier.size_bytes, applier.entries))
        status = os.stat('d/f')
        self.assertEqual((0o4751, archives.MTIME, 2),
                         (stat.S_IMODE(status.st_mode),
                          int(status.st_mtime), status.st_nlink))
        self.assertEqual('/etc/passwd', os.readlink('d/l'))
        self.assertEqual(archives.MTIME, int(os.lstat('d/l').st_mtime))
        self.assertEqual(0o1777, stat.S_IMODE(os.stat('d').st_mode))
        self.assertEqual(archives.MTIME, int(os.stat('d').st_mtime))
        self.assertTrue(stat.S_ISFIFO(os.stat('p').st_mode))

    def test_the_root_itself(self):
        self.apply(member('./', tarfile.DIRTYPE, mode=0o711))
        self.assertEqual(0o711, stat.S_IMODE(os.stat('.').st_mode))
        self.assert_refused(member('.'))
        self.assert_refused(member('/', tarfile.SYMTYPE, link='x'))

    def test_last_one_wins(self):
        self.apply((member('a'), b'1'), (member('a'), b'2'),
                   (member('b/c'), b'1'),
                   member('b', tarfile.SYMTYPE, link='/'),
                   member('p', tarfile.FIFOTYPE), (member('p'), b'file'))
        self.assertEqual('2', pathlib.Path('a').read_text())
        self.assertTrue(os.path.islink('b'))
        self.assertEqual('file', pathlib.Path('p').read_text())

    def test_a_directory_replaces_a_link(self):
        target = self.useFixture(fixtures.TempDir()).path
        self.apply(member('d', tarfile.SYMTYPE, link=target),
                   member('d', tarfile.DIRTYPE), (member('d/f'), b'x'))
        self.assertEqual([], os.listdir(target))
        self.assertEqual(['f'], os.listdir('d'))

    def test_out_of_the_layer(self):
        for name in ('../x', 'a/../../x', 'a/..', '..', '/../x', './../x'):
            self.assertIn('leads out', self.assert_refused(member(name)))
        self.assert_refused(member('a', tarfile.LNKTYPE, link='../x'))
        self.apply((member('/abs//./file'), b'x'))
        self.assertTrue(os.path.exists('abs/file'))

    def test_hard_links(self):
        self.assert_refused(member('a', tarfile.LNKTYPE, link='missing'))
        self.assert_refused(member('d', tarfile.DIRTYPE),
                            member('a', tarfile.LNKTYPE, link='d'))
        self.assert_refused(member('a', tarfile.LNKTYPE, link='/'))
        self.apply((member('f'), b'x'),
                   member('f', tarfile.LNKTYPE, link='./f'))
        self.assertTrue(os.path.exists('f'))

    def test_names_that_the_file_system_refuses(self):
        self.assertIn('name too long', self.assert_refused(
            member('n' * 256)).lower())
        self.assert_refused((member('f'), b'x'), member('f/below'))
        self.assert_refused(member('l', tarfile.SYMTYPE, link='l'),
                            member('l/below'))
        self.assert_refused(member('e', tarfile.SYMTYPE, link=''))

    def test_unknown_type(self):
        info = member('x')
        info.type = b'Z'
        self.assertIn('unknown type', self.assert_refused(info))

    def test_device_nodes_are_left_out(self):
        applier = self.apply(member('null', tarfile.CHRTYPE),
                             member('sda', tarfile.BLKTYPE))
        self.assertEqual(2, applier.skipped)
        self.assertEqual([], os.listdir('.'))

    def test_ids_that_no_container_has(self):
        for fields in ({'uid': 65536}, {'gid': 1_000_000}):
            self.assertIn('ids above', self.assert_refused(
                member('x', **fields), code='image.unsupported'))

    def test_bounds(self):
        self.assert_refused((member('a'), b'12345'), (member('b'), b'6'),
                            max_bytes=5, code='image.too_large')
        self.assert_refused(member('a'), member('b'), max_entries=1,
                            code='image.too_large')

    def test_whiteouts(self):
        applier = self.apply(
            member('d/.wh.gone'), member('.wh..wh.plnk'),
            member('o/.wh..wh..opq'), (member('o/new'), b''))
        status = os.lstat('d/gone')
        self.assertTrue(stat.S_ISCHR(status.st_mode))
        self.assertEqual(0, status.st_rdev)
        self.assertEqual({b'o/'}, applier._opaque)
        self.assertEqual(['new'], os.listdir('o'))

    def test_whiteouts_hide_lower_layers_only(self):
        applier = self.apply(
            (member('before'), b'x'), member('.wh.before'),
            member('.wh.after'), (member('after'), b'x'),
            member('dir/', tarfile.DIRTYPE), member('.wh.dir'),
            member('.wh.other'), member('other/', tarfile.DIRTYPE),
            member('.wh.deep'), member('deep/er'))
        for name in ('before', 'after', 'deep/er'):
            self.assertTrue(os.path.isfile(name), name)
        self.assertEqual({b'dir', b'other', b'deep'},
                         {path for path in applier._opaque
                          if os.path.isdir(path)})

    def test_bad_whiteouts(self):
        for name in ('.wh.', '.wh..', '.wh...', 'd/.wh.'):
            self.assert_refused(member(name))

    def test_attributes(self):
        names = {'SCHILY.xattr.user.kept': 'v',
                 'SCHILY.xattr.user.overlay.opaque': 'y',
                 'SCHILY.xattr.trusted.overlay.opaque': 'y',
                 'SCHILY.xattr.trusted.overlay.redirect': '/etc',
                 'SCHILY.xattr.security.selinux': 'x',
                 'SCHILY.xattr.system.posix_acl_access': 'x'}
        self.apply(member('f', pax=names),
                   member('d/', tarfile.DIRTYPE, pax=names))
        for name in 'fd':
            self.assertEqual(['user.kept'], os.listxattr(name))

    def test_attributes_too_large(self):
        pax = {'SCHILY.xattr.user.a': 'v' * 70_000}
        self.assert_refused(member('f', pax=pax))

    def test_strange_times(self):
        info = member('f')
        info.mtime = 10 ** 11
        self.apply(info)

    def test_errors_of_the_disk(self):
        handle = self.useFixture(fixtures.MockPatch(
            'os.utime', side_effect=OSError(28, 'No space left'))).mock
        error = self.assertRaises(exception.Unavailable, self.apply,
                                  member('f'))
        self.assertIn('no space left', error.message)
        handle.side_effect = OSError(5, 'Input/output error')
        self.assertRaises(exception.Internal, self.apply, member('g'))
