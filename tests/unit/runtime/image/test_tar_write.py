import io
import tarfile

from oslotest import base

from novacontainer.runtime.image import tar_write


def read_back(data):
    with tarfile.open(fileobj=io.BytesIO(data + tar_write.END)) as archive:
        return archive.getmembers()


class TestHeader(base.BaseTestCase):

    def test_fields(self):
        member, = read_back(tar_write.header(
            b'a/b', mode=0o4755, uid=33, gid=65535, mtime_s=1_700_000_000))
        self.assertEqual(
            ('a/b', 0o4755, 33, 65535, 1_700_000_000, 0),
            (member.name, member.mode, member.uid, member.gid, member.mtime,
             member.size))

    def test_long_and_odd_names(self):
        name, link = 'd/' * 100 + 'ä', 'l' * 200
        member, = read_back(tar_write.header(
            name.encode(), tar_write.SYMLINK, link=link.encode()))
        self.assertEqual((name, link), (member.name, member.linkname))

    def test_xattrs_in_order(self):
        first = tar_write.header(b'x', xattrs={b'user.b': b'2',
                                               b'user.a': b'1'})
        self.assertEqual(first, tar_write.header(
            b'x', xattrs={b'user.a': b'1', b'user.b': b'2'}))
        member, = read_back(first)
        self.assertEqual('1', member.pax_headers['SCHILY.xattr.user.a'])

    def test_huge_size(self):
        size = 9 << 33
        data = tar_write.header(b'x', size=size)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            self.assertEqual(size, archive.next().size)

    def test_times_before_the_epoch(self):
        member, = read_back(tar_write.header(b'x', mtime_s=-5))
        self.assertEqual(0, member.mtime)

    def test_records_around_a_power_of_ten(self):
        for length in range(80, 110):
            member, = read_back(tar_write.header(
                b'x', xattrs={b'user.a': b'v' * length}))
            self.assertEqual('v' * length,
                             member.pax_headers['SCHILY.xattr.user.a'])

    def test_padding(self):
        self.assertEqual([0, 511, 0],
                         [len(tar_write.padding(size))
                          for size in (0, 1, 512)])
